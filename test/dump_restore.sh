#!/bin/bash
# Whether what the extension knows survives pg_dump and pg_restore, and the monitor's own pg_upgrade:
# test/dump_restore.sh 15 17
#
# Needs root, and both versions installed with their server headers and pg_auto_failover. Builds and
# installs the extension for both where that is not the laboratory's own, and works in clusters of its own. Before and after, every row of every
# table is compared; after it, the run goes on where it was.
set -euo pipefail

old=${1:?usage: $0 OLD-VERSION NEW-VERSION}
new=${2:?usage: $0 OLD-VERSION NEW-VERSION}
bindir() { echo "/usr/lib/postgresql/$1/bin"; }

# shellcheck source=private_server.sh
. "$(dirname "$0")/private_server.sh"
export PGOPTIONS="-c timezone=UTC"
fail() {
    echo "FAILED: $*" >&2
    exit 1
}

copy_tree Makefile extension test/dump_restore.sql
for version in "$old" "$new"; do
    install_extension "$(bindir "$version")"
    make_server "$(bindir "$version")" "$version"
done
start() { start_server "$(bindir "$1")" "$1"; }
psql() { as_postgres "$(bindir "$new")/psql" -Xq "$@"; }
sql() { psql -At -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }

# every row of every table and the sequences, as text
rows() {
    sql "$1" "SELECT format('SELECT %L || t::text FROM pgaf_upgrade.%I t ORDER BY 1;', relname || ' ', relname) FROM pg_class
               WHERE relnamespace = 'pgaf_upgrade'::regnamespace AND relkind = 'r' ORDER BY relname COLLATE \"C\"" >"$work/queries"
    psql -At -v ON_ERROR_STOP=1 -d "$1" -f "$work/queries"
    sql "$1" "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'pgaf_upgrade' ORDER BY 1"
}
compare() {
    rows "$1" >"$work/after"
    diff "$work/before" "$work/after" || fail "$2 changed the rows"
    echo "ok - $2 keeps $(wc -l <"$work/after") rows and sequences"
}

# the lease lives by the clock, so the helper comes back as after a restart
goes_on() {
    local token=00000000-0000-0000-0000-000000000001 before after
    before=$(sql "$1" "SELECT max(eventid) FROM pgaf_upgrade.event")
    [ "$(sql "$1" "SELECT state FROM pgaf_upgrade_status()")" = preparing ] || fail "$2: no run that goes on"
    [ "$(sql "$1" "SELECT count(*) FROM pgaf_upgrade_history()")" = 2 ] || fail "$2: no history"
    [ "$(sql "$1" "SET ROLE pg_monitor; SELECT count(*) FROM pgaf_upgrade.run, pgaf_upgrade_history()")" = 4 ] ||
        fail "$2: pg_monitor may not look"
    [ "$(sql "$1" "SELECT pgaf_upgrade_attach(1, '$token', '1.0', 'host1') ->> 'run'")" = 2 ] || fail "$2: no lease"
    [ "$(sql "$1" "SELECT step FROM pgaf_upgrade_next_step('$token')")" = check ] || fail "$2: another step is due"
    [ "$(sql "$1" "SELECT pgaf_upgrade_begin_step('$token', 'check')")" = 2 ] || fail "$2: not the second attempt"
    [ "$(sql "$1" "SELECT pgaf_upgrade_finish_step('$token', 'check')")" = preparing ] || fail "$2: the step is not done"
    [ "$(sql "$1" "SELECT pgaf_upgrade_record_maintenance('2', 'end', 'done')")" = 1 ] || fail "$2: no open window"
    [ "$(sql "$1" "SELECT pgaf_upgrade_rewrite_sysidentifier('default', 1, pgaf_upgrade.sysidentifier_text(after), 18446744073709551615)
                     FROM pgaf_upgrade.sysidentifier_change WHERE changeid = 1")" = 1 ] || fail "$2: the rewrite is not taken back"
    after=$(sql "$1" "SELECT min(eventid) FROM pgaf_upgrade.event WHERE eventid > $before")
    [ "$after" = $((before + 1)) ] || fail "$2: events are numbered anew"
    sql "$1" "CREATE ROLE meddler; GRANT USAGE ON SCHEMA pgaf_upgrade TO meddler; GRANT ALL ON pgaf_upgrade.event TO meddler"
    ! sql "$1" "SET ROLE meddler; DELETE FROM pgaf_upgrade.event" 2>"$work/refused" || fail "$2: events can be deleted"
    grep -q "events of pgaf_upgrade are never changed" "$work/refused" || fail "$2: $(cat "$work/refused")"
    sql "$1" "DROP OWNED BY meddler; DROP ROLE meddler"
    echo "ok - after $2 the run goes on"
}

start "$old"
sql postgres "CREATE DATABASE monitor"
psql -d monitor -f "$work/tree/test/dump_restore.sql" >"$work/data.log" || { cat "$work/data.log" >&2; exit 1; }
for table in $(sql monitor "SELECT relname FROM pg_class WHERE relnamespace = 'pgaf_upgrade'::regnamespace AND relkind = 'r'"); do
    [ "$(sql monitor "SELECT count(*) > 0 FROM pgaf_upgrade.$table")" = t ] || echo "note: no row in $table"
done
rows monitor >"$work/before"

# pg_auto_failover does not have its own tables dumped: a monitor that is restored has its nodes register
# again, so here they are copied
restore() {
    sql postgres "CREATE DATABASE restored"
    as_postgres "${running% *}/pg_restore" -d restored --exit-on-error "$work/dump"
    compare restored "$1"
    sql restored "TRUNCATE pgautofailover.node" && psql -d restored -c "COPY pgautofailover.node ($columns) FROM '$work/nodes'"
    goes_on restored "$1"
}
columns="nodeid, groupid, nodename, nodehost, nodeport, sysidentifier, goalstate, reportedstate"
sql monitor "COPY (SELECT $columns FROM pgautofailover.node) TO '$work/nodes'"
as_postgres "$(bindir "$old")/pg_dump" -Fc -f "$work/dump" monitor
restore "pg_dump and pg_restore on $old"
stop_server

start "$new"
restore "pg_dump on $old and pg_restore on $new"
stop_server
# a cluster that pg_upgrade takes must be empty
rm -rf "${work:?}/$new"
make_server "$(bindir "$new")" "$new"
as_postgres timeout 300 "$(bindir "$new")/pg_upgrade" -b "$(bindir "$old")" -B "$(bindir "$new")" -d "$work/$old" -D "$work/$new" \
    -O "-c shared_preload_libraries=pgautofailover -c max_worker_processes=0" \
    -o "-c shared_preload_libraries=pgautofailover -c max_worker_processes=0" -U postgres --link >"$work/pg_upgrade.log" 2>&1 ||
    { tail -30 "$work/pg_upgrade.log" >&2; fail "pg_upgrade"; }
start "$new"
compare monitor "pg_upgrade from $old to $new"
sql monitor "ALTER EXTENSION pgautofailover UPDATE" 2>/dev/null
compare monitor "the update of pg_auto_failover after it"
goes_on monitor "pg_upgrade from $old to $new"
