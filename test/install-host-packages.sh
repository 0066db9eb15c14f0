#!/bin/bash
# install-host-packages.sh [PACKAGE…]: what `make check` and `make demo` need on the machine itself, from
# Debian's packages, and those named; says what it installs, and nothing when all is there. The
# laboratory installs its own.
set -euo pipefail

[ "$(id -u)" = 0 ] || { echo "make check and make demo need root: the laboratory makes hosts of namespaces" >&2; exit 1; }

packages=(cmake ninja-build g++ make pkg-config git python3 python3-pytest python3-jsonschema
    python3-prometheus-client libcli11-dev libfmt-dev libgtest-dev libpq-dev libssl-dev libspdlog-dev libzstd-dev
    nlohmann-json3-dev scdoc mandoc bash-completion "$@")
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
# Boost.Process v2 came with 1.81: Debian 12 has it beside its default, Debian 13's default is later
boost=$(find /usr/include/boost/process/v2.hpp 2>/dev/null || true)
if [ "${#missing[@]}" -gt 0 ] || [ -z "$boost" ]; then
    apt-get update -qq
    if [ -z "$boost" ]; then
        # `apt-cache show` also succeeds for a name that only other packages mention
        if [ -n "$(apt-cache madison libboost1.81-dev)" ]; then
            missing+=(libboost1.81-dev)
        else
            missing+=(libboost-dev)
        fi
    fi
    echo "installing: ${missing[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
