# The read-only layers under every host: base (Debian and what builds the project), hosts (the servers, systemd) and
# product (this source tree, built and installed), which needs the base alone and is built while hosts is made. Each is
# a folder named after the hash of what it is made from, with its files in root/; it is made under another name and
# renamed when whole.
# shellcheck shell=bash

# Whoever uses a layer holds a shared lock on its folder: descriptors 5, 8 and 9, and 4 for the snapshots, which a
# laboratory's init inherits and keeps. A layer without a lock on it is in nobody's use.
base=
hosts=
product=
build_root=

# lower_layers: what an overlay takes as its lower folders
lower_layers() { echo "${product:+$product/root:}$hosts/root:$base/root"; }

# use_layers [product]: sets $base and $hosts to their folders, locked, and with `product` $product, or that to nothing
# when there is nothing to build yet. Makes what is missing.
use_layers() {
    name_image
    if [ "${1:-}" = product ]; then name_product; fi
    if ! flock -n "$lab_state/layers.lock" true && layers_are_held; then return; fi
    with_layers_locked use_layers_locked
}

# with_layers_locked COMMAND…: one at a time on this machine
with_layers_locked() {
    exec {layers_lock}>"$lab_state/layers.lock"
    if ! flock -w 1 "$layers_lock"; then
        say "waiting for another command that makes layers in $lab_state"
        while ! flock -w 1 "$layers_lock"; do [ -n "$progress_pid" ] || show_progress "$lab_state/plan"; done
        hide_progress
    fi
    "$@"
    exec {layers_lock}>&-
}

use_layers_locked() {
    layers_are_there || make_layers
    hold_layers
    [ -z "$product" ] || remove_old "$lab_layers/products" "$product"
    remove_old "$lab_layers/hosts" "$hosts"
    remove_old "$lab_layers/bases" "$base"
    remove_old_builds
    remove_old "$lab_layers/snapshots" "$lab_layers/snapshots/${hosts##*/}"
    # of an earlier kind
    remove_old "$lab_layers/images" ""
    rm -rf "$lab_state"/{build.log,source-files,host-packages.log} "$lab_state"/cache/????????????????
}
layers_are_there() { [ -d "$base" ] && [ -d "$hosts" ] && product_is_there; }
product_is_there() { [ -z "$product" ] || [ -d "$product" ]; }
hold_layers() {
    exec 5<"$base" 8<"$hosts"
    flock -s 5
    flock -s 8
    [ -n "$product" ] || return 0
    exec 9<"$product"
    flock -s 9
}
# Where another command makes layers for long, and ours are there. What removes old ones tries their locks first.
layers_are_held() { layers_are_there && hold_layers 2>/dev/null && layers_are_there; }

# remove_old FOLDER KEEP: removes the layers nobody uses, and what builds that died left behind
remove_old() {
    local layer lock
    for layer in "$1"/*; do
        if [ ! -d "$layer" ] || [ "$layer" = "$2" ]; then continue; fi
        exec {lock}<"$layer"
        if flock -n -x "$lock"; then remove_layer "$layer"; fi
        exec {lock}<&-
    done
}
remove_layer() { rm -rf --one-file-system "$1"; }

plan_layers() {
    local after=
    if [ ! -d "$base" ] || [ ! -d "$hosts" ]; then
        plan_task packages image packages "$lab_state/log/packages" 15 34
        if [ ! -d "$base" ]; then
            plan_task base image packages "$lab_state/log/base" 30 168 packages
            after=base
        fi
        [ -d "$hosts" ] || plan_task hosts image packages "$lab_state/log/hosts" 40 116 $after
    fi
    product_is_there || plan_product $after
}

# make_layers: those of the three that are missing, beside each other where they can be
make_layers() {
    local started=$SECONDS hosts_pid=
    rm -f "$lab_state"/log/{packages,base,hosts,product} "${product_build:-$lab_state}/extension.log"
    plan_layers >"$lab_state/plan.new"
    mv "$lab_state/plan.new" "$lab_state/plan"
    undo_at_last "rm -f '$lab_state/plan'"
    show_progress "$lab_state/plan"
    if [ ! -d "$base" ] || [ ! -d "$hosts" ]; then
        enough_space 5
        say "making the image, once: Debian, both PostgreSQLs (logs in $lab_state/log)"
        begin_image
    fi
    product_is_there || { say "building the product ${product##*/}"; make_product; }
    [ -z "$hosts_pid" ] || end_of "$hosts_pid"
    rm -rf --one-file-system "$lab_layers/packages"
    hide_progress
    no_undo "rm -f '$lab_state/plan'"
    rm -f "$lab_state/plan"
    say "made in $((SECONDS - started)) s"
}

# begin NAME COMMAND…: what is logged under this name; sets $contained_pid, for end_of. Without the lock's descriptor, so
# that nothing it leaves behind could hold the lock.
declare -A begun=() made=() ended=()
begin() {
    start_contained "${@:2}" >"$lab_state/log/$1" 2>&1 </dev/null {layers_lock}>&-
    begun[$contained_pid]=$1
}
# begin_layer NAME FOLDER COMMAND…: COMMAND FOLDER.new, which makes the layer FOLDER
begin_layer() {
    local name=$1 folder=$2
    shift 2
    remove_layer "$folder.new"
    undo_at_last "remove_layer '$folder.new'"
    mkdir "$folder.new"
    begin "$name" "$@" "$folder.new"
    made[$contained_pid]=$folder
}

# end_of PID: returns when it has ended well. What else ends meanwhile is taken, too: a layer that is whole, or a failure.
end_of() {
    local folder
    until [ -n "${ended[$1]:-}" ]; do
        wait_contained
        [ "$contained_code" = 0 ] || tell_failure "${begun[$contained_pid]}"
        ended[$contained_pid]=yes
        echo "@done" >>"$lab_state/log/${begun[$contained_pid]}"
        folder=${made[$contained_pid]:-}
        if [ -n "$folder" ]; then
            rm -rf --one-file-system "$folder.new"/{work,mount,none}
            mv "$folder.new" "$folder"
            no_undo "remove_layer '$folder.new'"
        fi
    done
}

# tell_failure NAME: of what was logged under it: the reason where it is one that a person can end
tell_failure() {
    local log=$lab_state/log/$1 reason
    hide_progress
    if grep -qE "No space left on device|enough free space" "$log"; then
        die "no space left in $lab_state: free some, or set PGAF_LAB_DIR to a folder with 5 GB free"
    elif [ "$1" = product ]; then
        { grep -E -A 3 "error:|^CMake Error|^make: [*]" "$log" || tail -n 20 "$log"; } | head -n 40 | cut -c 1-200 >&2
        die "the product does not build; the whole output is in $log"
    fi
    reason=$(sed -n 's/^E: Failed to fetch [^ ]* *//p' "$log" | head -n 1)
    [ -z "$reason" ] || die "this machine cannot fetch Debian's packages ($reason): see to its network or its proxy, then say the same again"
    tail -n 15 "$log" >&2
    die "making the layer $1 failed; the whole output is in $log"
}
