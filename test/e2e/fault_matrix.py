#!/usr/bin/python3
"""The fault matrix: at every step of every kind of node the helper is killed, or its host's power cut, and the same
command is run again. One upgrade carries several cases, one after the other, on one node; what is judged after it is
said of all of them. test_faults.py carries them out; what came of it is kept in build/faults.json.

    fault_matrix.py --list      the cases, by upgrade
    fault_matrix.py --table     what is known, as a table
    fault_matrix.py --page      the same as docs/evidence.md has it
"""
import argparse
import collections
import fcntl
import json
import os
import re
import sys

from hosts import HERE

ROOT = os.path.join(HERE, "..", "..")
RESULTS = os.path.join(ROOT, "build", "faults.json")
HOSTS = {"monitor": "monitor", "primary": "node1", "secondary": "node2"}
# Points inside a step beside `middle`, where what is half done differs.
INSIDE = {
    ("monitor", "stop"): ["guarded"],
    ("monitor", "pg_upgrade"): ["dumping", "linking", "syncing"],
    ("monitor", "reconfigure"): ["unit"],
    ("monitor", "start"): ["updated"],
    ("monitor", "verify"): ["written"],  # the last of all: the run ends when the monitor is told of it
    ("primary", "stop"): ["guarded"],
    ("primary", "pg_upgrade"): ["dumping", "linking", "syncing"],
    ("primary", "start"): ["started"],
    ("primary", "reconfigure"): ["unit"],
    ("secondary", "stop"): ["guarded"],
    ("secondary", "rebuild"): ["renamed", "carried"],
    ("secondary", "reconfigure"): ["unit"],
}
# within a step
MOMENTS = ("before", "guarded", "renamed", "dumping", "middle", "linking", "syncing", "carried", "unit", "updated",
           "started",
           "after", "written")
ACTIONS = {"kill": ("before", "middle", "after"), "power": ("before", "middle")}
PREPARATION = ("discover", "check", "initdb", "configure", "dry_run", "rehearse")
ON_GUARD = (*PREPARATION, "relax_sync", "restore_settings", "verify")
BACKGROUND = ("statistics", "update_extensions")

Case = collections.namedtuple("Case", "upgrade action role step moment")


def steps():
    """{role: its steps in order}, from the regression test's dump of core's table."""
    found = collections.defaultdict(list)
    with open(os.path.join(ROOT, "expected", "steps.out")) as dump:
        for line in dump:
            match = re.match(r" (monitor|primary|secondary) +\| +\d+ \| (\w+) ", line)
            if match:
                found[match[1]].append(match[2])
    return found


def part_of(action, role, step):
    """What runs beside other steps ends at its own time; and where pg_auto_failover is on guard, it may replace a
    primary whose power is cut: then the operator brings it back, as the refusal of the next step tells, and the
    same commands go on. See Host.run()."""
    if step in BACKGROUND:
        return f"background-{step}"  # one is over when the other's turn comes
    if (action, role) == ("power", "primary") and step in ON_GUARD:
        return "guard" if step in PREPARATION else "guard-end"
    return role


def all_cases():
    cases = []
    for action, moments in ACTIONS.items():
        for role, names in steps().items():
            for moment in moments:
                cases += [Case(f"{action}-{moment}-{part_of(action, role, step)}", action, role, step, moment)
                          for step in names]
            cases += [Case(f"{action}-inside-{role}", action, role, step, moment)
                      for step in names for moment in INSIDE.get((role, step), [])]
    return cases


def sample():
    """Every step killed in its middle, in one upgrade; the power cut in the steps of the switch, in another."""
    # on the monitor it is over before statistics, which it runs beside, have been killed
    middles = [case._replace(upgrade="sample-kill") for case in all_cases() if case[1::3] == ("kill", "middle")
               and case[2:4] != ("monitor", "update_extensions")]
    cuts = [case._replace(upgrade="sample-power") for case in all_cases()
            if case.action == "power" and case.moment in ("middle", "linking", "started")
            and case.step in ("stop", "pg_upgrade", "swap", "start", "rebuild", "rejoin")]
    return middles + cuts


def outcome_of(case, wrong, seconds):
    if seconds[case] is None:
        return "not reached"
    return "failed" if wrong else "upgraded"


def known_results():
    if not os.path.exists(RESULTS):
        return {}
    with open(RESULTS, encoding="utf-8") as file:
        return json.load(file)


def record(cases, wrong, seconds):
    """Beside what another process may record meanwhile."""
    os.makedirs(os.path.dirname(RESULTS), exist_ok=True)
    with open(RESULTS + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        results = known_results()
        for case in cases:
            results[" ".join(case)] = {"outcome": outcome_of(case, wrong, seconds), "seconds": seconds[case]}
        with open(RESULTS + ".new", "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
        os.replace(RESULTS + ".new", RESULTS)


def print_table(results, cases):
    print(f"{'case':<46} {'in upgrade':<24} {'outcome':<12} seconds")
    for case in cases:
        known = results.get(" ".join(case))
        if known:
            print(f"{case.action + ' ' + case.role + ' ' + case.step + ' ' + case.moment:<46} {case.upgrade:<24} "
                  f"{known['outcome']:<12} {known['seconds'] if known['seconds'] is not None else '':>7}")
    counts = collections.Counter(results.get(" ".join(case), {"outcome": "not run"})["outcome"] for case in cases)
    print(", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items())) + f", of {len(cases)} cases")


COLUMNS = [(action, moment) for action, moments in ACTIONS.items() for moment in moments]


def shown(known):
    if known is None:
        return ""
    return f"{known['seconds']}" if known["outcome"] == "upgraded" else known["outcome"]


def print_for_page(results, cases):
    """A row a step, a column for each action and moment that every step has; the seconds until the step was done."""
    cells = {case[1:]: shown(results.get(" ".join(case))) for case in cases}
    print("| node | step | " + " | ".join(f"{action}, {moment}" for action, moment in COLUMNS) + " | inside |")
    print("|---|---|" + "---|" * len(COLUMNS) + "---|")
    for role, names in steps().items():
        for step in names:
            inside = [f"{action} {moment} {cells[action, role, step, moment]}"
                      for action in ACTIONS for moment in INSIDE.get((role, step), [])]
            row = [cells[action, role, step, moment] for action, moment in COLUMNS]
            print(f"| {role} | `{step}` | {' | '.join(row)} | {', '.join(inside)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shown_as = parser.add_mutually_exclusive_group(required=True)
    for name in ("list", "table", "page"):
        shown_as.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args()
    if chosen.list:
        for case in all_cases():
            print(*case)
    elif chosen.page:
        print_for_page(known_results(), all_cases())
    else:
        print_table(known_results(), all_cases())
    return 0


if __name__ == "__main__":
    sys.exit(main())
