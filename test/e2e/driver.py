"""The driver of an upgrade: the operator's SQL on the monitor, and a helper on every host."""
import json
import os
import time

from hosts import HELPER, TARGET, CommandFailed, tail
from waiting import Patience, limit, wait_for, wait_until


class UpgradeFailed(Exception):
    pass


def moving(progress):
    """What is another when something has moved: a step's state, or what its helper says of it."""
    return [(row["node"], row["step"], row["state"], row["attempt"], row["progress"]) for row in progress or []]


class Upgrade:
    """Drives a run: the operator's SQL on the monitor, and a helper on every host."""
    ENDED = ("finished", "aborted")

    def __init__(self, lab, target=TARGET, ends_with=0):
        """ends_with: the exit code of the helpers when the run is finished."""
        self._lab, self._target, self._ends_with = lab, target, ends_with
        self.helpers, self.logs, self._seen, self._started = {}, {}, {}, 0

    def start(self, method="link", backups_are_there=False, standby_method="auto", keep_old_standby=None,
              on_failure=None):
        self.method = method
        if not backups_are_there:
            self._lab.record_backups()
        kept = f", keep_old_standby => '{keep_old_standby}'" if keep_old_standby else ""
        kept += f", on_failure => '{on_failure}'" if on_failure else ""
        start = (f"SELECT pgaf_upgrade_start({self._target}, method => '{method}', "
                 f"standby_method => '{standby_method}'{kept})")
        # the monitor may take a moment to see that a node was away, and then has it on its way for some seconds
        self.run = int(wait_until(60, "every node is in its assigned state", lambda: self._unless_on_its_way(start)))
        return self.run

    def _unless_on_its_way(self, sql):
        try:
            return self._lab.monitor_sql(sql)
        except CommandFailed as error:
            if "is on its way from" not in str(error):
                raise
            return None

    def start_helpers(self):
        """`pgaf-upgrade run` on every host, their output into files."""
        for host in self._lab.hosts:
            self.start_helper(host)

    def start_helper(self, host, fault=None):
        """One more, where one has ended, with a log of its own; fault: the point at which it dies."""
        self._started += 1
        self.logs[host] = os.path.join(self._lab.logs, f"helper-{host}-{self._started}")
        environment = ["env", f"PGAF_UPGRADE_FAULT={fault}"] if fault else []
        self.helpers[host] = self._lab.start(host, *environment, HELPER, "run", log=self.logs[host])

    def carry_through(self, prepared_within=90, upgraded_within=200):
        """Starts the helpers, approves, and waits until all is done."""
        self.start_helpers()
        try:
            self.wait_state("ready", prepared_within)
            self.approve()
        except BaseException:
            self.stop_helpers()
            raise
        self.wait_finished(upgraded_within)

    def wait_finished(self, seconds=200):
        """Until the run is, and every helper has ended; leaves none behind."""
        try:
            self.wait_state("finished", seconds)
            self.wait_helpers()
        finally:
            self.stop_helpers()

    def look(self):
        """The status, and the progress as a list, as dicts; None and None while the monitor's database is away for its
        own upgrade, and None for the status where there is no run."""
        try:
            shown = json.loads(self._lab.monitor_sql("""
                SELECT json_build_array((SELECT row_to_json(s) FROM pgaf_upgrade_status() s),
                    (SELECT coalesce(json_agg(row_to_json(p)), '[]') FROM
                        (SELECT *, extract(epoch FROM elapsed)::float AS seconds FROM pgaf_upgrade_progress()) p))"""))
        except CommandFailed:
            return None, None
        return shown

    def status(self):
        return self.look()[0]

    def progress(self):
        return self.look()[1]

    def seconds(self, column):
        """An interval of the status in seconds, None when it is null."""
        text = self._lab.monitor_sql(f"SELECT extract(epoch FROM {column}) FROM pgaf_upgrade_status()")
        return float(text) if text else None

    def approve(self):
        return self._lab.monitor_sql("SELECT pgaf_upgrade_approve()")

    def wait_state(self, wanted, seconds, on_change=None):
        """Until the run's state is `wanted`. Fails at once when a helper has, and when nothing has moved for so many
        seconds. on_change is called with each row of the progress that is new since the last time."""
        patience, started, before = Patience(seconds), time.monotonic(), None
        while True:
            status, progress = self.look()
            for row in progress or []:
                key, now = (row["node"], row["step"]), (row["state"], row["attempt"])
                if on_change and self._seen.get(key) != now:
                    on_change(row)
                self._seen[key] = now
            if status and status["state"] == wanted:
                return status
            if status and status["state"] in self.ENDED:
                raise UpgradeFailed(f"the run is {status['state']}\n{self.describe(status)}")
            broken = {host: code for host, code in self.exit_codes().items() if code not in (0, self._ends_with)}
            if broken:
                raise UpgradeFailed(f"helpers ended: {broken}\n{self.describe(status)}")
            if moving(progress) not in ([], before):
                patience.renew()
                before = moving(progress)
            if patience.is_over():
                raise UpgradeFailed(f"after {time.monotonic() - started:.0f} s the run is not {wanted}, and nothing "
                                    "moves\n"
                                    f"{self.describe(status)}")
            time.sleep(0.5)

    def wait_step(self, role, step, seconds=90):
        """Until it is done on a node of that role."""
        wait_until(seconds, f"{step} of the {role} is done", lambda: any(
            (row["role"], row["step"], row["state"]) == (role, step, "done") for row in self.progress() or []))

    def exit_codes(self):
        """Of the helpers that have ended."""
        return {host: helper.poll() for host, helper in self.helpers.items() if helper.poll() is not None}

    def wait_helpers(self, seconds=60):
        for host, helper in self.helpers.items():
            try:
                code = wait_for(helper, seconds)
            except TimeoutError:
                raise UpgradeFailed(f"the helper on {host} does not end\n{self.describe(self.status())}") from None
            if code != self._ends_with:
                raise UpgradeFailed(f"the helper on {host} ended with {code}\n{self.describe(self.status())}")

    def kill_helper(self, host):
        """As by kill -9; returns when it is gone, so that the next one is not refused."""
        self._lab.run(host, "sh", "-c", "pkill -KILL -x pgaf-upgrade; while pgrep -x pgaf-upgrade; do sleep 0.1; done")
        self.helpers.pop(host).wait()

    def stop_helpers(self):
        """Returns when they are gone: what enters the host has ended before the helper in it has seen its signal."""
        stopped = [host for host, helper in self.helpers.items() if helper.poll() is None]
        for host in stopped:
            # in the host: what enters it does not pass on a signal to what has changed its user in between
            self._lab.run(host, "pkill", "-TERM", "-x", "pgaf-upgrade")
            self.helpers[host].terminate()
            self.helpers[host].wait()
        for host in stopped:
            self._lab.run(host, "timeout", f"{limit(60):.0f}", "sh", "-c",
                          "while pgrep -x pgaf-upgrade; do sleep 0.1; done")

    def describe(self, status):
        shown = [f"status: {json.dumps(status)}" if status else "status: the monitor does not answer"]
        shown += [f"{row['node']} {row['step']}: {row['state']} {row['error'] or ''} {row['hint'] or ''}"
                  for row in self.progress() or [] if row["state"] in ("running", "failed")]
        shown += [f"--- helper on {host}\n{tail(path)}" for host, path in self.logs.items()]
        for host in self._lab.hosts:
            # the helper's work folder, and what the servers say into their folder or the journal
            shown.append(f"--- logs on {host}\n" + self._lab.run(host, "sh", "-c", f"""
                folder=$(readlink -f {self._lab.pgdata})
                tail -n 8 "$folder"_pgaf_upgrade/*.log "$folder"/log/* "$folder"/startup.log 2>/dev/null
                journalctl -u pgautofailover -n 8 --no-pager -o cat""").stdout)
        return "\n".join(shown)
