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
  --hosts-only               the hosts without a cluster
  --no-product               without this source tree built and installed on them
HELP
}

lab_up() {
    local name=${PGAF_LAB_NAME:-lab} hosts_only='' with_product=yes
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

    local started=$SECONDS host pids=()
    [ -z "$disks" ] || disk_packages
    use_layers ${with_product:+product}
    start_lab
    mapfile -t data_nodes < <(seq -f 'node%g' "$((secondaries + 1))")
    for host in monitor "${data_nodes[@]}" client; do
        make_host "$host" "$disks"
        boot_host "$host" &
        pids+=($!)
    done
    for host in "${pids[@]}"; do wait "$host" || die "not all hosts booted"; done
    say "hosts up after $((SECONDS - started)) s"
    [ -n "$hosts_only" ] || make_cluster
    # as if it had all been there for long
    if [ -n "$disks" ]; then
        for host in monitor "${data_nodes[@]}" client; do as_root "$host" sync --file-system /; done
    fi
    undo=("${undo[@]/remove_lab/:}")
    say "laboratory $lab_name is up, after $((SECONDS - started)) s"
}
