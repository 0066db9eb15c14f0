#!/bin/bash
# image-recipe.sh DIR: makes DIR the root file system of the laboratory's hosts.
#
# Debian trixie with bookworm as a second source: PostgreSQL 15 and pg_auto_failover 2.0 (bookworm)
# beside PostgreSQL 17 and pg_auto_failover 2.2 (trixie), each pg_autoctl in its PostgreSQL's own
# bindir, what the extension and the helper are built with, and systemd as init.
# With LAB_TARGET=18, PostgreSQL 18 and its pg_auto_failover beside them, from forky, the next Debian.
# The image is named after the hash of this file, so a change here makes a new one.
set -euo pipefail
target=${LAB_TARGET:-17}

packages=(
    # a host's own
    systemd-sysv dbus sudo cron procps iproute2 locales openssl ca-certificates less tmux
    python3-minimal python3-psycopg2
    # the two PostgreSQLs; contrib is in the server packages
    postgresql-15 postgresql-server-dev-15
    postgresql-17 postgresql-server-dev-17 postgresql-17-auto-failover pg-auto-failover-cli
    # what builds the project
    g++ make cmake ninja-build pkg-config ccache libpq-dev libboost1.83-dev libboost-filesystem1.83-dev
    libcli11-dev nlohmann-json3-dev libspdlog-dev libzstd-dev libfmt-dev libgtest-dev
    # what PostGIS's library needs; GDAL and SFCGAL are left out, and with them what is built upon these
    libgeos-c1t64 libproj25 libjson-c5 libprotobuf-c1 libxml2
)

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
proxy_options() {
    local scheme proxy
    for scheme in http https; do
        proxy=
        eval "$(apt-config shell proxy Acquire::$scheme::Proxy)"
        [ -z "$proxy" ] || echo "--aptopt=Acquire::$scheme::Proxy \"$proxy\""
    done
}

before_packages() {
    mkdir -p "$1/etc/postgresql-common"
    echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"
    [ "$target" = 17 ] || prefer_trixie "$1"
}
# Of forky only what PostgreSQL 18 needs: the C library and libpq, with what goes by them, and what trixie does not have.
prefer_trixie() {
    cat >"$1/etc/apt/preferences.d/forky" <<'PINS'
Package: *
Pin: release n=forky
Pin-Priority: 100

Package: libc6 libc6-dev libc-bin libc-dev-bin libc-l10n libc-gconv-modules-extra locales libpq5 libpq-dev pg-auto-failover-cli
Pin: release n=forky
Pin-Priority: 990
PINS
}
# Its headers are unpacked: the package would bring a compiler of its own.
add_headers() {
    # shellcheck disable=SC2016 # expanded in the new root
    chroot . sh -euc 'mkdir /root/headers; cd /root/headers
        apt-get -qq -o APT::Sandbox::User=root download "postgresql-server-dev-$1"
        dpkg -x *.deb /
        rm -r /root/headers' sh "$target"
}
# PostGIS of each suite for its PostgreSQL; both need the libraries that they share to be of one suite, and get
# the newer ones. The package's own alternatives name the extensions without the version. postgis_tiger_geocoder is left
# out: its script of 3.5 finds no soundex() where pg_restore makes it.
add_postgis() {
    local major extension
    mkdir root/postgis
    for major in 15 17; do
        # shellcheck disable=SC2016 # expanded in the new root
        chroot . sh -euc 'cd /root/postgis
            apt-get -qq -o APT::Sandbox::User=root download "postgresql-$1-postgis-3" "postgresql-$1-postgis-3-scripts"
            for package in *.deb; do dpkg -x "$package" /; done
            rm -- *.deb' sh "$major"
        for extension in postgis postgis_topology address_standardizer address_standardizer_data_us; do
            ln -s "$extension-3.control" "usr/share/postgresql/$major/extension/$extension.control"
        done
    done
    rmdir root/postgis
}

