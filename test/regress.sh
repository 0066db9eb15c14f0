#!/bin/bash
# The extension's regression tests against one PostgreSQL: test/regress.sh 15
#
# Needs root, and that PostgreSQL with its server headers and pg_auto_failover installed. Builds and
# installs the extension where that is not the laboratory's own, makes a cluster that no other host or user can reach,
# runs `make installcheck` in it and removes it again. Works on a copy, so that the tree stays clean.
set -euo pipefail

version=${1:?usage: $0 VERSION-OF-POSTGRESQL}
for bindir in "/usr/lib/postgresql/$version/bin" "/usr/pgsql-$version/bin" "$(command -v pg_config | xargs -r dirname)"; do
    [ -x "$bindir/initdb" ] && break
done
pg_config=$bindir/pg_config
if ! "$pg_config" --version 2>/dev/null | grep -qE "^PostgreSQL $version([^0-9]|\$)"; then
    echo "no pg_config of PostgreSQL $version found" >&2
    exit 2
fi

# shellcheck source=private_server.sh
. "$(dirname "$0")/private_server.sh"
copy_tree Makefile extension sql expected test/specs test/expected
install_extension "$bindir"
make_server "$bindir" server
start_server "$bindir" server

if ! as_postgres make -s -C "$work/tree" PG_CONFIG="$pg_config" installcheck; then
    cat "$work"/tree/regression.diffs "$work"/tree/output_iso/regression.diffs 2>/dev/null || true
    # for the one who writes a new test: what came out
    [ -z "${REGRESS_RESULTS:-}" ] || cp -r "$work"/tree/results "$work"/tree/output_iso "$REGRESS_RESULTS" || true
    grep -E "PANIC|FATAL|terminated by signal" "$work/server.log" || true
    exit 1
fi
