# Snapshots: the hosts' disks of a cluster that was made as `up` was asked for, has settled and was stopped. The first
# `up` with such options makes one, the next ones copy it. It has nothing of the product, which is a layer below.
# shellcheck shell=bash

# name_snapshot: sets $snapshot to the folder for these options, there or not, in nobody else's way;
# needs $hosts
name_snapshot() {
    local hash
    hash=$({
        cat "$lab_lib"/{cluster,certificates,snapshots}.sh
        printf '%s\n' "$secondaries" "$async" "$number_sync_standbys" "$port" "$pgdata" "$pgdata_link" "$initdb" "$ssl"
    } | sha256sum)
    snapshot_set=$lab_layers/snapshots/${hosts##*/}
    snapshot=$snapshot_set/${hash:0:16}
    mkdir -p "$snapshot_set"
    exec 4<"$snapshot_set"
    flock -s 4
}

# keep_snapshot: of this laboratory, whose cluster is stopped by it
keep_snapshot() {
    local host folder=$snapshot.$lab_name
    begin_start
    stop_cluster
    for host in monitor "${data_nodes[@]}"; do as_postgres "$host" "rm -f $pgdata/log/*" </dev/null; done
    undo_at_last "remove_layer '$folder'"
    # what an `up` of this name has left that was killed
    remove_layer "$folder"
    for host in "${lab_hosts[@]}"; do
        mkdir -p "$folder/$host"
        # where the host's disk is a file system of its own, it is seen there alone
        in_laboratory cp -a --sparse=always "$lab_folder/hosts/$host/disk/upper/." "$folder/$host"
        forget_host "$folder/$host"
    done
    # two may have made it at once
    mv -T "$folder" "$snapshot" 2>/dev/null || remove_layer "$folder"
    no_undo "remove_layer '$folder'"
}

# forget_host FOLDER: what is of one host, and of one boot
forget_host() {
    local part
    rm -f "$1"/etc/{hostname,hosts,machine-id}
    for part in var/log/journal var/tmp; do
        [ ! -d "$1/$part" ] || find "$1/$part" -mindepth 1 -delete
    done
    find "$1/tmp" -mindepth 1 -maxdepth 1 -name 'systemd-private-*' -exec rm -r {} + 2>/dev/null || true
}
