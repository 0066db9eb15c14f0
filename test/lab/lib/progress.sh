# How far a command of the laboratory is, shown by progress.py beside it. Sourced by ../lab.
# shellcheck shell=bash

progress_pid=
# show_progress PLAN: until hide_progress, or this shell's end. What it shows is gone by then.
show_progress() {
    setpriv --pdeathsig TERM /usr/bin/python3 "$lab_lib/progress.py" "$1" </dev/null >&2 &
    progress_pid=$!
}
hide_progress() {
    [ -n "$progress_pid" ] || return 0
    kill "$progress_pid" 2>/dev/null || true
    wait "$progress_pid" 2>/dev/null || true
    progress_pid=
}

# plan_task NAME LABEL UNIT LOG SECONDS TOTAL [AFTER]: a line of a plan, see progress.py
plan_task() { (IFS=$'\t'; echo "$*"); }
