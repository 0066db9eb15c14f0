#!/bin/bash
# product-recipe.sh IMAGE CACHE TREE LIST DIR: makes DIR/root the layer above IMAGE with the source
# tree's files named in LIST built and installed. PID 1 of namespaces of its own.
#
# The build starts from nothing each time; what makes it quick is ccache, which goes by contents.
# CACHE keeps its files between builds.
set -euo pipefail
image=$1 cache=$2 tree=$3 list=$4 dir=$5
. "${BASH_SOURCE[0]%/*}/root.sh"

mkdir "$dir/root" "$dir/work" "$dir/mount"
ip link set lo up
mount_root "$image" "$dir/root" "$dir/work" "$dir/mount"
source=/usr/src/pgaf_upgrade
mkdir -p "$dir/mount$source" "$dir/mount/run/ccache"
mount --bind "$cache" "$dir/mount/run/ccache"
tar -C "$tree" --null -T "$list" --owner=0 --group=0 -c | tar -C "$dir/mount$source" -x

enter_root "$dir/mount"
export PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_DIR=/run/ccache CCACHE_MAXSIZE=1G
for pg_config in /usr/lib/postgresql/*/bin/pg_config; do
    make -C "$source" clean PG_CONFIG="$pg_config"
    make -C "$source" -j"$(nproc)" install PG_CONFIG="$pg_config"
done
make -C "$source" clean PG_CONFIG="$pg_config"
cmake -S "$source" -B "$source/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DBUILD_TESTING=OFF -DFAULT_POINTS=ON \
    -DCMAKE_INSTALL_PREFIX=/usr
cmake --build "$source/build"
cmake --install "$source/build"
