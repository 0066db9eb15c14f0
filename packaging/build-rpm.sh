#!/bin/bash
# build-rpm.sh [--with tanzu]: in a Debian with the build dependencies, the sources as a tar on standard input: builds
# the packages and their source package, and writes them as a tar to standard output. Debian's PostgreSQL stands in
# for that of the layout, so that the paths are right and the programs are Debian's: on the system itself,
# rpmbuild --rebuild of the source package makes those to install.
set -euo pipefail
layout=${2:+/opt/vmware/postgres/}
layout=${layout:-/usr/pgsql-}
exec 3>&1 1>&2

version=$(mktemp -d)
tar -C "$version" -x
name=pgaf-upgrade-$(sed -n 's/^Version: *//p' "$version/packaging/rpm/pgaf-upgrade.spec")
mkdir -p /build/SOURCES /build/standin
mv "$version" "/build/$name"
tar -C /build -czf "/build/SOURCES/$name.tar.gz" "$name"
defines=()
for major in 15 17; do
    cat >"/build/standin/pg_config_$major" <<END
#!/bin/sh
case \$1 in
--pkglibdir) echo $layout$major/lib ;;
--sharedir) echo $layout$major/share ;;
--docdir) echo $layout$major/doc ;;
*) exec /usr/lib/postgresql/$major/bin/pg_config "\$@" ;;
esac
END
    chmod 755 "/build/standin/pg_config_$major"
    defines+=(--define "pg_config_$major /build/standin/pg_config_$major")
done
export PATH=/usr/lib/ccache:$PATH CCACHE_DIR=/run/ccache CCACHE_BASEDIR=/build CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=1G
# --nodeps: what it needs is here under Debian's names
rpmbuild -ba --nodeps --define "_topdir /build" --define "debug_package %{nil}" "${defines[@]}" "$@" \
    "/build/$name/packaging/rpm/pgaf-upgrade.spec"
find /build/RPMS /build/SRPMS -name '*.rpm' -exec mv -t /build {} +
cd /build
tar -c ./*.rpm >&3