# apt still works in the new root then
after_packages() {
    cd "$1"
    add_postgis
    [ "$target" = 17 ] || add_headers
    # Debian's packages put pg_autoctl in /usr/bin, where there is room for one: 2.0 is unpacked
    # by hand and each goes into its own bindir, as VMware's and PGDG's packages have it
    [ "$target" = 17 ] || cp usr/bin/pg_autoctl "usr/lib/postgresql/$target/bin/"
    mv usr/bin/pg_autoctl usr/lib/postgresql/17/bin/
    mkdir -p root/pgaf15/cli
    chroot . sh -c 'cd /root/pgaf15 &&
        apt-get -qq -o APT::Sandbox::User=root download postgresql-15-auto-failover=2.0\* pg-auto-failover-cli=2.0\* &&
        dpkg -x postgresql-15-auto-failover_*.deb / && dpkg -x pg-auto-failover-cli_*.deb cli'
    mv root/pgaf15/cli/usr/bin/pg_autoctl usr/lib/postgresql/15/bin/
    rm -r root/pgaf15 etc/resolv.conf

    printf '%s UTF-8\n' en_US.UTF-8 de_DE.UTF-8 >etc/locale.gen
    chroot . locale-gen >/dev/null

    # Units that need hardware, consoles or the network beyond the laboratory, and Debian's own
    # management of PostgreSQL clusters, which is pg_autoctl's task here
    local unit
    for unit in systemd-logind.service systemd-udevd.service systemd-udev-trigger.service \
        systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-modules-load.service \
        systemd-sysctl.service systemd-binfmt.service systemd-resolved.service systemd-networkd.service \
        systemd-networkd.socket systemd-timesyncd.service systemd-firstboot.service \
        systemd-hostnamed.socket systemd-remount-fs.service systemd-logind-varlink.socket \
        systemd-machine-id-commit.service systemd-pcrphase.service systemd-random-seed.service \
        getty.target getty@.service console-getty.service container-getty@.service serial-getty@.service \
        tmp.mount dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount \
        sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
        proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount \
        apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
        e2scrub_reap.service man-db.timer systemd-tmpfiles-clean.timer \
        postgresql.service postgresql@.service; do
        ln -sf /dev/null "etc/systemd/system/$unit"
    done
    ln -sf /lib/systemd/system/multi-user.target etc/systemd/system/default.target
    # the journal outlives a power cut, and drops nothing of what pg_autoctl says
    mkdir -p var/log/journal etc/systemd/journald.conf.d
    printf '[Journal]\nRateLimitIntervalSec=0\nSystemMaxUse=200M\n' >etc/systemd/journald.conf.d/lab.conf
}

make_root() {
    local mirror keyring proxy sources=()
    mirror=$(debian_mirror)
    if [ "$target" != 17 ]; then
        packages+=("postgresql-$target" "postgresql-$target-auto-failover")
        # which changes daily, and a mirror may lag behind
        sources=("deb [signed-by=KEYRING check-valid-until=no] $mirror forky main")
    fi
    mapfile -t proxy < <(proxy_options)
    for keyring in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do [ ! -e "$keyring" ] || break; done
    export LC_ALL=C.UTF-8 RECIPE
    RECIPE=$(readlink -f "$0")
    # shellcheck disable=SC2016 # mmdebstrap gives the new root to its hooks as $1
    mmdebstrap --quiet --variant=minbase --mode=root \
        "${proxy[@]}" --dpkgopt=force-unsafe-io --aptopt='Acquire::Languages "none"' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --include="$(IFS=,; echo "${packages[*]}")" \
        --setup-hook='"$RECIPE" "$1" before_packages' \
        --customize-hook='"$RECIPE" "$1" after_packages' \
        trixie "$1" \
        "deb [signed-by=$keyring] $mirror trixie main" \
        "deb [signed-by=$keyring] $mirror bookworm main" "${sources[@]/KEYRING/$keyring}"
}

# mmdebstrap calls this file again for the steps that are its hooks
"${2:-make_root}" "$1"
