#!/bin/bash
# The laboratory's own test: laboratories side by side, a power cut, an interrupted start, a killed
# one, and that nothing of them is left on this machine. Needs root, as the laboratory does.
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
trap down_all EXIT

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
disks=$(lab disks && echo --disks) || true
up "$name-b" --secondaries 0 $disks
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

if [ -z "$disks" ]; then
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
