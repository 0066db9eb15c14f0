#!/bin/bash
# build-deb.sh RELEASE: in a Debian with the build dependencies, the sources as a tar on standard input: builds the
# packages as VERSION~RELEASE, lets lintian look at them, and writes them as a tar to standard output.
set -euo pipefail
release=$1
exec 3>&1 1>&2

mkdir -p /build/pgaf-upgrade
cd /build/pgaf-upgrade
tar -x
mv packaging/debian debian
sed -i "1s/(\([^)]*\))/(\1~$release)/" debian/changelog
export PATH=/usr/lib/ccache:$PATH CCACHE_DIR=/run/ccache CCACHE_BASEDIR=/build CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=1G
# -d: what is unpacked for the other major's extension is no package here
DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" dpkg-buildpackage -b -uc -d
cd ..
lintian --allow-root --fail-on error,warning --tag-display-limit 0 ./*.deb
tar -c ./*.deb >&3
