# The pg_auto_failover cluster on a laboratory's hosts: PostgreSQL 15 and pg_auto_failover 2.0, run by
# systemd units as VMware's guide has them.
# shellcheck shell=bash

bindir=/usr/lib/postgresql/15/bin

make_cluster() {
    local host jobs=() failed=
    [ "$ssl" = self-signed ] || make_certificates monitor "${data_nodes[@]}"
    # node1's PGDATA and the monitor do not depend on each other
    prepare_pgdata monitor
    make_monitor &
    jobs+=($!)
    for host in "${data_nodes[@]}"; do prepare_pgdata "$host"; done
    [ -z "$initdb" ] || logged node1 initdb "$bindir/initdb -D $pgdata -A trust $initdb"
    for host in "${jobs[@]}"; do wait "$host" || die "the cluster was not made"; done

    make_node node1
    jobs=()
    for host in "${data_nodes[@]:1}"; do
        make_node "$host" &
        jobs+=($!)
        # One after the other to here: a primary that finds two new nodes at once lets in only the first
        # of them, for good (diff_nodesArray in pg_autoctl 2.0). It also makes node_N the monitor's node N.
        wait_until 60 primary_lets_in "$host" || { show_state; die "node1 does not let $host in"; }
    done
    for host in "${jobs[@]}"; do wait "$host" || failed=yes; done
    [ -z "$failed" ] || die "the cluster was not made"
    [ -z "$number_sync_standbys" ] || set_number_sync_standbys
}

# start_cluster: of hosts on which it is stopped; the monitor's may have been started with its host
start_cluster() {
    local host jobs=()
    # a keeper that does not find its monitor gives up, for good at the fifth time
    wait_until 60 on_monitor "select 1" >/dev/null 2>&1 || die "the monitor does not answer"
    start_unit node1
    # a standby that does not find its primary tries again after five seconds
    wait_until 60 streaming_standbys >/dev/null 2>&1 || die "node1 does not answer"
    for host in "${data_nodes[@]:1}"; do
        start_unit "$host" &
        jobs+=($!)
    done
    for host in "${jobs[@]}"; do wait "$host" || die "the cluster was not started"; done
}

# begin_start, end_start: what is otherwise on the monitor while a cluster is made and started. A node that is not there
# yet is asked again at once, and not after seconds, and for longer before it is taken for dead. And a keeper's first
# report, that Postgres does not run, says that it does: from a primary, pg_auto_failover answers that by a failover, and
# from a standby by taking it out.
health_checks="health_check_period=500 health_check_retry_delay=200 health_check_max_retries=100"
begin_start() {
    on_monitor "create function public.lab_start() returns trigger language plpgsql
            as 'begin new.reportedpgisrunning := true; return new; end';
        create trigger lab_start before update on pgautofailover.node for each row execute function public.lab_start()" >/dev/null
}
hurry_health_checks() {
    local setting sql=
    for setting in $health_checks; do sql+="alter system set pgautofailover.${setting/=/ = };"; done
    on_monitor "$sql select pg_reload_conf();" >/dev/null
}
end_start() {
    local setting sql=
    for setting in $health_checks; do sql+="alter system reset pgautofailover.${setting%=*};"; done
    on_monitor "set client_min_messages = warning; drop function if exists public.lab_start() cascade;
        $sql select pg_reload_conf();" >/dev/null
}

# stop_cluster: so that it starts again as it was. The monitor first, which does not see the others go then, and the
# standbys last, which get all that the primary writes until its end.
stop_cluster() {
    local host jobs=()
    as_root monitor systemctl stop pgautofailover.service </dev/null
    # which `start_cluster` starts, when the monitor is there
    as_root node1 systemctl disable --now --quiet pgautofailover.service </dev/null
    for host in "${data_nodes[@]:1}"; do
        as_root "$host" systemctl disable --now --quiet pgautofailover.service </dev/null &
        jobs+=($!)
    done
    for host in "${jobs[@]}"; do wait "$host" || die "the cluster was not stopped"; done
}

# logged HOST WHAT 'SHELL TEXT': as postgres; what it says is shown only when it fails
logged() {
    local log=$lab_folder/hosts/$1/$2.log
    as_postgres "$1" "$3" >"$log" 2>&1 </dev/null || { cat "$log" >&2; die "$2 failed on $1"; }
}

prepare_pgdata() {
    local link=
    [ -z "$pgdata_link" ] || link="install -d -o postgres -g postgres -m 700 /srv/postgres /srv/postgres/15-main
        ln -s /srv/postgres/15-main '$pgdata'; chown -h postgres: '$pgdata'"
    # a PGDATA elsewhere needs a parent that postgres may write to, as the backup directory lies there
    as_root "$1" bash -euc "install -d -o postgres -g postgres '${pgdata%/*}'
        $link"
}

