#!/bin/bash
# product-recipe.sh BASE BUILD DIR: builds the sources in BUILD/tree, with what is built of them there already, and
# makes DIR/root the layer of what they install. PID 1 of namespaces of its own.
#
# It may be cut short at any moment: ninja knows what it has finished; make does not, and begins anew then.
set -euo pipefail
base=$1 build=$2 dir=$3
. "${BASH_SOURCE[0]%/*}/root.sh"
source=/usr/src/pgaf_upgrade

enter_build() {
    mkdir "$dir"/{root,work,mount}
    ip link set lo up
    mount -t tmpfs tmpfs "$dir/work"
    mkdir "$dir"/work/{upper,work}
    mount_root "$base" "$dir/work/upper" "$dir/work/work" "$dir/mount"
    # The layer is no overlay's upper folder: there, a folder that the base does not have would hide the one of the same
    # name in the layer between the two.
    mkdir -p "$dir/root$source" "$dir/mount$source" "$dir"/mount/run/{layer,build,ccache}
    mount --bind "$build/tree" "$dir/mount$source"
    mount --bind "$build" "$dir/mount/run/build"
    mount --bind "$build/ccache" "$dir/mount/run/ccache"
    mount --bind "$dir/root" "$dir/mount/run/layer"
    enter_root "$dir/mount"
}

make_extension() { make -C "$1" PG_CONFIG="/usr/lib/postgresql/${1##*-}/bin/pg_config" "${@:2}"; }

# number_compiled DONE TOTAL: says how far make is as ninja does
number_compiled() {
    local line done=$1
    while IFS= read -r line; do
        case $line in *" -c "*) printf '[%d/%d] ' $((++done)) "$2" ;; esac
        echo "$line"
    done
}

# for each PostgreSQL in its folder
build_extensions() {
    local folders folder before=0 total=0
    declare -A missing
    mapfile -t folders < <(find /run/build -maxdepth 1 -type d -name 'extension-*' | sort)
    for folder in "${folders[@]}"; do
        # what was cut short has left objects that are not whole, and those of another Makefile are others
        if [ -e "$folder/building" ] || ! cmp -s "$folder/Makefile" "$folder/built-by"; then
            make_extension "$folder" -s clean
        fi
        cp "$folder/Makefile" "$folder/built-by"
        : >"$folder/building"
        missing[$folder]=$(make_extension "$folder" -n | grep -c -e ' -c ' || true)
        total=$((total + missing[$folder]))
    done
    for folder in "${folders[@]}"; do
        make_extension "$folder" -j"$(nproc)" | number_compiled "$before" "$total"
        make_extension "$folder" -s install
        rm "$folder/building"
        before=$((before + missing[$folder]))
    done
    echo "@done"
}

build_helper() {
    # with the points at which tests have the helper die
    local options=(-G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_INSTALL_PREFIX=/usr -DFAULT_POINTS=ON)
    if [ ! -e "$source/build/build.ninja" ] || [ "$(cat "$source/build/configured-by")" != "${options[*]}" ]; then
        cmake -S "$source" -B "$source/build" "${options[@]}"
        echo "${options[*]}" >"$source/build/configured-by"
    fi
    # ninja itself tells how many steps there are when it has done one
    echo "@total $(ninja -C "$source/build" -n 2>/dev/null | grep -c '^\[' || true)"
    cmake --build "$source/build"
}

# The sources, and of the build what is run or installed from it once more.
add_sources() {
    tar -C "$source" --owner=0 --group=0 --exclude='*.o' --exclude='*.a' --exclude='CMakeFiles' --exclude='.ninja*' \
        --exclude='build.ninja' --exclude='compile_commands.json' -c . | tar -C "$DESTDIR$source" -x
}

make_layer() {
    local extension ended
    enter_build
    export PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 NINJA_STATUS='[%f/%t] '
    export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_DIR=/run/ccache CCACHE_MAXSIZE=1G
    export DESTDIR=/run/layer
    build_extensions >/run/build/extension.log 2>&1 &
    extension=$!
    build_helper &
    for _ in 1 2; do
        # the first that fails ends the other
        wait -n -p ended || { [ "$ended" != "$extension" ] || cat /run/build/extension.log; exit 1; }
    done
    cmake --install "$source/build" >/dev/null
    add_sources
}

# read to its end before it begins, whatever becomes of this file meanwhile
make_layer
exit
