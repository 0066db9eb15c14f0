# The hosts of a laboratory: booting one, cutting its power, running commands in it.
# shellcheck shell=bash

host_address() {
    case $1 in
    monitor) echo 10.99.0.10 ;;
    node[1-9]) echo "10.99.0.1${1#node}" ;;
    client) echo 10.99.0.20 ;;
    *) usage_error "no such host: $1 (monitor, node1 … node9, client)" ;;
    esac
}

use_host() {
    [ -d "$lab_folder" ] || die "there is no laboratory $lab_name; see: lab list, lab up"
    [ -d "$lab_folder/hosts/$1" ] || die "laboratory $lab_name has no host $1; it has $(cd "$lab_folder/hosts" && echo *)"
    host=$1
    host_folder=$lab_folder/hosts/$1
}

# make_host HOST [own]: its disk, as an installation leaves it, or as the snapshot has it where there is one; own: a file
# system of its own
make_host() {
    local folder=$lab_folder/hosts/$1 other
    mkdir -p "$folder"/{root,disk/work,disk/upper/etc}
    # it ends with this shell, and does not write into a folder that is being removed
    [ -z "$copied" ] || setpriv --pdeathsig KILL cp -a --reflink=auto "$copied/$1/." "$folder/disk/upper"
    host_address "$1" >"$folder/address"
    echo "$1" >"$folder/disk/upper/etc/hostname"
    tr -d - </proc/sys/kernel/random/uuid >"$folder/disk/upper/etc/machine-id"
    {
        echo "127.0.0.1 localhost"
        for other in monitor node{1..9} client; do echo "$(host_address "$other") $other"; done
    } >"$folder/disk/upper/etc/hosts"
    [ "${2:-}" != own ] || make_disk "$folder"
}

# boot_host HOST: returns when its systemd says that it is running
boot_host() {
    local laboratory
    use_host "$1"
    laboratory=$(lab_init) || die "laboratory $lab_name is not running"
    ! recorded_pid "$host_folder/init" >/dev/null || die "$host is running already"
    rm -f "$host_folder/init"
    mount_disk "$host_folder"
    # -F: the shell's own process stays outside; what setsid forks is inside and nobody's child there
    nsenter --target "$laboratory" --mount --net --ipc --uts --pid --no-fork \
        setsid --fork bash "$lab_lib/host-start.sh" "$lab_folder" "$host" \
        </dev/null >>"$host_folder/boot.log" 2>&1 4>&- 5>&- 8>&- 9>&-
    wait_until 60 host_is_up || { cat "$host_folder/boot.log" >&2; die "$host did not boot"; }
    [ "$host_state" = running ] || die "not all of $host came up: $(in_host systemctl --failed --plain --no-legend)"
}

host_is_up() {
    host_state=$(in_host systemctl is-system-running --wait 2>/dev/null) || true
    case $host_state in running | degraded | maintenance) return 0 ;; *) return 1 ;; esac
}

# kill_host HOST: as a power cut. On a disk of its own, only what it had synced is still there; else all it
# had written.
kill_host() {
    use_host "$1"
    recorded_pid "$host_folder/init" >/dev/null || die "$host is off already"
    if [ -e "$host_folder/disk.img" ]; then
        # nobody there is to meet a disk that fails, and to tell others
        freeze_host
        lose_unsynced "$host_folder"
        kill_frozen
        set_frozen "$(lab_groups)" "$host" 0
    fi
    kill_recorded "$host_folder/init"
    unmount_disk "$host_folder"
}

host_is_frozen() { grep -qx 'frozen 1' "$(lab_groups)/$host/cgroup.events"; }
# Returns when no process of $host gets time any more
freeze_host() {
    set_frozen "$(lab_groups)" "$host" 1
    wait_until 10 host_is_frozen || die "$host does not stand still"
}

# Every process of $host while it stands still: also that of a `lab sh`, which is in the host's cgroup but not
# in its PID namespace, and without which its child there is not gone. (cgroup.kill would go on to kill what
# systemd starts in these cgroups at the next boot.)
kill_frozen() {
    # shellcheck disable=SC2038 # these are numbers
    find "$(lab_groups)/$host" -name cgroup.procs -exec cat {} + | xargs --no-run-if-empty kill -KILL || true
}

# in_host COMMAND…: in $host's namespaces and its cgroup
in_host() { (enter_host "$@"); }
enter_host() {
    local found groups
    find_groups
    find_recorded "$host_folder/init" || die "$host is off"
    # so that systemd there finds this process in its own tree
    echo "$BASHPID" >"$groups/$host/lab/cgroup.procs"
    exec nsenter --target "$found" --mount --uts --ipc --net --pid --cgroup "$@"
}

# run_in_host USER HOST COMMAND…: replaces this shell
run_in_host() {
    local user=$1
    use_host "$2"
    shift 2
    user_command "$user" "$@"
    with_terminal
    enter_host "${user_argv[@]}"
}

# as_root HOST COMMAND…, as_postgres HOST 'SHELL TEXT': the same from the laboratory's own scripts
as_root() {
    use_host "$1"
    user_command root "${@:2}"
    in_host "${user_argv[@]}"
}
as_postgres() {
    use_host "$1"
    user_command postgres bash -c "cd ~; $2"
    in_host "${user_argv[@]}"
}
