# lab up: its options, and the order of things.
# shellcheck shell=bash

up_options_help() {
    cat <<HELP
  --secondaries N            data nodes beside node1 (1)
  --async K                  the last K of them with replication quorum off (0)
  --number-sync-standbys N   set in the formation
  --port PORT                of every PostgreSQL (5432)
  --pgdata PATH              (/var/lib/postgresql/data)
  --pgdata-link              PATH is a symbolic link to /srv/postgres/15-main
  --initdb OPTIONS           of the data nodes' first initdb, such as --data-checksums
  --ssl self-signed|ca       (self-signed)
  --disks                    each host on a disk of its own, which loses what was not synced when its power
                             is cut, and has reflinks (xfs; the machine's kernel must have it)
  --fresh                    the cluster made anew, not copied from the one that an earlier up has made so
  --hosts-only               the hosts without a cluster
  --no-product               without this source tree built and installed on them
HELP
}

lab_up() {
    local name=${PGAF_LAB_NAME:-lab} hosts_only='' with_product=yes fresh=''
    secondaries=1 async=0 number_sync_standbys='' port=5432 pgdata=/var/lib/postgresql/data pgdata_link=''
    initdb='' ssl=self-signed disks=''
    while [ $# -gt 0 ]; do
        case $1 in
        --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}"; continue ;;
        --name | --secondaries | --async | --number-sync-standbys | --port | --pgdata | --ssl | --initdb)
            [ $# -ge 2 ] || usage_error "$1 needs a value" ;;
        esac
        case $1 in
        --name) name=$2; shift ;;
        --secondaries) secondaries=$2; shift ;;
        --async) async=$2; shift ;;
        --number-sync-standbys) number_sync_standbys=$2; shift ;;
        --port) port=$2; shift ;;
        --pgdata) pgdata=$2; shift ;;
        --ssl) ssl=$2; shift ;;
        --pgdata-link) pgdata_link=yes ;;
        --initdb) initdb=$2; shift ;;
        --disks) disks=own ;;
        --fresh) fresh=yes ;;
        --hosts-only) hosts_only=yes ;;
        --no-product) with_product= ;;
        *) usage_error "no such option of up: $1" ;;
        esac
        shift
    done
    [[ $secondaries =~ ^[0-8]$ ]] || usage_error "--secondaries: 0 to 8"
    [[ $async =~ ^[0-$secondaries]$ ]] || usage_error "--async: at most the number of secondaries"
    [[ $number_sync_standbys =~ ^[0-8]?$ ]] || usage_error "--number-sync-standbys: 0 to 8"
    [[ $port =~ ^[0-9]+$ ]] || usage_error "--port: a number"
    [[ $pgdata =~ ^(/[A-Za-z0-9._-]+){2,}$ ]] || usage_error "--pgdata: an absolute path, not directly under /"
    case $ssl in self-signed | ca) ;; *) usage_error "--ssl: self-signed or ca" ;; esac
    use_lab "$name"

    [ -z "$disks" ] || disk_packages
    use_layers ${with_product:+product}
    local started=$SECONDS host snapshot='' copied=''
    mapfile -t data_nodes < <(seq -f 'node%g' "$((secondaries + 1))")
    lab_hosts=(monitor "${data_nodes[@]}" client)
    [ -n "$hosts_only$fresh" ] || name_snapshot
    # decided once: another command may make it meanwhile
    [ ! -d "$snapshot" ] || copied=$snapshot
    start_lab
    begin_up
    make_hosts
    if [ -n "$hosts_only" ]; then
        boot_hosts "${lab_hosts[@]}"
    elif [ -n "$copied" ]; then
        restore_cluster
    else
        boot_hosts "${lab_hosts[@]}"
        make_whole_cluster
    fi
    # as if it had all been there for long
    if [ -n "$disks" ]; then
        for host in "${lab_hosts[@]}"; do as_root "$host" sync --file-system /; done
    fi
    hide_progress
    [ -n "$hosts_only" ] || show_state
    no_undo remove_lab
    say "laboratory $lab_name is up, after $((SECONDS - started)) s"
}

make_hosts() {
    local host jobs=()
    for host in "${lab_hosts[@]}"; do
        make_host "$host" "$disks" &
        jobs+=($!)
    done
    for host in "${jobs[@]}"; do wait "$host" || die "not all hosts' disks were made"; done
    up_step
}

boot_hosts() {
    local host jobs=()
    for host in "$@"; do
        boot_host "$host" &
        jobs+=($!)
    done
    for host in "${jobs[@]}"; do wait "$host" || die "not all hosts booted"; done
    up_step
}

make_whole_cluster() {
    local since
    since=$(date +%s.%N)
    make_cluster
    wait_well "$since"
    up_step
    if [ -z "$fresh" ]; then
        # from here on as every later up
        keep_snapshot
        since=$(date +%s.%N)
        start_unit monitor
        start_cluster
        wait_well "$since"
    fi
    end_start
}

restore_cluster() {
    local since
    since=$(date +%s.%N)
    boot_hosts "${lab_hosts[@]}"
    start_cluster
    up_step
    wait_well "$since"
    end_start
}

# begin_up, up_step: how far it is
begin_up() {
    local seconds=5 steps=4
    [ -n "$copied" ] || { seconds=20; steps=3; }
    [ -z "$hosts_only" ] || { seconds=2; steps=2; }
    up_steps=0
    plan_task up "laboratory $lab_name" steps "$lab_folder/up.log" $seconds $steps >"$lab_folder/plan"
    show_progress "$lab_folder/plan"
}
up_step() { echo "@at $((++up_steps))" >>"$lab_folder/up.log"; }
