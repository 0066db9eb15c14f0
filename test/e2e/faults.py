#!/usr/bin/env python3
"""The fault matrix: at every step of every kind of node the helper is killed, or its host's power cut,
and the same command is run again. One upgrade carries several cases, one after the other, on one node;
what is judged after it is said of all of them.

    faults.py             all that has no result yet; results are kept in build/faults.json
    faults.py --sample    two upgrades that have every step killed once, for `make check`
    faults.py --only X    the upgrades whose name has X in it
    faults.py --list      the cases, by upgrade
    faults.py --table     what is known, as a table
    faults.py --readme    the same as README.md has it
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import threading
import time

from cluster import Lab
from driver import Upgrade
from hosts import HELPER, LAB, CommandFailed, tail
from judges import Judges
from waiting import wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
HOSTS = {"monitor": "monitor", "primary": "node1", "secondary": "node2"}
# Points inside a step beside `middle`, where what is half done differs.
INSIDE = {
    ("monitor", "stop"): ["guarded"],
    ("monitor", "pg_upgrade"): ["dumping", "linking", "syncing"],
    ("monitor", "reconfigure"): ["unit"],
    ("monitor", "start"): ["updated"],
    ("primary", "stop"): ["guarded"],
    ("primary", "pg_upgrade"): ["dumping", "linking", "syncing"],
    ("primary", "start"): ["started"],
    ("primary", "reconfigure"): ["unit"],
    ("secondary", "stop"): ["guarded"],
    ("secondary", "rebuild"): ["renamed", "carried"],
    ("secondary", "reconfigure"): ["unit"],
}
# within a step
MOMENTS = ("before", "guarded", "renamed", "dumping", "middle", "linking", "syncing", "carried", "unit", "updated", "started",
           "after")
ACTIONS = {"kill": ("before", "middle", "after"), "power": ("before", "middle")}
PREPARATION = ("discover", "check", "initdb", "configure", "dry_run")
ON_GUARD = (*PREPARATION, "relax_sync", "restore_settings", "verify")
BACKGROUND = ("statistics",)
UPGRADED_WITHIN = 1200  # against what hangs; 15 power cuts take more than 400 s on a machine that does other things
# pg_auto_failover has replaced the primary, and what it did with that one has put the other's configuration there.
REFUSED, CHECK_FAILED = 6, 3
TAKEN_IN_HAND = (REFUSED, CHECK_FAILED)

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
        return "background"
    if (action, role) == ("power", "primary") and step in ON_GUARD:
        return "guard" if step in PREPARATION else "guard-end"
    return role


def all_cases():
    cases = []
    for action, moments in ACTIONS.items():
        for role, names in steps().items():
            for moment in moments:
                cases += [Case(f"{action}-{moment}-{part_of(action, role, step)}", action, role, step, moment) for step in names]
            cases += [Case(f"{action}-inside-{role}", action, role, step, moment)
                      for step in names for moment in INSIDE.get((role, step), [])]
    return cases


def sample():
    """Every step killed in its middle, in one upgrade; the power cut in the steps of the switch, in another."""
    middles = [case._replace(upgrade="sample-kill") for case in all_cases() if case[1::3] == ("kill", "middle")]
    cuts = [case._replace(upgrade="sample-power") for case in all_cases()
            if case.action == "power" and case.moment in ("middle", "linking", "started")
            and case.step in ("stop", "pg_upgrade", "swap", "start", "rebuild", "rejoin")]
    return middles + cuts


class Host(threading.Thread):
    """Runs the helper on one host again and again, until it ends by itself; each time the next case of
    this host is waiting for it."""

    def __init__(self, lab, host, cases, when_refused=None):
        super().__init__(daemon=True)
        self._lab, self._host, self._when_refused = lab, host, when_refused
        order = steps()
        self._cases = sorted(cases, key=lambda case: (order[case.role].index(case.step), MOMENTS.index(case.moment)))
        self._marker = lab.path_of(host, f"{lab.pgdata}_pgaf_upgrade/fault_reached")
        self.log = os.path.join(lab.logs, f"driven-{host}")
        self.reached, self.code = {}, None
        self.stopped = False

    def run(self):
        left = [*self._cases, None]
        while left and not self.stopped:
            if not self.run_helper(left[0]):
                left.pop(0)
            elif self.code in TAKEN_IN_HAND and self._when_refused:
                self._when_refused(self.code)
            else:
                return

    def run_helper(self, case):
        """Whether the helper ended by itself."""
        spec = "" if case is None else f"{case.step}:{case.moment}"
        with open(self.log, "a") as output:
            output.write(f"--- {spec or 'nothing more'}\n")
            output.flush()
            from_ = output.tell()
            helper = subprocess.Popen([LAB, "sh", "--name", self._lab.name, self._host, "env", f"PGAF_UPGRADE_FAULT={spec}",
                                       HELPER, "run"], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
            while helper.poll() is None:
                if self.stopped or (case is not None and self._is_past(case, from_)):
                    helper.terminate()
                time.sleep(0.01)
        if case is not None and self._is_at(spec):
            self.reached[case] = time.time()
            if case.action == "power":
                # what the helper had started is still at work
                for command in ("kill", "boot"):
                    self._lab.power(command, self._host)
                if case.step in PREPARATION:
                    self._lab.wait_settled()
            return False
        if case is not None and self._is_past(case, from_):
            return False  # never reached, which the table says
        self.code = helper.returncode
        return True

    def _is_past(self, case, from_):
        """The helper has done the step without coming to the point. A step's end is a line of its output."""
        with open(self.log, errors="replace") as log:
            log.seek(from_)
            return bool(re.search(rf"^{case.step} .* done \d", log.read(), re.M)) and not self._is_at(
                f"{case.step}:{case.moment}")

    def _is_at(self, spec):
        try:
            with open(self._marker) as marker:
                return marker.read().strip() == spec
        except OSError:
            return False


