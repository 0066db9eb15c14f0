#!/bin/bash
# sandbox-init.sh FOLDER: PID 1 of one laboratory, in mount, PID, network, IPC and UTS namespaces of
# its own. Holds the bridge between the hosts and adopts what they leave behind; when it is killed,
# all of the laboratory's processes, mounts and interfaces go with it.
set -euo pipefail
folder=$1

. "${BASH_SOURCE[0]%/*}/process.sh"

# The machine's own /proc is still mounted here, so this is the machine's number
process_record self
echo "$record" >"$folder/init.new"
mv "$folder/init.new" "$folder/init"
read -r _ # fails, and this ends, when the one who started it ended
exec </dev/null

# cgroup2 at a place of our own, since a machine may have it anywhere or nowhere
mount -t cgroup2 cgroup2 "$folder/cgroup"
cgroup=$(sed -n 's/^0:://p' /proc/self/cgroup)
cgroup=${cgroup%/}/pgaf-upgrade-lab-${folder##*/}
echo "$cgroup" >"$folder/cgroup-path"
# a group of its own for this process: a group with children should hold none itself
mkdir -p "$folder/cgroup$cgroup/init"
echo 0 >"$folder/cgroup$cgroup/init/cgroup.procs"

ip link set lo up
ip link add lab type bridge
ip address add 10.99.0.1/24 dev lab
ip link set lab up

: >"$folder/ready"
while :; do
    sleep infinity &
    wait $! || true # which reaps everybody else's orphans meanwhile
done
