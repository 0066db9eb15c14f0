"""What root does in a whole upgrade, by strace: it opens nothing below PGDATA's parent, and executes nothing but
systemctl and systemd-run."""
import os
import re

import pytest

from driver import Upgrade
from hosts import HELPER
from waiting import wait_for, wait_until

TRACE = "/root/trace"
ALLOWED = ("/usr/bin/systemctl", "/usr/bin/systemd-run")
CALLS = "open,openat,openat2,creat,execve,execveat,clone,clone3,fork,vfork,setresuid"


class Processes:
    """Of a trace: what was opened and executed by processes that were root's, in order."""

    def __init__(self, lines, owner):
        self._owner, self._begun, self._parents, self._dropped = owner, {}, {}, {}
        self.opened, self.executed = [], []
        calls = [call for call in map(self._call, range(len(lines)), lines) if call]
        # a child may be seen at work before the call that made it has returned
        for begin, pid, call, arguments, result in calls:
            if call in ("clone", "clone3", "fork", "vfork"):
                self._parents[str(result)] = pid, begin
            elif call == "setresuid" and arguments.startswith(", ".join([self._owner] * 3)):
                self._dropped.setdefault(pid, begin)
        for begin, pid, call, arguments, _ in calls:
            if (call.startswith("open") or call in ("creat", "execve", "execveat")) and self._is_root(pid, begin):
                name = re.search(r'"([^"]*)"', arguments)
                (self.executed if call.startswith("execve") else self.opened).append(name[1] if name else arguments)

    def _call(self, at, line):
        """(where it began, process, name, arguments, result) of a call that has succeeded."""
        pid, call = line.split(maxsplit=1)
        if call.endswith("<unfinished ...>"):
            self._begun[pid] = at, call.removesuffix("<unfinished ...>")
            return None
        if call.startswith("<... "):
            at, begun = self._begun.pop(pid, (at, ""))
            call = begun + re.sub(r"^<\.\.\. \w+ resumed>", "", call)
        match = re.match(r"(\w+)\((.*)= (-?\d+)", call)
        return (at, pid, match[1], match[2], int(match[3])) if match and int(match[3]) >= 0 else None

    def _is_root(self, pid, at):
        if pid in self._dropped and self._dropped[pid] < at:
            return False
        parent, made = self._parents.get(pid, (None, None))
        return parent is None or self._is_root(parent, made)


@pytest.mark.check
def test_root_only_calls_systemd(make_lab):
    lab = make_lab("strace")
    home = os.path.dirname(lab.pgdata)
    uid = lab.sh("node1", "id", "-u", "postgres").strip()
    upgrade = Upgrade(lab)
    upgrade.start()
    traces = {}
    for host in lab.hosts:
        upgrade.logs[host] = os.path.join(lab.logs, f"strace-{host}")
        traces[host] = lab.start(host, "strace", "-I", "2", "-f", "-s", "256", "-e", f"trace={CALLS}", "-o",
                                 TRACE, HELPER, "run", log=upgrade.logs[host])
    upgrade.wait_state("ready", 120)
    upgrade.approve()
    upgrade.wait_state("finished", 300)
    for host in lab.hosts:
        # strace itself would wait for the servers that were started
        wait_until(60, "the helper has ended", lambda: lab.run(host, "pgrep", "-x", "pgaf-upgrade").returncode != 0)
        lab.run(host, "pkill", "-TERM", "-x", "strace")
        wait_for(traces[host], 30)
        processes = Processes(lab.sh(host, "cat", TRACE).splitlines(), uid)
        assert processes.executed[0].endswith(HELPER) and processes.opened, "nothing was traced"
        assert [path for path in processes.opened if path.startswith((home, "/tmp", "/srv"))] == [], host
        assert set(processes.executed[1:]) <= set(ALLOWED), host
        print(f"{host}: root opened {len(processes.opened)} files, executed {len(processes.executed) - 1} programs")
