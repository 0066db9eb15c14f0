"""The driver of an upgrade: the operator's SQL on the monitor, and a helper on every host."""
import json
import os
import subprocess
import time

from hosts import HELPER, TARGET, CommandFailed, tail


class UpgradeFailed(Exception):
    pass


class Upgrade:
    """Drives a run: the operator's SQL on the monitor, and a helper on every host."""
    ENDED = ("finished", "aborted")

    def __init__(self, lab, target=TARGET):
        self._lab, self._target = lab, target
        self.helpers, self.logs, self._seen, self._started = {}, {}, {}, 0

    def start(self, method="link", backups_are_there=False, standby_method="auto", keep_old_standby=None):
        self.method = method
        if not backups_are_there:
            self._lab.record_backups()
        self.run = int(self._lab.monitor_sql(f"SELECT pgaf_upgrade_start({self._target}, method => '{method}', "
                                             f"standby_method => '{standby_method}'"
                                             + (f", keep_old_standby => '{keep_old_standby}')" if keep_old_standby else ")")))
        return self.run

    def start_helpers(self):
        """`pgaf-upgrade run` on every host, their output into files."""
        for host in self._lab.hosts:
            self.start_helper(host)

    def start_helper(self, host):
        """One more, where one has ended, with a log of its own."""
        self._started += 1
        self.logs[host] = os.path.join(self._lab.logs, f"helper-{host}-{self._started}")
        self.helpers[host] = self._lab.start(host, HELPER, "run", log=self.logs[host])

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

    def _query(self, function):
        """Rows as dicts; None while the monitor's database is away for its own upgrade."""
        try:
            return json.loads(self._lab.monitor_sql(
                f"SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM {function} t") or "[]")
        except CommandFailed:
            return None

    def status(self):
        rows = self._query("pgaf_upgrade_status()")
        return rows[0] if rows else None

    def progress(self):
        return self._query("(SELECT *, extract(epoch FROM elapsed)::float AS seconds FROM pgaf_upgrade_progress())")

    def seconds(self, column):
        """An interval of the status in seconds, None when it is null."""
        text = self._lab.monitor_sql(f"SELECT extract(epoch FROM {column}) FROM pgaf_upgrade_status()")
        return float(text) if text else None

    def approve(self):
        return self._lab.monitor_sql("SELECT pgaf_upgrade_approve()")

    def wait_state(self, wanted, seconds, on_change=None):
        """Until the run's state is `wanted`. Fails at once when a helper has. on_change is called
        with each row of the progress that is new since the last time."""
        deadline, seen = time.monotonic() + seconds, self._seen
        while True:
            status = self.status()
            if on_change:
                for row in self.progress() or []:
                    key = (row["node"], row["step"])
                    if seen.get(key) != (row["state"], row["attempt"]):
                        seen[key] = (row["state"], row["attempt"])
                        on_change(row)
            if status and status["state"] == wanted:
                return status
            if status and status["state"] in self.ENDED:
                raise UpgradeFailed(f"the run is {status['state']}\n{self.describe(status)}")
            broken = {host: code for host, code in self.exit_codes().items() if code}
            if broken:
                raise UpgradeFailed(f"helpers ended: {broken}\n{self.describe(status)}")
            if time.monotonic() > deadline:
                raise UpgradeFailed(f"after {seconds} s the run is not {wanted}\n{self.describe(status)}")
            time.sleep(0.5)

    def exit_codes(self):
        """Of the helpers that have ended."""
        return {host: helper.poll() for host, helper in self.helpers.items() if helper.poll() is not None}

    def wait_helpers(self, seconds=60):
        for host, helper in self.helpers.items():
            try:
                code = helper.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                raise UpgradeFailed(f"the helper on {host} does not end\n{self.describe(self.status())}") from None
            if code:
                raise UpgradeFailed(f"the helper on {host} ended with {code}\n{self.describe(self.status())}")

    def kill_helper(self, host):
        """As by kill -9; returns when it is gone, so that the next one is not refused."""
        self._lab.run(host, "sh", "-c", "pkill -KILL -x pgaf-upgrade; while pgrep -x pgaf-upgrade; do sleep 0.1; done")
        self.helpers.pop(host).wait()

    def stop_helpers(self):
        """Returns when they are gone: what enters the host has ended before the helper in it has seen its signal."""
        stopped = [host for host, helper in self.helpers.items() if helper.poll() is None]
        for host in stopped:
            self.helpers[host].terminate()
            self.helpers[host].wait()
        for host in stopped:
            self._lab.run(host, "timeout", "60", "sh", "-c", "while pgrep -x pgaf-upgrade; do sleep 0.1; done")

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
