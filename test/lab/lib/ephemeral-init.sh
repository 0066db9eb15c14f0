#!/bin/bash
# ephemeral-init.sh LOWER MOUNTPOINT USER COMMAND…: a host for one command. PID 1 of namespaces of its
# own; everything it writes is in memory and ends with it.
set -euo pipefail
lower=$1 mountpoint=$2 user=$3
shift 3
. "${BASH_SOURCE[0]%/*}/root.sh"
. "${BASH_SOURCE[0]%/*}/user.sh"

mount -t tmpfs tmpfs "$mountpoint"
mkdir "$mountpoint"/{upper,work,root}
root=$mountpoint/root
mount_root "$lower" "$mountpoint/upper" "$mountpoint/work" "$root"
hostname lab
echo lab >"$root/etc/hostname"
echo "127.0.0.1 localhost lab" >"$root/etc/hosts"
ip link set lo up
if [ -n "${LAB_CACHE:-}" ]; then
    mkdir -p "$root/run/ccache"
    mount --bind "$LAB_CACHE" "$root/run/ccache"
fi
if [ -n "${LAB_TREE:-}" ]; then
    mkdir "$root/run/tree"
    mount --bind "$LAB_TREE" "$root/run/tree"
    mount -o remount,bind,ro "$root/run/tree"
fi
enter_root "$root"
[ -z "${LAB_TREE:-}" ] || cd /run/tree
systemd-tmpfiles --create --prefix=/run/postgresql 2>/dev/null || true
[ -d /run/postgresql ] || install -d -o postgres -g postgres -m 2775 /run/postgresql

# not by exec: PID 1 has no default signal actions, and has orphans to reap
user_command "$user" "$@"
with_terminal
"${user_argv[@]}" || exit
