#!/bin/bash
# The extension's regression tests against one PostgreSQL: test/regress.sh 15
#
# Needs root, and that PostgreSQL with its server headers and pg_auto_failover installed. Builds and
# installs the extension, makes a cluster of its own that no other host or user can reach, runs
# `make installcheck` in it and removes it again. Works on a copy, so that the tree stays clean.
set -euo pipefail

version=${1:?usage: $0 VERSION-OF-POSTGRESQL}
source_tree=$(cd "$(dirname "$0")/.." && pwd)
for bindir in "/usr/lib/postgresql/$version/bin" "/usr/pgsql-$version/bin" "$(command -v pg_config | xargs -r dirname)"; do
    [ -x "$bindir/initdb" ] && break
done
pg_config=$bindir/pg_config
if ! "$pg_config" --version 2>/dev/null | grep -qE "^PostgreSQL $version([^0-9]|\$)"; then
    echo "no pg_config of PostgreSQL $version found" >&2
    exit 2
fi

work=$(mktemp -d)
server_runs=
cleanup() {
    [ -z "$server_runs" ] || as_postgres "$bindir/pg_ctl" -D "$work/data" -m immediate -s stop || true
    rm -rf "$work"
}
trap cleanup EXIT
as_postgres() { (cd "$work" && setpriv --reuid=postgres --regid=postgres --init-groups env HOME="$work" "$@"); }

mkdir "$work/tree"
(cd "$source_tree" && tar -c Makefile extension sql expected test/specs test/expected) | tar -x -C "$work/tree" --no-same-owner
chown -R postgres: "$work"

as_postgres make -s -C "$work/tree" PG_CONFIG="$pg_config" clean
as_postgres make -s -C "$work/tree" PG_CONFIG="$pg_config" -j"$(nproc)"
make -s -C "$work/tree" PG_CONFIG="$pg_config" install

as_postgres "$bindir/initdb" -D "$work/data" -A trust -U postgres --no-sync >"$work/initdb.log"
cat >>"$work/data/postgresql.conf" <<CONF
shared_preload_libraries = 'pgautofailover'
pgautofailover.enable_health_checks = off
listen_addresses = ''
unix_socket_directories = '$work'
fsync = off
CONF
as_postgres "$bindir/pg_ctl" -D "$work/data" -l "$work/server.log" -s -w start || { cat "$work/server.log" >&2; exit 1; }
server_runs=yes

if ! as_postgres env PGHOST="$work" PGUSER=postgres make -s -C "$work/tree" PG_CONFIG="$pg_config" installcheck; then
    cat "$work"/tree/regression.diffs "$work"/tree/output_iso/regression.diffs 2>/dev/null || true
    # for the one who writes a new test: what came out
    [ -z "${REGRESS_RESULTS:-}" ] || cp -r "$work"/tree/results "$work"/tree/output_iso "$REGRESS_RESULTS" || true
    grep -E "PANIC|FATAL|terminated by signal" "$work/server.log" || true
    exit 1
fi
