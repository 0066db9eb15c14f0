# A host's disk as a file system of its own, xfs in a file: one that can lose what was not synced, as disks do
# when the power is cut, and that has reflinks. Mounted inside the laboratory, where this machine does not see it.
# shellcheck shell=bash

disks_possible() { [ -e /dev/loop-control ] && { grep -qw xfs /proc/filesystems || modprobe -n -q xfs; }; }
disk_packages() { host_packages mkfs.xfs=xfsprogs xfs_io=xfsprogs; }

in_laboratory() {
    local laboratory
    laboratory=$(lab_init) || die "laboratory $lab_name is not running"
    nsenter --target "$laboratory" --mount "$@"
}

# make_disk FOLDER: of a host, from what is in FOLDER/disk
make_disk() {
    truncate --size 20G "$1/disk.img" # sparse: it takes what is written
    mkfs.xfs -q -m reflink=1 "$1/disk.img"
    # shellcheck disable=SC2016 # expanded by the inner shell
    in_laboratory bash -euc 'mount -o loop "$1/disk.img" "$1/root"; cp -a "$1/disk/." "$1/root"; umount "$1/root"' bash "$1"
    rm -rf --one-file-system "$1"/disk/*
}

mount_disk() {
    [ -e "$1/disk.img" ] && ! in_laboratory mountpoint -q "$1/disk" || return 0
    in_laboratory mount -o loop "$1/disk.img" "$1/disk"
}

# From here on nothing gets to the disk, the file system's own log neither
lose_unsynced() {
    [ ! -e "$1/disk.img" ] || in_laboratory xfs_io -x -c shutdown "$1/disk"
}

disk_is_free() { [ -z "$(losetup --associated "$1/disk.img")" ]; }
unmount_disk() {
    [ -e "$1/disk.img" ] || return 0
    in_laboratory umount "$1/disk"
    # the host's own mounts end with its last process, a moment later
    wait_until 30 disk_is_free "$1" || die "the disk $1/disk.img is still in use"
}
