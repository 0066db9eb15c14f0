"""Carries out the faults of fault_matrix.py: a helper that dies, or a host that loses its power, at a point of a
step."""
import json
import os
import re
import subprocess
import threading
import time

from cluster import Lab
from driver import Upgrade, moving
from fault_matrix import HOSTS, MOMENTS, PREPARATION, Case, steps
from hosts import HELPER, LAB, CommandFailed, tail
from judges import Judges
from waiting import Patience, limit, wait_until

NOTHING_MOVES_FOR = 200
# pg_auto_failover has replaced the primary, and what it did with that one has put the other's configuration there.
REFUSED, CHECK_FAILED = 6, 3
TAKEN_IN_HAND = (REFUSED, CHECK_FAILED)


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
            from_, self._read = output.tell(), 0
            helper = subprocess.Popen([LAB, "sh", "--name", self._lab.name, self._host, "env",
                                       f"PGAF_UPGRADE_FAULT={spec}",
                                       HELPER, "run"], stdin=subprocess.DEVNULL, stdout=output,
                                      stderr=subprocess.STDOUT)
            while helper.poll() is None:
                if self.stopped or (case is not None and self._says_more() and self._is_past(case, from_)):
                    self._lab.run(self._host, "pkill", "-TERM", "-x", "pgaf-upgrade")
                time.sleep(0.03)
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

    def _says_more(self):
        before, self._read = self._read, os.path.getsize(self.log)
        return self._read != before

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
    assert not Host(lab, HOSTS[role], []).run_helper(Case("", "kill", role, step,
                                                          moment)), f"{step}:{moment} was not reached"


def stopped_at(lab, step, moment, method="link", role="primary", standby_method="auto", on_failure="stay"):
    """A run in which one helper, the primary's unless told, was killed at a point; the others' helpers run. A step that
    fails is tried again where it has failed, unless told."""
    judges = Judges(lab)
    upgrade = Upgrade(lab)
    upgrade.start(method, standby_method=standby_method, on_failure=on_failure)
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
    with Lab(name, options=("--disks",) if with_disks else ()) as lab:
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
            wrong.append(f"{error}\n" + "\n".join(tail(host.log)
                                                  for host in hosts.values()) + upgrade.describe(upgrade.status()))
        for host in hosts.values():
            host.stopped = True
            host.join(limit(60))
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
    patience, before, started = Patience(NOTHING_MOVES_FOR), None, time.monotonic()
    while any(host.is_alive() for host in hosts.values()):
        broken = {role: host.code for role, host in hosts.items()
                  if host.code and not (bring_back and host.code in TAKEN_IN_HAND)}
        if broken:
            raise RuntimeError(f"helpers ended: {broken}")
        if patience.is_over():
            raise RuntimeError(f"the upgrade has not ended after {time.monotonic() - started:.0f} s, and nothing moves")
        status, progress = upgrade.look()
        if moving(progress) not in ([], before):
            patience.renew()
            before = moving(progress)
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
