# The root file system of a host, or of the build, inside a mount namespace of its own: an overlay
# and the kernel's file systems. Sourced by the programs that run as PID 1 of such a namespace.
# shellcheck shell=bash

# mount_root LOWER UPPER WORK ROOT [OPTION]: LOWER as overlayfs has it, several folders separated by colons; OPTION:
# one more of overlayfs
mount_root() {
    local root=$4 device
    # an overlay cannot lie on another one, which is what containers have as their root
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3${5:+,$5}" "$root" || {
        echo "cannot mount an overlay with its upper folder at $2; set PGAF_LAB_DIR to a folder on ext4 or xfs" >&2
        return 1
    }
    mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
    # the kernel's settings are this machine's, not the host's
    mount --bind "$root/proc/sys" "$root/proc/sys"
    mount -o remount,bind,ro "$root/proc/sys"
    # but each boot is one of its own, which the journal goes by
    mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
    cat /proc/sys/kernel/random/uuid >"$root/run/boot-id"
    mount --bind "$root/run/boot-id" "$root/proc/sys/kernel/random/boot_id"
    # read-only, which also tells systemd that devices are not its business
    mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"

    mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
    for device in null zero full random urandom tty; do
        : >"$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    : >"$root/dev/console"
    mount --bind /dev/null "$root/dev/console"
    mkdir "$root/dev/shm" "$root/dev/pts"
    mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    ln -s fd/0 "$root/dev/stdin"
    ln -s fd/1 "$root/dev/stdout"
    ln -s fd/2 "$root/dev/stderr"
}

# enter_root ROOT: from here on, ROOT is all this mount namespace holds
enter_root() {
    cd "$1" || return
    pivot_root . .
    umount -l .
    cd /
}
