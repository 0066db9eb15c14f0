"""The hosts of a laboratory as tests and the demo use them: up, down, power, files, and commands."""
import os
import shutil
import subprocess
import tempfile
import threading

from agent import KILLED, Agent, Gone, TooLong
from waiting import Patience

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.path.join(HERE, "..", "lab", "lab")
OLD_BINDIR = "/usr/lib/postgresql/15/bin"
TARGET = int(os.environ.get("PGAF_LAB_TARGET", "17"))  # the laboratory goes by it, too
NEW_BINDIR = f"/usr/lib/postgresql/{TARGET}/bin"
# the newer psql speaks to both
PSQL = f"{NEW_BINDIR}/psql"
HELPER = "pgaf-upgrade"


class CommandFailed(Exception):
    pass


class TimeLimit(subprocess.TimeoutExpired):
    def __str__(self):
        return f"{super().__str__()}:\n{self.output}{self.stderr}"


def tail(path, lines=25):
    with open(path, errors="replace") as log:
        return "".join(log.readlines()[-lines:])


class Hosts:
    """The hosts of a laboratory; `with` takes it down at the end."""

    def __init__(self, word, *, secondaries=1, port=5432, pgdata="/var/lib/postgresql/data", options=()):
        # no other process uses it, and run.py knows it as one of its own
        suffix = f"-r{os.environ.get('PGAF_RUN', os.getpid())}"
        self.name, self.port, self.pgdata = word[:32 - len(suffix)] + suffix, port, pgdata
        self.data_nodes = [f"node{number + 1}" for number in range(secondaries + 1)]
        self.hosts = ["monitor", *self.data_nodes]
        self._options = ["--secondaries", str(secondaries), "--port", str(port), "--pgdata", pgdata, *options]
        # what helpers, writers and the lab itself say
        self.logs = tempfile.mkdtemp(prefix=f"pgaf-e2e-{self.name}-")
        self._agents, self._lock = {}, threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.down()

    def up(self):
        # into a file: what the lab leaves running would keep a pipe open
        path = os.path.join(self.logs, "up")
        with open(path, "w") as log:
            code = subprocess.call([LAB, "up", "--name", self.name, *self._options], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=subprocess.STDOUT)
        if code:
            raise CommandFailed(f"lab up ended with {code}:\n{tail(path)}")
        return self

    def down(self):
        for host in list(self._agents):
            self._drop_agent(host)
        subprocess.call([LAB, "down", "--name", self.name], stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.logs, ignore_errors=True)

    def run(self, host, *command, input=None, timeout=300):
        """Runs a command as root and returns the CompletedProcess, whatever its exit code."""
        return self._call(host, {"argv": command, "user": "root", "input": input}, timeout)

    def sh(self, host, *command, input=None, timeout=300):
        """Runs a command as root and returns its output; it must succeed."""
        return self._checked(host, self.run(host, *command, input=input, timeout=timeout))

    def pg(self, host, text, input=None, timeout=300):
        """Runs a shell text as postgres, in its home, and returns its output; it must succeed."""
        return self._as_postgres(host, ["bash", "-c", text], input, timeout)

    def psql(self, host, sql, database="postgres", timeout=300):
        """Runs SQL as the superuser, over the host's own socket; columns are parted by |."""
        return self._as_postgres(host, [PSQL, "-X", "-p", str(self.port), "-d", database, "-v", "ON_ERROR_STOP=1",
                                        "-Atq", "-f", "-"], sql, timeout).strip()

    def monitor_sql(self, sql):
        return self.psql("monitor", sql, "pg_auto_failover")

    def put(self, host, path, text, mode="644", owner="root:"):
        self._checked(host, self._call(host, {"put": path, "text": text, "mode": mode, "owner": owner}, 60))

    def _as_postgres(self, host, command, input, timeout):
        return self._checked(host, self._call(host, {"argv": command, "user": "postgres", "input": input}, timeout))

    def _agent(self, host):
        with self._lock:
            agent = self._agents.get(host)
            if agent is None or agent.is_gone:
                agent = self._agents[host] = Agent([LAB, "sh", "--name", self.name, host])
            return agent

    def _drop_agent(self, host):
        with self._lock:
            agent = self._agents.pop(host, None)
        if agent:
            agent.close()

    def _call(self, host, request, timeout):
        command, patience = request.get("argv", [request.get("put")]), Patience(timeout)
        for is_last in (False, True):
            try:
                answer = self._agent(host).call(request, patience)
                return subprocess.CompletedProcess(command, answer["code"], answer["out"], answer["err"])
            except Gone as gone:
                # one that had ended before, as with its host, has begun nothing
                if gone.began or is_last:
                    return subprocess.CompletedProcess(command, KILLED if gone.began else gone.code or 1, "", gone.said)
            except TooLong as late:
                raise TimeLimit(command, timeout, late.out, late.err) from None
        raise AssertionError("not reached")

    @staticmethod
    def _checked(host, done):
        if done.returncode:
            raise CommandFailed(f"on {host} {done.args} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, host, *command, log):
        """Starts a command as root in the background; its output goes to the file log."""
        with open(log, "w") as output:
            return subprocess.Popen([LAB, "sh", "--name", self.name, host, *command], stdin=subprocess.DEVNULL,
                                    stdout=output, stderr=subprocess.STDOUT)

    def power(self, command, host):
        """`kill` cuts the host's power, `boot` gives it back."""
        subprocess.run([LAB, command, "--name", self.name, host], stdin=subprocess.DEVNULL, check=True,
                       stdout=subprocess.DEVNULL)
        if command == "kill":
            self._drop_agent(host)

    def unpack(self, host, folder, into, *options):
        """What is in a folder of this machine, as tar has it with these options."""
        with subprocess.Popen(["tar", "-C", folder, *options, "-c", "."], stdout=subprocess.PIPE) as pack:
            done = subprocess.run([LAB, "sh", "--name", self.name, host, "tar", "-C", into, "-x"], stdin=pack.stdout,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if pack.returncode or done.returncode:
            raise CommandFailed(f"{folder} was not unpacked on {host}: {done.stdout}")

    def put_before(self, host, program, text):
        """A shell text that runs each time before the program does."""
        self.sh(host, "mv", program, f"{program}.real")
        self.put(host, program, f'#!/bin/sh\n{text}\nexec {program}.real "$@"\n', mode="755")

    def path_of(self, host, path):
        """A file on a host's disk as this machine sees it; there at any time but, with --disks, while the host is
        off."""
        folder = os.path.join(os.environ.get("PGAF_LAB_DIR", "/var/lib/pgaf-upgrade-lab"), "labs", self.name)
        with open(os.path.join(folder, "init")) as record:
            laboratory = record.read().split()[0]
        return f"/proc/{laboratory}/root{os.path.realpath(folder)}/hosts/{host}/disk/upper{path}"
