#!/bin/bash
# The laboratory's own test: laboratories side by side, copies of a cluster, a power cut, an interrupted start, a killed
# one, bad input, and that nothing of them is left on this machine. Needs root, as the laboratory does.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
name=selftest-$$
state=${PGAF_LAB_DIR:-/var/lib/pgaf-upgrade-lab}
failures=0

lab() { "$here/lab" "$@"; }
up() { lab up --name "$1" --hosts-only --no-product "${@:2}"; }
check() {
    if "${@:2}"; then echo "ok: $1"; else echo "FAILED: $1"; failures=$((failures + 1)); fi
}
equal() { diff --label got --label expected -u <(echo "$1") <(echo "$2"); }
down_all() {
    local one
    for one in "$name-a" "$name-b"; do lab down --name "$one" 2>/dev/null || true; done
}
work=$(mktemp -d)
trap 'down_all; rm -rf "$work"' EXIT

# What this machine shows of laboratories of these names
traces() {
    local cgroups
    # shellcheck disable=SC2016 # expanded by the inner shell
    cgroups=$(unshare --mount --propagation private sh -c 'mount -t cgroup2 cgroup2 "$1" && find "$1" -type d -name "$2*"' \
        sh "$state/exec" "pgaf-upgrade-lab-$name")
    echo "folders: $(cd "$state/labs" && echo "$name"*)"
    echo "cgroups: $cgroups"
    echo "processes: $(grep -las "labs/[s]${name#s}" /proc/[0-9]*/cmdline)" # the brackets: not grep itself
    outside
}
# and what it shows at no time: interfaces and mounts
outside() {
    ip -brief link | cut -d' ' -f1
    cut -d' ' -f2 /proc/mounts
}

mkdir -p "$state/exec" "$state/labs"
lab image >/dev/null
before=$(traces)
outside_before=$(outside)

up "$name-a" --secondaries 0 &
first=$!
disks=()
! lab disks || disks=(--disks)
up "$name-b" --secondaries 0 "${disks[@]}"
wait "$first"
for one in "$name-a" "$name-b"; do
    check "$one: systemd runs" equal "$(lab sh --name "$one" node1 systemctl is-system-running)" running
    check "$one: hosts find each other by name" equal "$(lab sh --name "$one" node1 getent hosts monitor)" "10.99.0.10      monitor"
    lab pg --name "$one" node1 "echo $one >mine"
done
check "laboratories do not share a disk" equal "$(lab pg --name "$name-a" node1 'cat mine')" "$name-a"
check "an exit code comes through" equal "$(lab sh --name "$name-a" node1 sh -c 'exit 7' || echo $?)" 7
check "standard input comes through" equal "$(echo word | lab pg --name "$name-a" node1 cat)" word
check "the machine itself sees no interface and no mount of theirs" equal "$(outside)" "$outside_before"

lab sh --name "$name-a" node1 systemd-run --quiet --unit=works sleep 1000
lab kill --name "$name-a" node1
check "a host without power runs nothing" equal "$(lab sh --name "$name-a" node1 true 2>&1 || true)" "lab: node1 is off"
lab boot --name "$name-a" node1
check "its disk is as it was" equal "$(lab pg --name "$name-a" node1 'cat mine')" "$name-a"
check "its processes are not" equal "$(lab sh --name "$name-a" node1 systemctl is-active works || true)" inactive
check "its journal outlived it" equal "$(lab sh --name "$name-a" node1 journalctl -q --list-boots --no-pager | wc -l)" 2

if [ "${#disks[@]}" = 0 ]; then
    echo "skipped: disks of their own, for want of xfs or loop devices"
else
    lab sh --name "$name-b" node1 sh -c 'echo kept >/root/synced; sync -f /root; echo lost >/root/unsynced'
    lab sh --name "$name-b" node1 sleep 600 & # one that is there when the power goes
    sleep 1
    lab kill --name "$name-b" node1
    lab boot --name "$name-b" node1
    check "a disk of its own loses what was not synced" \
        equal "$(lab sh --name "$name-b" node1 sh -c 'cat /root/synced /root/unsynced 2>/dev/null' || true)" kept
    check "and shares blocks" lab sh --name "$name-b" node1 cp --reflink=always /root/synced /root/shared
fi

check "exec passes the exit code" equal "$(lab exec --no-product sh -c 'exit 5' || echo $?)" 5
check "exec runs as a user" equal "$(lab exec --no-product --user postgres sh -c 'id -un; stat -c %U /run/postgresql' | paste -sd' ')" "postgres postgres"

down_all
check "nothing is left after down" equal "$(traces)" "$before"

# A cluster that is copied, and one that is made: what the copies have in common, and what not.
settled() {
    lab pg --name "$1" monitor "/usr/lib/postgresql/15/bin/psql -d pg_auto_failover -Atc \"
        SELECT string_agg(format('%s %s %s', nodename, reportedstate, health), ', ' ORDER BY nodename), count(*) FILTER (WHERE
               reporttime > now() - interval '10s'), to_regproc('lab_start') FROM pgautofailover.node\""
}
identifier() {
    lab pg --name "$1" node2 "/usr/lib/postgresql/15/bin/pg_controldata -D data | grep 'system identifier'"
}
events() { lab pg --name "$1" monitor "/usr/lib/postgresql/15/bin/psql -d pg_auto_failover -Atc 'SELECT max(eventid) FROM pgautofailover.event'"; }
lab up --name "$name-a" --no-product 2>/dev/null
check "a cluster is settled and healthy, by what the monitor has just seen" \
    equal "$(settled "$name-a")" "node_1 primary 1, node_2 secondary 1|2|"
first=$(identifier "$name-a") events=$(events "$name-a") machine=$(lab sh --name "$name-a" node1 cat /etc/machine-id)
lab down --name "$name-a"
lab up --name "$name-a" --no-product 2>/dev/null
lab up --name "$name-b" --no-product --fresh 2>/dev/null
check "the next one is, too" equal "$(settled "$name-a")" "node_1 primary 1, node_2 secondary 1|2|"
check "it is a copy" equal "$(identifier "$name-a")" "$first"
check "to the monitor nothing has happened since" equal "$(events "$name-a")" "$events"
check "its hosts are others" test "$(lab sh --name "$name-a" node1 cat /etc/machine-id)" != "$machine"
check "and remember no other boot" equal "$(lab sh --name "$name-a" node1 journalctl -q --list-boots --no-pager | wc -l)" 1
check "one that is made anew is no copy" test "$(identifier "$name-b")" != "$first"
down_all
check "nothing is left of clusters" equal "$(traces)" "$before"

# What is the same is not touched, so that nothing is built for it.
mkdir -p "$work/from/sub" "$work/to"
cd "$work"
for file in same changed sub/gone; do echo "$file" >"from/$file"; done
copy() { (cd from && find . -type f -printf '%P\0') | "$here/lib/copy_changed.py" from to; }
copy
echo built >to/object
find to -type f -exec touch -d @1000000000 {} +
echo other >from/changed
touch from/same
rm from/sub/gone
copy
check "a file that is the same keeps its time, one that has changed does not" \
    equal "$(stat -c %Y to/same) $(($(stat -c %Y to/changed) > 1000000000))" "1000000000 1"
check "what is gone goes, what was built stays" equal "$(find to -mindepth 1 -printf '%P\n' | sort | paste -sd' ')" "changed object same"

# How far it is: what is shown of a plan whose log is this.
log_of() { printf '[10/40] Building\n' >log; printf 'product\tproduct\tsteps\tlog\t100\t0\n' >plan; timeout "$1" "${@:2}" 2>&1 || true; }
check "without a terminal there is a line every ten seconds" \
    equal "$(log_of 12 "$here/lib/progress.py" plan | sed 's/;.*//')" "lab: product 25 %, 10 of 40 steps"
on_terminal() { log_of 9 env TERM="$1" NO_COLOR="${2:-}" script -qec "timeout 2 $here/lib/progress.py plan" /dev/null | tr '\r\033' 'RE' | head -c 31; }
check "on a terminal it moves" equal "$(on_terminal xterm)" "RE[KE[1mlab: product 25 %, 10 o"
check "NO_COLOR leaves the colours away" equal "$(on_terminal xterm 1)" "RE[Klab: product 25 %, 10 of 40"
check "a dumb terminal gets lines" equal "$(on_terminal dumb)" ""

# Bad input is answered by one line that says what to do, and nothing of an image is left.
refused() { # WHAT EXPECTED COMMAND…
    local said
    mkdir -p "$work/state"
    said=$("${@:3}" 2>&1) && said="exit code 0: $said"
    check "$1" grep -qE "^lab: $2" <<<"$(tail -n 1 <<<"$said")"
    check "  and nothing half-built is there" equal "$(find "$work/state" -mindepth 2 -path '*/bases/*' -o -path '*/hosts/*' -o -path '*/products/*')" ""
    rm -rf "${work:?}/state"
}
elsewhere() { PGAF_LAB_DIR=$work/state "$here/lab" "$@"; }
export -f elsewhere
export work here
refused "without a network" "this machine cannot fetch Debian's packages \(" unshare --net bash -c "elsewhere image"
# shellcheck disable=SC2016 # expanded by the inner shell
refused "where there is no room" "$work/state has [0-9]+ MB free, and 5 GB are needed" \
    unshare --mount bash -c 'mount -t tmpfs -o size=50m tmpfs "$work/state" && elsewhere image'
refused "without root" "the laboratory needs root" setpriv --reuid=nobody --clear-groups "$here/lab" list
refused "for another PostgreSQL" "see: lab help" env PGAF_LAB_TARGET=19 "$here/lab" list
cd "$here"

# Two at once of one name: one of them is up
for one in 1 2; do up "$name-a" --secondaries 0 2>"$work/$one" & done
wait
check "of two with one name one is refused" grep -hq "^lab: laboratory $name-a is up already" "$work/1" "$work/2"
check "and the other is up" equal "$(lab sh --name "$name-a" node1 hostname)" node1
down_all
check "nothing is left of the two" equal "$(traces)" "$before"

for signal in INT TERM; do
    for moment in 0.05 0.3 0.9; do
        # a shell makes its background jobs deaf to SIGINT
        env --default-signal=INT setsid "$here/lab" up --name "$name-a" --hosts-only --no-product 2>/dev/null &
        pid=$!
        sleep "$moment"
        kill "-$signal" -- "-$pid" 2>/dev/null || true
        wait "$pid" || true
        # where it was done before the signal came
        [ ! -e "$state/labs/$name-a/ready" ] || lab down --name "$name-a"
        check "nothing is left after SIG$signal at $moment s" equal "$(traces)" "$before"
    done
done

for moment in 0.05 0.3 0.9; do
    "$here/lab" up --name "$name-a" --hosts-only --no-product 2>/dev/null &
    pid=$!
    sleep "$moment"
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    lab down --name "$name-a"
    sleep 0.2 # the rest of its processes notice
    check "nothing is left after SIGKILL at $moment s and down" equal "$(traces)" "$before"
done

[ "$failures" = 0 ] || { echo "$failures checks failed"; exit 1; }
