#!/bin/bash
# host-init.sh FOLDER HOST: PID 1 of one host: plugs in the network, mounts the root and becomes systemd.
set -euo pipefail
folder=$1 host=$2
. "${BASH_SOURCE[0]%/*}/process.sh"
. "${BASH_SOURCE[0]%/*}/root.sh"
state=$folder/hosts/$host
# the machine's own /proc is still mounted, so this is the machine's number
process_record self
exec 6>"$state/init"

hostname "$host"
mount --make-rprivate /
# from here on this process is 1 both to the kernel and in /proc: some versions of ip look there
mount -t proc proc /proc
# Numbers from where no other boot began, as on a machine of its own: where few processes run, the number in
# a postmaster.pid that a power cut has left would be somebody's again, and Postgres taken for running.
echo $((RANDOM % 30 * 1000 + 1000)) >/proc/sys/kernel/ns_last_pid 2>/dev/null || true
# a host that lost its power a moment ago may not have taken its interface with it yet
in_laboratory() { nsenter --net=/proc/self/fd/7 "$@"; }
in_laboratory ip link delete "to-$host" 2>/dev/null || true
in_laboratory ip link add "to-$host" type veth peer name eth0 netns 1
in_laboratory ip link set "to-$host" master lab up
exec 7<&-
ip link set lo up
ip address add "$(<"$state/address")/24" dev eth0
ip link set eth0 up
# pg_autoctl finds its own address by the route to the world, which nobody has to answer on
ip route add default via 10.99.0.1

mount_root "$(<"$folder/layers")" "$state/disk/upper" "$state/disk/work" "$state/root"
mount -t cgroup2 cgroup2 "$state/root/sys/fs/cgroup"
enter_root "$state/root"
# only now: a command that came in earlier would find the machine's files and services
echo "$record" >&6
exec 6>&-
# its clock, its kernel and its hardware are this machine's
exec env -i container=pgaf-upgrade-lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio,-wake_alarm,-syslog,-mac_admin,-mac_override \
    /lib/systemd/systemd
