# One laboratory as a whole: starting it, finding it, and removing it with all it left.
# shellcheck shell=bash

# use_lab NAME: sets $lab_name and $lab_folder
use_lab() {
    [[ $1 =~ ^[a-z0-9][a-z0-9-]{0,31}$ ]] || usage_error "not a name for a laboratory: $1 (a-z, 0-9 and -)"
    lab_name=$1
    lab_folder=$lab_state/labs/$1
}

lab_init() { recorded_pid "$lab_folder/init"; }

# lab_groups: prints the folder of the hosts' cgroups; find_groups: sets $groups to it
find_groups() {
    local found path
    find_recorded "$lab_folder/init" || die "laboratory $lab_name is not running"
    IFS= read -r path <"$lab_folder/cgroup-path"
    groups=/proc/$found/root$lab_folder/cgroup$path
}
lab_groups() {
    local groups
    find_groups
    echo "$groups"
}

# start_lab: one of the name on this machine; needs the layers
lab_started() { [ -e "$lab_folder/ready" ] || ! lab_init >/dev/null; }
start_lab() {
    local lock word
    exec {lock}>"$lab_state/labs.lock"
    flock "$lock"
    if [ -d "$lab_folder" ]; then
        ! lab_init >/dev/null || die "laboratory $lab_name is up already; see: lab list, lab down"
        say "removing what is left of an earlier laboratory $lab_name"
        remove_lab
    fi
    undo+=(remove_lab)
    mkdir -p "$lab_folder/hosts" "$lab_folder/cgroup"
    lower_layers >"$lab_folder/layers"
    # It keeps the locks on the layers open, and nothing else. It waits for a word of ours and ends when
    # this shell ends first, so that there is never one that nobody has a record of.
    exec {word}> >(exec unshare --mount --propagation slave --pid --net --ipc --uts \
        setsid --fork bash "$lab_lib/sandbox-init.sh" "$lab_folder" >"$lab_folder/init.log" 2>&1 {lock}>&-)
    if wait_until 10 [ -e "$lab_folder/init" ]; then echo go >&"$word"; fi
    exec {word}>&-
    wait_until 10 lab_started || true
    [ -e "$lab_folder/ready" ] || { cat "$lab_folder/init.log" >&2; die "the laboratory did not start"; }
    exec {lock}>&-
}

# remove_lab: ends every process of the laboratory and removes its folder. Harmless to repeat.
remove_lab() {
    [ -d "$lab_folder" ] || return 0
    drop_disks
    kill_recorded "$lab_folder/init" || return 1
    remove_cgroups
    rm -rf --one-file-system "$lab_folder"
}

# Unmounting an overlay writes all that its folder has unwritten. Removed before that, with every process
# standing still, gigabytes of no more use are never written.
drop_disks() {
    local groups host
    [ -e "$lab_folder/ready" ] && lab_init >/dev/null || return 0
    groups=$(lab_groups)
    for host in "$lab_folder"/hosts/*/; do lose_unsynced "${host%/}" || true; done
    set_hosts_frozen "$groups" 1
    rm -rf --one-file-system "$lab_folder"/hosts/*/disk/upper || true
    # a process of this machine inside, as `lab sh` has one, could otherwise not end
    set_hosts_frozen "$groups" 0
}
set_hosts_frozen() {
    local host
    for host in "$lab_folder"/hosts/*/; do set_frozen "$1" "$(basename "$host")" "$2"; done
}
# set_frozen GROUPS HOST 1|0: one that was never booted has no group
set_frozen() { [ ! -e "$1/$2/cgroup.freeze" ] || echo "$3" >"$1/$2/cgroup.freeze"; }

# The cgroups are in the kernel's one tree of them and do not end with a namespace
remove_cgroups() {
    [ -e "$lab_folder/cgroup-path" ] || return 0
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --mount --propagation private bash -euc '
        mount -t cgroup2 cgroup2 "$1"
        for ((tries = 0; tries < 100; tries++)); do
            [ -d "$1$2" ] || exit 0
            find "$1$2" -depth -type d -exec rmdir {} + 2>/dev/null && exit 0
            sleep 0.05
        done
        echo "lab: cannot remove the cgroup $2" >&2' bash "$lab_folder/cgroup" "$(<"$lab_folder/cgroup-path")" || true
}

list_labs() {
    local folder host state
    for folder in "$lab_state"/labs/*/; do
        [ -d "$folder" ] || continue
        use_lab "$(basename "$folder")"
        if lab_init >/dev/null; then state=up; else state="not running (lab down --name $lab_name removes it)"; fi
        echo "$lab_name: $state"
        for host in "$folder"hosts/*/; do
            [ -d "$host" ] || continue
            if recorded_pid "${host}init" >/dev/null; then state=up; else state=off; fi
            printf '    %-8s %-12s %s\n' "$(basename "$host")" "$(<"${host}address")" "$state"
        done
    done
}
