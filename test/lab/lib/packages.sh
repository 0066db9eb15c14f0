# What both layers of the image are made with: Debian's archive as this machine has it, and a folder of packages that
# this machine's own apt fetches, so that the next layer's come while the first is unpacked. Sourced by the recipes.
#
# Debian trixie with bookworm as a second source. With LAB_TARGET=18 forky, the next Debian, for PostgreSQL 18.
# shellcheck shell=bash

target=${LAB_TARGET:-17}
majors=(15 17)
[ "$target" = 17 ] || majors+=("$target")

# The mirror and the proxy are those of this machine: apt knows them. A mirror list counts by its
# first entry, since the file that holds it does not exist in the image.
debian_mirror() {
    local uri
    # shellcheck disable=SC2016 # apt expands it
    uri=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        sed -n 's/^Debian //p' | sed -n 1p)
    case $uri in
    mirror+file:*) uri=$(grep -Eo '^[a-z]+://[^[:space:]]+' "${uri#mirror+file:}" | sed -n 1p) ;;
    esac
    [ -n "$uri" ] || { echo "apt on this machine has no Debian archive among its sources" >&2; return 1; }
    echo "$uri"
}
proxies() {
    local scheme proxy
    for scheme in http https; do
        proxy=
        eval "$(apt-config shell proxy Acquire::$scheme::Proxy)"
        [ -z "$proxy" ] || echo "Acquire::$scheme::Proxy \"$proxy\";"
    done
}

# use_packages FOLDER: apt commands of this machine work on FOLDER from here on, as for a Debian of its own without a
# package; sets $packages
use_packages() {
    packages=$1
    export APT_CONFIG=$packages/apt.conf DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
}

# fetch_lists FOLDER
fetch_lists() {
    local mirror keyring suites="trixie bookworm" suite options configuration
    mirror=$(debian_mirror)
    for keyring in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do [ ! -e "$keyring" ] || break; done
    mkdir -p "$1"/{lists/partial,archives/partial,unpacked}
    [ "$target" = 17 ] || suites+=" forky"
    for suite in $suites; do
        options="signed-by=$keyring"
        # which changes daily, and a mirror may lag behind
        [ "$suite" != forky ] || options+=" check-valid-until=no"
        echo "deb [$options] $mirror $suite main"
    done >"$1/sources.list"
    : >"$1/status"
    : >"$1/preferences"
    [ "$target" = 17 ] || prefer_trixie >"$1/preferences"
    configuration=$(proxies)
    cat >"$1/apt.conf" <<CONF
$configuration
Dir "$1";
Dir::State "$1";
Dir::State::status "$1/status";
Dir::State::lists "$1/lists";
Dir::Cache "$1";
Dir::Cache::archives "$1/archives";
Dir::Etc "$1";
Dir::Etc::sourcelist "$1/sources.list";
Dir::Etc::preferences "$1/preferences";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trustedparts "/dev/null";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "2";
CONF
    use_packages "$1"
    # a mirror that cannot be reached is only a warning otherwise
    apt-get -o APT::Update::Error-Mode=any update
}
# Of forky only what PostgreSQL 18 needs: the C library and libpq, with what goes by them, and what trixie does not have.
prefer_trixie() {
    cat <<'PINS'
Package: *
Pin: release n=forky
Pin-Priority: 100

Package: libc6 libc6-dev libc-bin libc-dev-bin libc-l10n libc-gconv-modules-extra locales libpq5 libpq-dev pg-auto-failover-cli
Pin: release n=forky
Pin-Priority: 990
PINS
}

# what every Debian has
essential=('?narrow(?codename(^trixie$),?essential)' apt)

# fetch PACKAGE…: with all that they need from nothing
fetch() { apt-get -y --download-only install "$@"; }

# fetch_unpacked FOLDER PACKAGE…: what is unpacked and not installed, without what it needs
fetch_unpacked() {
    mkdir -p "$packages/unpacked/$1"
    (cd "$packages/unpacked/$1" && apt-get download "${@:2}")
}

# what the project is built with, in the base, and what a root is entered with; fetched again by name with what the hosts need, so that apt sees one whole
build_tools=(
    mount g++ make cmake ninja-build pkg-config ccache libpq-dev libssl-dev libboost1.83-dev
    libcli11-dev nlohmann-json3-dev libspdlog-dev libzstd-dev libfmt-dev libgtest-dev scdoc
)
