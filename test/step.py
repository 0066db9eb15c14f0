#!/usr/bin/python3
"""For whoever has changed a step: one upgrade in which the helper is killed before, in the middle of and after it, and
the same command goes on.

    step.py STEP [ROLE…]    of these kinds of nodes (monitor, primary, secondary), or of all that have the step"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "e2e"))

from fault_matrix import HOSTS, all_cases, steps  # noqa: E402
from faults import carry_out  # noqa: E402


def main():
    known = {step for its in steps().values() for step in its}
    words = sys.argv[1:]
    if not words or words[0] not in known or set(words[1:]) - set(HOSTS):
        print(__doc__, f"\nThe steps: {', '.join(sorted(known))}", sep="\n", file=sys.stderr)
        return 2
    step, roles = words[0], words[1:] or HOSTS
    cases = [case for case in all_cases() if case.action == "kill" and case.step == step and case.role in roles]
    started = time.monotonic()
    wrong, seconds = carry_out(f"step-{step.replace('_', '-')}", cases)
    missed = [f"{case.role} {case.step} {case.moment}" for case in cases if seconds[case] is None]
    for what in [*wrong, *(f"not reached: {one}" for one in missed)]:
        print(what)
    print(f"{step} {'FAILED' if wrong or missed else 'passed'}: {len(cases)} points in "
          f"{time.monotonic() - started:.0f} s")
    return 1 if wrong or missed else 0


if __name__ == "__main__":
    sys.exit(main())
