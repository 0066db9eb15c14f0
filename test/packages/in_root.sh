#!/bin/bash
# in_root.sh PACKAGE…: on a Debian with these packages' dependencies, the .deb files as a tar on standard input: installs
# them, upgrades them, removes them, and looks at what they leave.
set -euo pipefail
mkdir /packages
cd /packages
tar -x
fail() { echo "FAILED: $*" >&2; exit 1; }
# what a package may change that is not its own: caches and logs of dpkg, man-db and systemd
everything() {
    find / -xdev \( -path /packages -o -path /proc -o -path /run -o -path /tmp -o -path /var/log -o -path /var/cache \
        -o -path '/var/lib/dpkg/*' -o -path '/root/*' \) -prune -o -print | sort
}
install_them() { dpkg -i "$@" >/packages/log 2>&1 || { cat /packages/log; fail "dpkg -i $*"; }; }
files=()
for name in "$@"; do files+=("$name"_[0-9]*.deb); done

everything >/packages/before
install_them "${files[@]}"
pgaf-upgrade version
# the page as it is shown, and without a warning of groff
man --warnings pgaf-upgrade 2>/packages/warnings | grep -q discard-new-data || fail "man pgaf-upgrade"
man --warnings pgaf-upgrade.conf 2>>/packages/warnings | grep -q limit-factor || fail "man pgaf-upgrade.conf"
[ ! -s /packages/warnings ] || { cat /packages/warnings; fail "man warns"; }
bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader pgaf-upgrade || true
    complete -p pgaf-upgrade' | grep -q _pgaf_upgrade || fail "completion is not found"
systemd-analyze verify pgaf-upgrade.timer pgaf-upgrade.service || fail "systemd does not like the units"
[ ! -e /etc/systemd/system/timers.target.wants/pgaf-upgrade.timer ] || fail "the timer is enabled"
for name in "$@"; do
    ! dpkg -L "$name" | grep -E '/pgautofailover[^/]*$' || fail "$name has a file of pg_auto_failover's name"
    dpkg --verify "$name"
done

# a later version, whose configuration file is another one, over one that was changed
echo "limit-factor = 2" >>/etc/pgaf-upgrade.conf
cp /etc/pgaf-upgrade.conf changed
newer=()
for file in "${files[@]}"; do
    dpkg-deb -R "$file" tree
    sed -i 's/^Version: .*/Version: 99.0-1/' tree/DEBIAN/control
    if [ -e tree/etc/pgaf-upgrade.conf ]; then
        echo "# of a later version" >>tree/etc/pgaf-upgrade.conf
        sed -i "s|^[0-9a-f]*  etc/pgaf-upgrade.conf|$(md5sum <tree/etc/pgaf-upgrade.conf | cut -d ' ' -f 1)  etc/pgaf-upgrade.conf|" tree/DEBIAN/md5sums
    fi
    dpkg-deb --root-owner-group -b tree "newer-$file" >/dev/null
    newer+=("newer-$file")
    rm -r tree
done
install_them --force-confdef --force-confold "${newer[@]}"
[ "$(dpkg-query -W -f '${Version}' pgaf-upgrade)" = 99.0-1 ] || fail "it was not upgraded"
cmp changed /etc/pgaf-upgrade.conf || fail "the upgrade did not keep the changed configuration file"
[ -e /etc/pgaf-upgrade.conf.dpkg-dist ] || fail "the later configuration file is not beside the changed one"
pgaf-upgrade version

dpkg --remove "$@" >/dev/null
[ ! -e /usr/bin/pgaf-upgrade ] || fail "removed, and still there"
cmp changed /etc/pgaf-upgrade.conf || fail "removal took the configuration file"
dpkg --purge pgaf-upgrade >/dev/null # the others had nothing to keep
everything >/packages/after
diff /packages/before /packages/after || fail "purge leaves something"
echo "installed, upgraded, removed and purged: $*"
