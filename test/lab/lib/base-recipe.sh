#!/bin/bash
# base-recipe.sh PACKAGES fetch: this layer's packages into the folder PACKAGES
# base-recipe.sh PACKAGES build DIR: makes DIR/root of them
#
# The lowest layer: a Debian with what the project is built with. It has the headers of every PostgreSQL and no server.
# The layer is named after the hash of this file and packages.sh, so a change in either makes a new one.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/packages.sh"

fetch_base() {
    fetch_lists "$packages"
    fetch "${essential[@]}" "${build_tools[@]}"
    # What extensions are built with is unpacked: installed, it would bring a clang and an LLVM each, of a gigabyte.
    fetch_unpacked base "${majors[@]/#/postgresql-server-dev-}" "${majors[@]/#/postgresql-client-}"
}

build_base() {
    local dir=$1 options sources
    use_packages "$packages"
    mkdir -p "$dir"/{root,none,work,mount}
    # volatile: nothing of a layer that is not whole is needed after a crash
    mount -t overlay overlay -o "lowerdir=$dir/none,upperdir=$dir/root,workdir=$dir/work,volatile" "$dir/mount"
    mapfile -t options < <(proxies)
    options=("${options[@]/#/--aptopt=}")
    mapfile -t sources <"$packages/sources.list"
    export RECIPE
    RECIPE=$(readlink -f "$0")
    echo "@total $(find "$packages/archives" -name '*.deb' | wc -l)"
    # shellcheck disable=SC2016 # mmdebstrap gives the new root to its hooks as $1
    env -u APT_CONFIG mmdebstrap --verbose --variant=apt --mode=root --skip=update,cleanup/apt/lists \
        "${options[@]}" --aptopt='Acquire::Languages "none"' \
        --include="$(IFS=,; echo "${build_tools[*]}")" \
        --setup-hook='"$RECIPE" "$PACKAGES" before_packages "$1"' \
        --customize-hook='"$RECIPE" "$PACKAGES" after_packages "$1"' \
        trixie "$dir/mount" "${sources[@]}"
}

before_packages() {
    mkdir -p "$1/var/cache/apt/archives" "$1/var/lib/apt/lists" "$1/etc/apt/preferences.d"
    # given to mmdebstrap as options, these would have a filter in Python started for each package
    mkdir -p "$1/etc/dpkg/dpkg.cfg.d"
    printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/man/*' 'path-exclude=/usr/share/doc/*' >"$1/etc/dpkg/dpkg.cfg.d/lab"
    cp -r "$packages"/lists/* "$1/var/lib/apt/lists/"
    cp "$packages"/archives/*.deb "$1/var/cache/apt/archives/"
    [ ! -s "$packages/preferences" ] || cp "$packages/preferences" "$1/etc/apt/preferences.d/forky"
}

after_packages() {
    local deb
    for deb in "$packages"/unpacked/base/postgresql-server-dev-*.deb; do dpkg -x "$deb" "$1"; done
    for deb in "$packages"/unpacked/base/postgresql-client-*.deb; do
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$1" --wildcards '*/bin/pg_config' '*/lib/pgxs/*'
    done
    rm -rf "$1"/usr/share/{man,doc}/* "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1/etc/resolv.conf"
}

packages=$1
export PACKAGES=$packages
case $2 in
fetch) fetch_base ;;
build) build_base "$3" ;;
# mmdebstrap calls this file again for the steps that are its hooks
*) "$2" "$3" ;;
esac