def die_at(lab, role, step, moment):
    """Runs the helper of `role`, which kills itself at that point."""
    assert not Host(lab, HOSTS[role], []).run_helper(Case("", "kill", role, step, moment)), f"{step}:{moment} was not reached"


def stopped_at(lab, step, moment, method="link", role="primary", standby_method="auto"):
    """A run in which one helper, the primary's unless told, was killed at a point; the others' helpers run."""
    judges = Judges(lab)
    upgrade = Upgrade(lab)
    upgrade.start(method, standby_method=standby_method)
    upgrade.start_helpers()
    upgrade.wait_state("ready", 90)
    upgrade.kill_helper(HOSTS[role])
    upgrade.approve()
    die_at(lab, role, step, moment)
    return judges, upgrade


def carry_out(name, cases, method="link"):
    """One upgrade with its cases. Returns what is wrong, and for each case the seconds from the fault to
    the end of its step, None where the point was never reached."""
    wrong, seconds = [], {}
    # where the laboratory can have them, disks that lose what was not synced
    with_disks = any(case.action == "power" for case in cases) and not subprocess.call([LAB, "disks"])
    with Lab(f"{name}-{os.getpid()}", options=("--disks",) if with_disks else ()) as lab:
        lab.up()
        on_guard = "-guard" in name
        judges = Judges(lab)
        for host in lab.hosts:
            lab.sh(host, "sync", "--file-system", "/")  # what was there before the upgrade is not lost in it
        upgrade = Upgrade(lab)
        upgrade.start(method)
        bring_back = BringBack(lab) if on_guard else None
        hosts = {role: Host(lab, host, [case for case in cases if case.role == role], bring_back)
                 for role, host in HOSTS.items()}
        for host in hosts.values():
            host.start()
        try:
            drive(upgrade, hosts, bring_back)
        except Exception as error:  # whatever it is, the table says it and the next upgrade follows
            wrong.append(f"{error}\n" + "\n".join(tail(host.log) for host in hosts.values()) + upgrade.describe(upgrade.status()))
        for host in hosts.values():
            host.stopped = True
            host.join(timeout=60)
        done = {(row["role"], row["step"]): row["at"] for row in json.loads(lab.monitor_sql("""
            SELECT json_agg(json_build_object('role', role, 'step', name, 'at', extract(epoch FROM finished_at)))
              FROM pgaf_upgrade.step JOIN pgaf_upgrade.node USING (runid, nodeid)""") or "[]")} if not wrong else {}
        for case in cases:
            at = hosts[case.role].reached.get(case)
            end = done.get((case.role, case.step))
            seconds[case] = None if at is None else round(max(0, (end or at) - at), 1)
        if not wrong:
            wrong += judges.upgraded(on_guard)
            print(f"    seconds without a write: {[round(gap, 1) for gap in judges.writer.gaps()]}", flush=True)
        if wrong and os.environ.get("PGAF_E2E_KEEP"):
            print(f"    kept: lab --name {lab.name}, {lab.logs}", flush=True)
            lab.down = lambda: None
    return wrong, seconds