make_monitor() {
    logged monitor create "$bindir/pg_autoctl create monitor --pgdata $pgdata --pgport $port --pgctl $bindir/pg_ctl \
        --hostname monitor --auth trust $(ssl_options)"
    add_unit monitor
    start_unit monitor
    wait_until 60 monitor_answers || die "the monitor does not answer"
    hurry_health_checks
}

monitor_answers() { as_postgres node1 "$bindir/psql '$(monitor_uri)' -Atqc 'select 1'" >/dev/null 2>&1 </dev/null; }

make_node() {
    local number=${1#node} quorum=
    [ "$number" -le $((secondaries + 1 - async)) ] || quorum="--replication-quorum false"
    logged "$1" create "$bindir/pg_autoctl create postgres --pgdata $pgdata --pgport $port --pgctl $bindir/pg_ctl \
        --hostname $1 --name node_$number --auth trust $(ssl_options) $quorum --monitor '$(monitor_uri)'"
    add_unit "$1"
    start_unit "$1"
}

monitor_uri() {
    local parameters='sslmode=require'
    [ "$ssl" = self-signed ] || parameters="sslmode=verify-ca&sslrootcert=$ssl_folder/root.crt"
    echo "postgres://autoctl_node@monitor:$port/pg_auto_failover?$parameters"
}

ssl_options() {
    if [ "$ssl" = self-signed ]; then
        echo "--ssl-self-signed"
    else
        echo "--ssl-mode verify-ca --ssl-ca-file $ssl_folder/root.crt --server-cert $ssl_folder/server.crt --server-key $ssl_folder/server.key"
    fi
}

start_unit() { as_root "$1" systemctl enable --now --quiet pgautofailover.service </dev/null; }

# the unit of the guide
add_unit() {
    as_root "$1" tee /etc/systemd/system/pgautofailover.service >/dev/null <<UNIT
[Unit]
Description=pg_auto_failover

[Service]
WorkingDirectory=/var/lib/postgresql
Environment=PGDATA=$pgdata
User=postgres
ExecStart=$bindir/pg_autoctl run
Restart=always
StartLimitBurst=0
ExecReload=$bindir/pg_autoctl reload

[Install]
WantedBy=multi-user.target
UNIT
}

# on_monitor SQL: its statements, each one a transaction
on_monitor() { as_postgres monitor "$bindir/psql -p $port -d pg_auto_failover -XAtq -v ON_ERROR_STOP=1 -f -" <<<"$1"; }

primary_lets_in() { as_postgres node1 "grep -q 'pgautofailover_replicator.* $1 ' $pgdata/pg_hba.conf" </dev/null; }

# as the monitor has it: every node where it is assigned to be, and that is its place for good
cluster_is_settled() { [ "$(settled_nodes "true")" = $((secondaries + 1)) ]; }

# wait_well SINCE: and healthy, by reports and health checks that are later
wait_well() {
    wait_until 120 cluster_is_well "$1" || { show_state; die "the nodes did not reach their states"; }
    wait_until 60 standbys_stream || die "not all standbys stream from node1"
}
standbys_stream() { [ "$(streaming_standbys)" = "$secondaries" ]; }
streaming_standbys() {
    as_postgres node1 "$bindir/psql -p $port -XAtqc \"select count(*) from pg_stat_replication where state = 'streaming'\" postgres" </dev/null
}
cluster_is_well() {
    [ "$(settled_nodes "health = 1 and least(reporttime, healthchecktime) > to_timestamp($1)")" = $((secondaries + 1)) ]
}

# settled_nodes CONDITION: how many nodes are in the state that the cluster is made for, with this condition
settled_nodes() {
    local first=primary
    [ "$secondaries" != 0 ] || first=single
    on_monitor "select count(*) from pgautofailover.node where reportedstate = goalstate
        and reportedstate::text = case nodename when 'node_1' then '$first' else 'secondary' end and $1"
}

# by SQL: `pg_autoctl set formation number-sync-standbys` looks at an errno that is not its own and
# refuses every number
set_number_sync_standbys() {
    # the monitor takes it only when the primary has reached its state
    wait_until 120 cluster_is_settled || { show_state; die "the nodes did not reach their states"; }
    on_monitor "select pgautofailover.set_formation_number_sync_standbys('default', $number_sync_standbys)" >/dev/null
}

show_state() { as_postgres monitor "$bindir/pg_autoctl show state --pgdata $pgdata" </dev/null >&2 || true; }
