# Sourced by the tests that need a server of their own: a monitor's, in a temporary folder that no other
# host or user can reach. Sets $work; what runs, and the folder, go when the script ends.
#
#   copy_tree PATH…               these paths of the tree into $work/tree, so that the tree stays clean
#   install_extension BINDIR      built from that copy; in the laboratory, whose product is this very tree, it is there
#   make_server BINDIR NAME       a cluster in $work/NAME
#   start_server BINDIR NAME      its log is $work/NAME.log
#   stop_server [MODE]            the one that runs
#   as_postgres COMMAND…          by the server's owner, and as its superuser
# shellcheck shell=bash

work=$(mktemp -d)
source_tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
running=

as_postgres() {
    (cd "$work" && setpriv --reuid=postgres --regid=postgres --init-groups \
        env HOME="$work" PGHOST="$work" PGUSER=postgres "$@")
}

stop_server() {
    as_postgres "${running% *}/pg_ctl" -D "$work/${running#* }" -m "${1:-fast}" -s -w stop
    running=
}

remove_all() {
    [ -z "$running" ] || stop_server immediate || true
    rm -rf "$work"
}
trap remove_all EXIT

copy_tree() {
    mkdir "$work/tree"
    (cd "$source_tree" && tar -c "$@") | tar -x -C "$work/tree" --no-same-owner
    chown -R postgres: "$work"
}

install_extension() {
    [ "$source_tree" != /usr/src/pgaf_upgrade ] || return 0
    as_postgres make -s -C "$work/tree" PG_CONFIG="$1/pg_config" clean
    as_postgres make -s -C "$work/tree" PG_CONFIG="$1/pg_config" -j"$(nproc)"
    make -s -C "$work/tree" PG_CONFIG="$1/pg_config" install
}

make_server() {
    as_postgres "$1/initdb" -D "$work/$2" -A trust -U postgres --no-sync >"$work/initdb.log"
    cat >>"$work/$2/postgresql.conf" <<CONF
shared_preload_libraries = 'pgautofailover'
pgautofailover.enable_health_checks = off
listen_addresses = ''
unix_socket_directories = '$work'
fsync = off
CONF
}

start_server() {
    running="$1 $2"
    as_postgres "$1/pg_ctl" -D "$work/$2" -l "$work/$2.log" -s -w start || { cat "$work/$2.log" >&2; exit 1; }
}
