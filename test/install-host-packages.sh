#!/bin/bash
# install-host-packages.sh [tests [all]]: what `make demo` needs on the machine itself, and what `make check` and `make
# check-all` need beside that, from Debian's packages. Says what it installs, and nothing when all is there. What the
# laboratory needs it installs itself; everything else is in its image.
set -euo pipefail

if [ "$(id -u)" != 0 ]; then
    echo "this needs root, since its hosts are made of namespaces: say it with sudo" >&2
    exit 1
fi
if ! command -v apt-get >/dev/null; then
    echo "this needs a machine with Debian 12 or 13" >&2
    exit 1
fi

packages=(python3)
for what in "$@"; do
    case $what in
    tests) packages+=(git python3-pytest python3-pytest-xdist python3-jsonschema python3-prometheus-client) ;;
    # a clock that can be set, and the RPMs
    all) packages+=(libfaketime rpm) ;;
    esac
done
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

echo "installing on this machine: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
} >"$log" 2>&1 </dev/null &
while kill -0 $! 2>/dev/null; do
    sleep 1
    [ $((SECONDS % 8)) != 0 ] || echo "still installing, $SECONDS s"
done
if ! wait $!; then
    grep '^E:' "$log" | head -n 3 >&2 || tail -n 3 "$log" >&2
    echo "Debian's packages could not be installed: look at this machine's network and at apt's sources, then say it again" >&2
    exit 1
fi
