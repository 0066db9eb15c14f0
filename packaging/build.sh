#!/bin/bash
# build.sh: all packages, into build/packages/: .deb for Debian 12 and 13, each built on its own Debian in the
# laboratory, and .rpm in the layouts of PGDG and of Tanzu.
set -euo pipefail
cd "${BASH_SOURCE[0]%/*}/.."
lab=test/lab/lab
folder=${1:-build/packages}

sources() { git -c safe.directory='*' ls-files -z -co --exclude-standard | tar --null --owner=0 --group=0 -T - -c; }
# build FOLDER SUITE SCRIPT [ARG…]: only a whole set of packages replaces the one that is there
build() {
    local target=$folder/$1 suite=$2 script=$3
    shift 3
    rm -rf "$target.new"
    mkdir -p "$target.new"
    if ! sources | "$lab" exec --suite "$suite" bash -c "$(cat "packaging/$script")" bash "$@" 2>"$target.log" |
        tar -C "$target.new" -x; then
        tail -n 40 "$target.log" >&2
        exit 1
    fi
    rm -rf "$target"
    mv "$target.new" "$target"
    find "$target" -type f | sort
}

build debian12 bookworm build-deb.sh deb12
build debian13 trixie build-deb.sh deb13
build rpm-pgdg trixie build-rpm.sh
build rpm-tanzu trixie build-rpm.sh --with tanzu
