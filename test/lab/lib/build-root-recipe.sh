#!/bin/bash
# build-root-recipe.sh IMAGE SUITE DIR: makes DIR a Debian of that suite (bookworm, trixie) in which packages are
# built, looked at and installed. The mirror is that of the laboratory's IMAGE.
#
# It has one PostgreSQL with its server, its suite's own, and of the other what extensions are built with.
set -euo pipefail

packages=(
    g++ make cmake ninja-build pkg-config ccache libpq-dev libssl-dev libcli11-dev nlohmann-json3-dev libspdlog-dev libzstd-dev
    libfmt-dev debhelper fakeroot lintian rpm scdoc
    # to install what was built, and to look at it
    systemd man-db mandoc bash-completion
)
declare -A own=([bookworm]=15 [trixie]=17)
declare -A boost=([bookworm]=libboost1.81-dev [trixie]=libboost-dev)

before_packages() {
    mkdir -p "$1/etc/postgresql-common"
    echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"
}

# The other suite's PostgreSQL is unpacked and not installed: it would bring half of that suite with it.
after_packages() {
    local other=trixie
    [ "$SUITE" = bookworm ] || other=bookworm
    sed "s/ $SUITE main/ $other main/" "$1/etc/apt/sources.list" >"$1/etc/apt/sources.list.d/other.list"
    # shellcheck disable=SC2016 # expanded in the new root
    chroot "$1" sh -euc 'mkdir /root/other; cd /root/other; apt-get -qq update
        apt-get -qq -o APT::Sandbox::User=root download "postgresql-client-$1" "postgresql-server-dev-$1"
        for package in *.deb; do dpkg -x "$package" /; done
        rm -r /root/other
        # the newer suite'"'"'s program needs its C library: the one that is there says the same, but for the number
        program=/usr/lib/postgresql/$1/bin/pg_config
        if ! "$program" --version >/dev/null 2>&1; then
            printf "#!/bin/sh\n/usr/lib/postgresql/%s/bin/pg_config \"\$@\" | sed s/%s/%s/g\n" "$2" "$2" "$1" >"$program"
        fi' sh "${own[$other]}" "${own[$SUITE]}"
    rm "$1/etc/apt/sources.list.d/other.list"
}

make_root() {
    local source
    source=$(grep " trixie main" "$IMAGE/etc/apt/sources.list" | sed "s/ trixie main/ $SUITE main/")
    # shellcheck disable=SC2016 # mmdebstrap gives the new root to its hooks as $1
    mmdebstrap --verbose --variant=minbase --mode=root --dpkgopt=force-unsafe-io --aptopt='Acquire::Languages "none"' \
        --include="$(IFS=,; echo "${packages[*]},${boost[$SUITE]},postgresql-${own[$SUITE]},postgresql-${own[$SUITE]}-auto-failover,postgresql-server-dev-${own[$SUITE]}")" \
        --setup-hook='"$RECIPE" "" "" "$1" before_packages' \
        --customize-hook='"$RECIPE" "" "$SUITE" "$1" after_packages' \
        "$SUITE" "$1" "$source"
}

if [ -n "${4:-}" ]; then
    "$4" "$3"
else
    export LC_ALL=C.UTF-8 RECIPE IMAGE=$1 SUITE=$2
    RECIPE=$(readlink -f "$0")
    make_root "$3"
fi
