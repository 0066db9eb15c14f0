#!/bin/bash
# host-start.sh FOLDER HOST: makes the namespaces of one host, inside the laboratory's.
set -euo pipefail
folder=$1 host=$2

# the group first: it is the root of the cgroup namespace made next
group=$folder/cgroup$(<"$folder/cgroup-path")/$host
# and in it a place for the commands of `lab sh`
mkdir -p "$group/lab"
echo 0 >"$group/cgroup.procs"
# the laboratory's network namespace, for the host's end of the cable
exec 7</proc/self/ns/net
exec unshare --mount --pid --net --ipc --uts --cgroup \
    setsid --fork bash "${BASH_SOURCE[0]%/*}/host-init.sh" "$folder" "$host"
