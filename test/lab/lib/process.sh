# Processes: their records, ending them, waiting for something, and running one in a container of its
# own. Sourced by ../lab and by the programs that run as PID 1 of a laboratory and of its hosts.
# shellcheck shell=bash

# A process is recorded as "PID START BOOT-ID". The time it started and the boot keep a number that
# the kernel gave away again from being taken for it.

# process_record PID|self: sets $record. For "self" too it is the number that the mounted /proc has,
# which in the laboratory's PID 1 is the machine's; so without a subshell.
process_record() {
    local stat fields boot
    { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    # the command's name, in parentheses, may hold anything: the fields are counted behind it
    read -ra fields <<<"${stat##*) }"
    # a zombie has ended, with all its namespace, however long its parent leaves it lying about
    [ "${fields[0]}" != Z ] || return 1
    read -r boot </proc/sys/kernel/random/boot_id
    record="${stat%% *} ${fields[19]} $boot"
}

# find_recorded FILE: sets $found to the recorded process if it still lives
find_recorded() {
    local recorded record
    { IFS= read -r recorded <"$1"; } 2>/dev/null || return 1
    process_record "${recorded%% *}" && [ "$record" = "$recorded" ] || return 1
    found=${record%% *}
}
# recorded_pid FILE: prints it
recorded_pid() {
    local found
    find_recorded "$1" && echo "$found"
}

# kill_recorded FILE: SIGKILL to the recorded process, the init of a PID namespace, with which every
# process of that namespace dies; returns when all are gone
kill_recorded() {
    local pid tries
    pid=$(recorded_pid "$1") || return 0
    kill -KILL "$pid" 2>/dev/null || true
    for ((tries = 0; tries < 1500; tries++)); do
        recorded_pid "$1" >/dev/null || return 0
        sleep 0.02
    done
    say "process $pid does not end"
    return 1
}

# wait_until SECONDS COMMAND…: polls until the command succeeds. A subshell does not outlive its shell here.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] && kill -0 $$ 2>/dev/null || return 1
        sleep 0.05
    done
}

# contained COMMAND…: runs it in mount and PID namespaces of its own and returns its exit code. All
# its processes and mounts end with this shell, however that ends: with an error, a signal or well.
contained() {
    local pid
    start_contained "$@"
    pid=$contained_pid
    until wait_contained; [ "$contained_pid" = "$pid" ]; do :; done
    return "$contained_code"
}

# start_contained COMMAND…: the same beside this shell; sets $contained_pid
declare -A contained_pids=()
start_contained() {
    # SIGINT has its usual effect again, which a shell takes from its background jobs
    setpriv --pdeathsig KILL env --default-signal=INT,QUIT \
        unshare --mount --propagation slave --pid --mount-proc --fork --kill-child "$@" <&0 &
    contained_pid=$!
    contained_pids[$contained_pid]=running
}

# wait_contained: for whichever ends next; sets $contained_pid and $contained_code
wait_contained() {
    contained_code=0
    wait -n -p contained_pid "${!contained_pids[@]}" || contained_code=$?
    unset "contained_pids[$contained_pid]"
}
stop_contained() {
    local pid
    for pid in "${!contained_pids[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    contained_pids=()
}
