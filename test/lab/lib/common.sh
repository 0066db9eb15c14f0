# What every part of the laboratory uses: its folder, what it says, host packages, and what it
# undoes when it is stopped. Sourced by ../lab.
# shellcheck shell=bash

lab_state=${PGAF_LAB_DIR:-/var/lib/pgaf-upgrade-lab}
# the PostgreSQL that clusters are upgraded to; for another than Debian's own an image with that, too, is made
export LAB_TARGET=${PGAF_LAB_TARGET:-17}
lab_lib=$lib
lab_tree=${lib%/test/lab/lib}

# over the line that shows how far it is, where there is one
say() {
    if [ -n "${progress_pid:-}" ] && [ -t 2 ]; then printf '\r\033[K' >&2; fi
    printf 'lab: %s\n' "$*" >&2
}
die() { say "$*"; exit 1; }
usage_error() { printf 'lab: %s\n' "$*" "see: lab help" >&2; exit 2; }

# find_state: $lab_state by its one path from everywhere, whatever the caller's folder
find_state() {
    [ "$EUID" = 0 ] || die "the laboratory needs root, as it makes namespaces and mounts: say the same with sudo"
    # overlayfs separates its folders by these
    case $lab_state in *[:,\\]*) die "PGAF_LAB_DIR must not contain a colon, comma or backslash: $lab_state" ;; esac
    case $LAB_TARGET in 17 | 18) ;; *) usage_error "PGAF_LAB_TARGET: 17 or 18" ;; esac
    [ ! -d "$lab_state" ] || lab_state=$(cd "$lab_state" && pwd -P)
}
prepare_state() {
    mkdir -p "$lab_state/labs" || die "cannot make the folder $lab_state"
    find_state
    # layers for another target stay where they are
    lab_layers=$lab_state
    [ "$LAB_TARGET" = 17 ] || lab_layers=$lab_state/target-$LAB_TARGET
    mkdir -p "$lab_state/log" "$lab_layers"/{bases,hosts,products,builds,snapshots}
}

# host_packages COMMAND=PACKAGE…: installs the packages of the commands that are missing
host_packages() {
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
    done
    [ -n "${missing[*]}" ] || return 0
    say "installing on this machine: ${missing[*]}"
    {
        apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
    } >"$lab_state/log/host-packages" 2>&1 || die "apt-get failed, see $lab_state/log/host-packages"
}

# What is to be undone if this shell ends now, last thing first
undo=(stop_contained)
undo_all() {
    local code=$? i
    # a second ctrl-C must not leave half of it
    trap '' INT TERM HUP
    set +e
    ${progress_pid:+hide_progress}
    # what runs beside this shell would wait for hosts that are going
    { jobs -p | xargs -r kill -KILL; wait; } 2>/dev/null
    for ((i = ${#undo[@]} - 1; i >= 0; i--)); do eval "${undo[i]}"; done
    exit "$code"
}
# undo_at_last TEXT: after all that there is, no_undo TEXT: no more
undo_at_last() { undo=("$1" "${undo[@]}"); }
no_undo() {
    local i
    for i in "${!undo[@]}"; do [ "${undo[i]}" != "$1" ] || undo[i]=:; done
}
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
trap undo_all EXIT
