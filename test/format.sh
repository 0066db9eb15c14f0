#!/bin/bash
# format.sh: gives the sources in C++ the form that `make check` wants, by the laboratory's clang-format: another version's
# is another one.
set -euo pipefail
cd "${BASH_SOURCE[0]%/*}/.."
mapfile -t files < <(git -c safe.directory='*' ls-files -co --exclude-standard '*.cpp' '*.hpp')
# shellcheck disable=SC2016 # expanded on the host, which can read the tree and not write to it
test/lab/lab exec --no-product --tree sh -euc 'mkdir /run/formatted; cp --parents .clang-format "$@" /run/formatted
    cd /run/formatted
    clang-format -i "$@"; tar -c "$@"' sh "${files[@]}" | tar -x --no-same-owner --touch
git -c safe.directory='*' diff --stat -- "${files[@]}"
