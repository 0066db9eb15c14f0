#!/bin/bash
# hosts-recipe.sh PACKAGES BASE DIR: makes DIR/root, the layer above BASE/root: with it, the hosts' root file system.
#
# PostgreSQL 15 and pg_auto_failover 2.0 (bookworm) beside PostgreSQL 17 and pg_auto_failover 2.2 (trixie), with
# LAB_TARGET=18 PostgreSQL 18 and its pg_auto_failover beside them (forky), each pg_autoctl in its PostgreSQL's own
# bindir, systemd as init, and the tools that look at the sources. PID 1 of namespaces of its own, beside those in which
# BASE is made: it fetches its packages into the folder PACKAGES, and waits for BASE.
# The layer is named after the hash of this file and of what BASE is made from.
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/packages.sh"
. "${BASH_SOURCE[0]%/*}/root.sh"
packages=$1 base=$2 dir=$3

wanted=(
    # a host's own
    systemd-sysv dbus sudo cron procps iproute2 locales openssl less tmux
    python3-minimal python3-psycopg2 strace
    # the PostgreSQLs; contrib is in the server packages
    "${majors[@]/#/postgresql-}" postgresql-17-auto-failover pg-auto-failover-cli
    # what PostGIS's library needs; GDAL and SFCGAL are left out, and with them what is built upon these
    libgeos-c1t64 libproj25 libjson-c5 libprotobuf-c1 libxml2
    # what the sources and the documentation are looked at with, the same whatever this machine has
    clang-format shellcheck pyflakes3 pycodestyle mandoc bash-completion
    python3-pytest python3-jsonschema python3-prometheus-client
)
[ "$target" = 17 ] || wanted+=("postgresql-$target-auto-failover")

fetch_hosts() {
    use_packages "$packages"
    fetch "${essential[@]}" "${build_tools[@]}" "${wanted[@]}"
    fetch_unpacked hosts postgresql-15-auto-failover=2.0\* pg-auto-failover-cli=2.0\* \
        postgresql-{15,17}-postgis-3 postgresql-{15,17}-postgis-3-scripts
}

install_packages() {
    # no service is started where there is no init
    printf '#!/bin/sh\nexit 101\n' >usr/sbin/policy-rc.d
    chmod 755 usr/sbin/policy-rc.d
    mkdir -p etc/postgresql-common
    echo "create_main_cluster = false" >etc/postgresql-common/createcluster.conf
    # all that was fetched but what is there
    echo "@total $(($(find run/packages/archives -name '*.deb' | wc -l) - $(grep -c ^Package: var/lib/dpkg/status)))"
    apt-get "${apt_options[@]}" -y install "${wanted[@]}"
    rm usr/sbin/policy-rc.d
}

# PostGIS of each suite for its PostgreSQL; both need the libraries that they share to be of one suite, and get
# the newer ones. The package's own alternatives name the extensions without the version. postgis_tiger_geocoder is left
# out: its script of 3.5 finds no soundex() where pg_restore makes it.
add_postgis() {
    local major extension deb
    for deb in run/packages/unpacked/hosts/*-postgis-3*.deb; do dpkg -x "$deb" .; done
    for major in 15 17; do
        for extension in postgis postgis_topology address_standardizer address_standardizer_data_us; do
            ln -s "$extension-3.control" "usr/share/postgresql/$major/extension/$extension.control"
        done
    done
}

# Debian's packages put pg_autoctl in /usr/bin, where there is room for one: 2.0 is unpacked
# by hand and each goes into its own bindir, as VMware's and PGDG's packages have it
place_autoctl() {
    [ "$target" = 17 ] || cp usr/bin/pg_autoctl "usr/lib/postgresql/$target/bin/"
    mv usr/bin/pg_autoctl usr/lib/postgresql/17/bin/
    dpkg -x run/packages/unpacked/hosts/postgresql-15-auto-failover_*.deb .
    dpkg-deb --fsys-tarfile run/packages/unpacked/hosts/pg-auto-failover-cli_*.deb |
        tar -x -C usr/lib/postgresql/15/bin --strip-components=3 ./usr/bin/pg_autoctl
}

settings() {
    local unit
    # Units that need hardware, consoles or the network beyond the laboratory, and Debian's own
    # management of PostgreSQL clusters, which is pg_autoctl's task here
    for unit in systemd-logind.service systemd-udevd.service systemd-udev-trigger.service \
        systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-modules-load.service \
        systemd-sysctl.service systemd-binfmt.service systemd-resolved.service systemd-networkd.service \
        systemd-networkd.socket systemd-timesyncd.service systemd-firstboot.service \
        systemd-hostnamed.socket systemd-remount-fs.service systemd-logind-varlink.socket \
        systemd-tmpfiles-setup-dev-early.service systemd-tmpfiles-setup-dev.service run-lock.mount \
        systemd-ask-password-console.path systemd-ask-password-wall.path systemd-initctl.socket systemd-creds.socket \
        systemd-sysext.socket ldconfig.service systemd-sysusers.service systemd-journal-catalog-update.service \
        systemd-update-done.service systemd-machine-id-commit.service systemd-pcrphase.service systemd-random-seed.service \
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
    fetch_hosts
    until [ -d "$base" ]; do sleep 0.1; done
    mkdir "$dir"/{root,work,mount}
    mount_root "$base/root" "$dir/root" "$dir/work" "$dir/mount" volatile
    mkdir "$dir/mount/run/packages"
    mount --bind "$packages" "$dir/mount/run/packages"
    enter_root "$dir/mount"
    unset APT_CONFIG
    apt_options=(-o Dir::State::Lists=/run/packages/lists -o Dir::Cache::Archives=/run/packages/archives
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Install-Recommends=false)
    install_packages
    add_postgis
    place_autoctl
    printf '%s UTF-8\n' en_US.UTF-8 de_DE.UTF-8 >etc/locale.gen
    locale-gen >/dev/null
    settings
    rm -rf var/cache/apt/*.bin var/log/apt var/log/dpkg.log
}

# read to its end before it begins, whatever becomes of this file meanwhile
make_root
exit