class BringBack:
    """The operator, where pg_auto_failover has replaced the primary; a few times, then it is a failure."""

    def __init__(self, lab):
        self._lab, self._primary, self._lock, self._left = lab, lab.primary(), threading.Lock(), 6

    def __call__(self, code=REFUSED):
        with self._lock:
            self._left -= 1
            if self._left < 0:
                raise RuntimeError("the roles had to be brought back again and again")
            # before the switch the next run shows the files anew
            if code == CHECK_FAILED and self._lab.monitor_sql("""
                    SELECT c.node, pgaf_upgrade_waive_check(s.run, c.node, c.check_name, 'pg_rewind has put it there')
                      FROM pgaf_upgrade_status() s, pgaf_upgrade_checks() c
                     WHERE s.state = 'switching' AND c.check_name = 'files_as_shown' AND NOT c.passed"""):
                print("    the other node's configuration was taken as it is", flush=True)
                return
            self._lab.bring_back(self._primary)
            print("    the primary was replaced by pg_auto_failover, and brought back", flush=True)


def drive(upgrade, hosts, bring_back=None):
    """Approves when it is time; until every helper has ended by itself."""
    deadline = time.monotonic() + UPGRADED_WITHIN
    while any(host.is_alive() for host in hosts.values()):
        broken = {role: host.code for role, host in hosts.items()
                  if host.code and not (bring_back and host.code in TAKEN_IN_HAND)}
        if broken:
            raise RuntimeError(f"helpers ended: {broken}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"the upgrade has not ended after {UPGRADED_WITHIN} s")
        status = upgrade.status()
        if status and status["state"] == "ready":  # once more where what was shown is no longer so
            try:
                upgrade.approve()
            except CommandFailed as error:
                if bring_back and "its state is now" in str(error):
                    bring_back()
                elif not bring_back or "is on its way from" not in str(error):
                    raise
        time.sleep(0.3)
    status = wait_until(10, "the monitor tells the state", upgrade.status)
    if status["state"] != "finished":
        raise RuntimeError(f"the run is {status['state']}")


def outcome_of(case, wrong, seconds):
    if seconds[case] is None:
        return "not reached"
    return "failed" if wrong else "upgraded"


def known_results(path):
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        return json.load(file)


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


def print_for_readme(results, cases):
    """A row a step, a column for each action and moment that every step has; the seconds until the step was done."""
    cells = {case[1:]: shown(results.get(" ".join(case))) for case in cases}
    print("| node | step | " + " | ".join(f"{action}, {moment}" for action, moment in COLUMNS) + " | inside |")
    print("|---|---|" + "---|" * len(COLUMNS) + "---|")
    for role, names in steps().items():
        for step in names:
            inside = [f"{action} {moment} {cells[action, role, step, moment]}"
                      for action in ACTIONS for moment in INSIDE.get((role, step), [])]
            print(f"| {role} | `{step}` | " + " | ".join(cells[action, role, step, moment] for action, moment in COLUMNS)
                  + f" | {', '.join(inside)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--method", default="link", help="of pg_upgrade, with --sample")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("--results", default=os.path.join(ROOT, "build", "faults.json"))
    chosen = parser.parse_args()
    cases = [case for case in (sample() if chosen.sample else all_cases()) if chosen.only in case.upgrade]
    results = {} if chosen.sample else known_results(chosen.results)
    if chosen.list:
        for case in cases:
            print(*case)
        return 0
    if chosen.readme:
        print_for_readme(results, cases)
        return 0
    if chosen.table:
        print_table(results, cases)
        return 0
    failed = False
    for name in dict.fromkeys(case.upgrade for case in cases):
        mine = [case for case in cases if case.upgrade == name]
        if all(results.get(" ".join(case), {}).get("outcome") == "upgraded" for case in mine):
            continue
        print(f"{time.strftime('%H:%M:%S')} {name}: {len(mine)} cases", flush=True)
        started = time.monotonic()
        wrong, seconds = carry_out(name, mine, chosen.method)
        if not chosen.sample:
            results = known_results(chosen.results)  # another may run other upgrades meanwhile
        for case in mine:
            results[" ".join(case)] = {"outcome": outcome_of(case, wrong, seconds), "seconds": seconds[case]}
        missed = [f"{case.role} {case.step} {case.moment}" for case in mine if seconds[case] is None]
        print(f"    {time.monotonic() - started:.0f} s: " + ("; ".join(wrong) if wrong else "upgraded")
              + (f"; not reached: {', '.join(missed)}" if missed else ""), flush=True)
        failed = failed or bool(wrong) or bool(missed)
        if not chosen.sample:
            os.makedirs(os.path.dirname(chosen.results), exist_ok=True)
            with open(chosen.results + ".new", "w") as file:
                json.dump(results, file, indent=1)
            os.replace(chosen.results + ".new", chosen.results)
    print_table(results, cases)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
