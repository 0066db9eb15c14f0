# The image: the two lower layers. The packages of the upper one are fetched while the lower one is made.
# shellcheck shell=bash

# name_image: sets $base and $hosts to their folders, there or not
name_image() {
    local hash
    hash=$(sha256sum <(cat "$lab_lib/packages.sh" "$lab_lib/base-recipe.sh"))
    base=$lab_layers/bases/${hash:0:16}
    hash=$(sha256sum <(echo "${base##*/}" && cat "$lab_lib/hosts-recipe.sh"))
    hosts=$lab_layers/hosts/${hash:0:16}
}

# begin_image: the base, whole, and the hosts' layer begun beside it as $hosts_pid
begin_image() {
    local packages=$lab_layers/packages
    host_packages mmdebstrap=mmdebstrap
    # apt knows no archive where its lists were removed, as containers have it
    [ -n "$(apt-get indextargets 'Created-By: Packages' 2>/dev/null)" ] || apt-get update >"$lab_state/log/host-packages" 2>&1 || true
    mkdir -p "$packages"
    begin packages "$lab_lib/base-recipe.sh" "$packages" fetch
    end_of "$contained_pid"
    if [ ! -d "$hosts" ]; then
        begin_layer hosts "$hosts" "$lab_lib/hosts-recipe.sh" "$packages" "$base"
        hosts_pid=$contained_pid
    fi
    if [ ! -d "$base" ]; then
        begin_layer base "$base" "$lab_lib/base-recipe.sh" "$packages" build
        end_of "$contained_pid"
    fi
}

# enough_space GIGABYTES: free in the laboratory's folder
enough_space() {
    local free
    free=$(df --output=avail -B 1M "$lab_state" | tail -n 1)
    [ "$free" -ge $(($1 * 1000)) ] || die "$lab_state has $((free)) MB free, and $1 GB are needed: free some, or set PGAF_LAB_DIR to another folder"
}

# use_build_root SUITE: sets $build_root to the folder of a Debian to build packages in, locked. Needs $base.
use_build_root() { with_layers_locked use_build_root_locked "$1"; }
use_build_root_locked() {
    local hash
    hash=$(sha256sum <"$lab_lib/build-root-recipe.sh")
    build_root=$lab_state/build-roots/$1-${hash:0:16}
    if [ ! -d "$build_root" ]; then
        mkdir -p "$lab_state/build-roots"
        rm -rf --one-file-system "$lab_state/build-roots/$1"-*
        host_packages mmdebstrap=mmdebstrap
        enough_space 2
        say "making a Debian to build packages in, ${build_root##*/}, once"
        plan_task build-root "Debian to build packages in" packages "$lab_state/log/build-root" 90 310 >"$lab_state/plan"
        show_progress "$lab_state/plan"
        begin_layer build-root "$build_root" "$lab_lib/build-root-recipe.sh" "$base/root" "$1"
        end_of "$contained_pid"
        hide_progress
        rm -f "$lab_state/plan"
    fi
}
