"""A laboratory's cluster as tests and the demo use it: commands on its hosts, the application that
writes, and the driver of an upgrade."""
import json
import os
import re
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.path.join(HERE, "..", "lab", "lab")
OLD_BINDIR = "/usr/lib/postgresql/15/bin"
TARGET = int(os.environ.get("PGAF_LAB_TARGET", "17"))  # the laboratory goes by it, too
NEW_BINDIR = f"/usr/lib/postgresql/{TARGET}/bin"
# the newer psql speaks to both
PSQL = f"{NEW_BINDIR}/psql"
HELPER = "pgaf-upgrade"
APPLICATION_PASSWORD = "e2e"


class CommandFailed(Exception):
    pass


class UpgradeFailed(Exception):
    pass


def wait_until(seconds, what, condition, pause=0.5):
    """Returns what condition() returned as soon as that is true."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds} s still not so: {what}")
        time.sleep(pause)


class Lab:
    """A laboratory; `with` takes it down at the end."""

    def __init__(self, name, *, secondaries=1, port=5432, pgdata="/var/lib/postgresql/data", options=()):
        self.name, self.port, self.pgdata = name, port, pgdata
        self.data_nodes = [f"node{number + 1}" for number in range(secondaries + 1)]
        self.hosts = ["monitor", *self.data_nodes]
        self._options = ["--secondaries", str(secondaries), "--port", str(port), "--pgdata", pgdata, *options]
        self.has_raced = False  # the last switchover
        # what helpers, writers and the lab itself say
        self.logs = tempfile.mkdtemp(prefix=f"pgaf-e2e-{name}-")

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
        subprocess.call([LAB, "down", "--name", self.name], stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def run(self, host, *command, input=None, timeout=300):
        """Runs a command as root and returns the CompletedProcess, whatever its exit code."""
        return self._call(["sh", "--name", self.name, host, *command], input, timeout)

    def sh(self, host, *command, input=None, timeout=300):
        """Runs a command as root and returns its output; it must succeed."""
        return self._checked(host, self.run(host, *command, input=input, timeout=timeout))

    def pg(self, host, text, input=None, timeout=300):
        """Runs a shell text as postgres and returns its output; it must succeed."""
        return self._checked(host, self._call(["pg", "--name", self.name, host, text], input, timeout))

    def start(self, host, *command, log):
        """Starts a command as root in the background; its output goes to the file log."""
        with open(log, "w") as output:
            return subprocess.Popen([LAB, "sh", "--name", self.name, host, *command], stdin=subprocess.DEVNULL,
                                    stdout=output, stderr=subprocess.STDOUT)

    def psql(self, host, sql, database="postgres", timeout=300):
        """Runs SQL as the superuser, over the host's own socket; columns are parted by |."""
        return self.pg(host, f"{PSQL} -X -p {self.port} -d {database} -v ON_ERROR_STOP=1 -Atq -f -",
                       input=sql, timeout=timeout).strip()

    def monitor_sql(self, sql):
        return self.psql("monitor", sql, "pg_auto_failover")

    def power(self, command, host):
        """`kill` cuts the host's power, `boot` gives it back."""
        subprocess.run([LAB, command, "--name", self.name, host], stdin=subprocess.DEVNULL, check=True,
                       stdout=subprocess.DEVNULL)

    def put(self, host, path, text, mode="644", owner="root:"):
        self.sh(host, "sh", "-ec", 'cat >"$1"; chown "$2" "$1"; chmod "$3" "$1"', "sh", path, owner, mode, input=text)

    def put_before(self, host, program, text):
        """A shell text that runs each time before the program does."""
        self.sh(host, "mv", program, f"{program}.real")
        self.put(host, program, f'#!/bin/sh\n{text}\nexec {program}.real "$@"\n', mode="755")

    def path_of(self, host, path):
        """A file on a host's disk as this machine sees it; there at any time but, with --disks, while the host is off."""
        folder = os.path.join(os.environ.get("PGAF_LAB_DIR", "/var/lib/pgaf-upgrade-lab"), "labs", self.name)
        with open(os.path.join(folder, "init")) as record:
            laboratory = record.read().split()[0]
        return f"/proc/{laboratory}/root{os.path.realpath(folder)}/hosts/{host}/disk/upper{path}"

    def _call(self, arguments, input, timeout):
        stdin = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
        return subprocess.run([LAB, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=timeout, **stdin)

    @staticmethod
    def _checked(host, done):
        if done.returncode:
            raise CommandFailed(f"on {host} {done.args[4:]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    # -- the cluster --

    def nodes(self):
        """The monitor's table of nodes, as dicts."""
        return json.loads(self.monitor_sql("""
            SELECT json_agg(json_build_object('id', nodeid, 'name', nodename, 'host', nodehost,
                            'reported', reportedstate::text, 'goal', goalstate::text, 'health', health,
                            'quorum', replicationquorum,
                            'sysidentifier', sysidentifier::text) ORDER BY nodeid) FROM pgautofailover.node"""))

    def is_settled(self):
        try:
            nodes = self.nodes()
        except CommandFailed:
            return False
        return (all(node["reported"] == node["goal"] in ("primary", "secondary") and node["health"] == 1
                    for node in nodes)
                and sum(node["goal"] == "primary" for node in nodes) == 1)

    def wait_settled(self, seconds=90):
        try:
            wait_until(seconds, "every node is primary or secondary", self.is_settled)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; the nodes are {self.nodes()}") from None

    def wait_well(self, after, seconds=90):
        """Every node is in its state, by a report and a health check that are later than this call: what the monitor says
        before may be of the time before a restart, or of a server that is away, which is answered by another restart."""
        now = self.sh("monitor", "date", "+%s.%N").strip()

        def is_well():
            try:
                return self.monitor_sql(f"""
                    SELECT bool_and(least(reporttime, healthchecktime) > to_timestamp({now}) AND health = 1
                                    AND reportedstate = goalstate
                                    AND reportedstate IN ('primary', 'wait_primary', 'secondary', 'maintenance'))
                    FROM pgautofailover.node""") == "t"
            except CommandFailed:
                return False  # it is the monitor that was restarted
        wait_until(seconds, f"all is well after {after}", is_well)

    def primary(self):
        """Also where a standby is not healthy for the moment."""
        nodes = self.nodes()
        return next(node["host"] for state in ("primary", "wait_primary") for node in nodes if node["reported"] == state)

    def number_sync_standbys(self):
        return int(self.monitor_sql("SELECT number_sync_standbys FROM pgautofailover.formation"))

    def server_version(self, host):
        return int(self.psql(host, "SHOW server_version_num")) // 10000

    def system_identifier(self, host):
        return self.pg(host, f"d={self.pgdata}; /usr/lib/postgresql/$(cat $d/PG_VERSION)/bin/pg_controldata -D $d"
                             " | sed -n 's/^Database system identifier: *//p'").strip()

    def autoctl_version(self, host):
        """What the running pg_autoctl is, by its own program."""
        return self.sh(host, "sh", "-ec", """
            "$(readlink "/proc/$(pgrep -o -x pg_autoctl)/exe")" version""").split("version")[1].split()[0].split("-")[0]

    # what is answered where nothing was begun: a node may just have left its state for a moment, as one that was restarted
    # does by the health check that met it down; pg_auto_failover 2.0 to 2.2 deadlocks with a report of the primary at times
    _AGAIN = ("stable state", "prevents the node", "deadlock detected")

    def perform_switchover(self, bindir=NEW_BINDIR):
        """Until another node is primary and everything is settled again. Asked again where the monitor refuses it at once."""
        before, said = self.primary(), []
        since = self.monitor_sql("SELECT max(eventid) FROM pgautofailover.event")
        for is_last in (False, False, True):
            try:
                self.pg("monitor", f"{bindir}/pg_autoctl perform switchover --pgdata {self.pgdata}")
                break
            except CommandFailed as error:
                said += [str(error), str(self.nodes()), *(self.run(
                    host, "sh", "-c", f"journalctl -u pgautofailover -n 40 -o cat; tail -n 20 {self.pgdata}/log/*.log").stdout
                    for host in self.hosts)]
                if is_last or not any(answer in str(error) for answer in self._AGAIN):
                    raise CommandFailed("\n".join(said)) from error
                print(f"    refused: {error}", flush=True)
                self.wait_settled()
        self.wait_settled()
        self.has_raced = self._switchover_has_raced(since)
        if self.has_raced:
            print("    pg_auto_failover let both nodes accept writes in its switchover after the upgrade", flush=True)
        if self.primary() == before:
            raise AssertionError(f"{before} is still the primary after a switchover")

    def _switchover_has_raced(self, since):
        """pg_auto_failover 2.0 to 2.2: a primary's report that has waited for the lock of perform_failover goes by the
        goal state that it had read before, and makes a primary that is draining wait_primary, which accepts writes
        that its successor never sees. Seen on loaded machines; it has nothing to do with an upgrade."""
        return self.monitor_sql(f"""
            SELECT count(*) > 0
              FROM (SELECT eventid, goalstate::text AS goal, lag(goalstate::text) OVER reports AS goal_before
                      FROM pgautofailover.event WINDOW reports AS (PARTITION BY nodeid ORDER BY eventid)) AS event
             WHERE eventid > {since} AND goal = 'wait_primary' AND goal_before = 'draining'""") == "t"

    def bring_back(self, primary):
        """What the monitor's hint says where pg_auto_failover has replaced the primary of a run."""
        self.wait_settled(180)
        if self.primary() != primary:
            self.monitor_sql("SELECT pgautofailover.perform_failover('default', 0)")
            wait_until(60, f"{primary} is the primary again", lambda: self.is_settled() and self.primary() == primary)

    def record_backups(self):
        """As an operator does whose own program has taken and proved them."""
        self.monitor_sql("CREATE EXTENSION IF NOT EXISTS pgaf_upgrade")
        for of in ("formation => 'default'", "node => 'monitor'"):
            self.monitor_sql("SELECT pgaf_upgrade_record_backup('of ' || now(), 'the tests', now(), "
                             f"{of}, verified_at => now())")

    def shared_files(self, host):
        """How many files below PGDATA and its tablespaces have a second name: those built by links."""
        return int(self.sh(host, "sh", "-c", f"find -L {self.pgdata}/base {self.pgdata}/pg_tblspc -type f -links +1"
                                             " -path '*/[0-9]*' | wc -l"))

    def commands_by_hand(self, host):
        """{step: its commands for a root shell}"""
        parts = re.split(r"^# (\w+): .*\n", self.sh(host, HELPER, "plan", "--commands"), flags=re.MULTILINE)
        return dict(zip(parts[1::2], parts[2::2]))

    def do_by_hand(self, host, step, commands, timeout=120):
        """In a root shell; what the step identity prints is typed into the monitor's database."""
        # a shell that waits for what does not come ends
        done = self.run(host, "timeout", str(timeout), "bash", "-euc", commands, timeout=timeout + 30)
        if done.returncode:
            raise CommandFailed(f"{step} on {host}:\n{commands}\n{done.stdout}{done.stderr}")
        if step == "identity":
            self.monitor_sql(done.stdout)

    # -- applications --

    def conninfo(self, user="app", database="postgres", hosts=None, port=None):
        """As an application has it: every data node, whichever takes writes."""
        return (f"host={','.join(hosts or self.data_nodes)} port={port or self.port} dbname={database} user={user} password={APPLICATION_PASSWORD} "
                "target_session_attrs=read-write connect_timeout=2")

    def application_psql(self, sql, database="postgres"):
        return self.sh("client", PSQL, "-X", "-v", "ON_ERROR_STOP=1", "-Atq", "-d", self.conninfo(database=database),
                       "-f", "-", input=sql).strip()


def new_server_serves(lab):
    """An application finds a server of the target that takes writes."""
    return lab.run("client", PSQL, "-XAtd", lab.conninfo(), "-c", "SHOW server_version").stdout.startswith(str(TARGET))


def tail(path, lines=25):
    with open(path, errors="replace") as log:
        return "".join(log.readlines()[-lines:])


class Writer:
    """The application of writer.py on the client. Its table has to exist."""
    FOLDER = "/root/writer"

    def __init__(self, lab, database="postgres", conninfo=None):
        self._lab, self._database, self._process = lab, database, None
        self._conninfo = conninfo or lab.conninfo(database=database)

    def start(self):
        with open(os.path.join(HERE, "writer.py")) as program:
            self._lab.sh("client", "sh", "-ec", f"rm -rf {self.FOLDER}; mkdir {self.FOLDER}; cat >{self.FOLDER}/writer.py",
                         input=program.read())
        self._log = os.path.join(self._lab.logs, "writer")
        self._process = self._lab.start("client", "python3", f"{self.FOLDER}/writer.py",
                                        self._conninfo, self.FOLDER, log=self._log)
        wait_until(20, "the writer writes", lambda: self._process.poll() is not None or self.count() > 0)
        if self._process.poll() is not None:
            raise CommandFailed(f"the writer ended:\n{tail(self._log)}")
        return self

    def count(self):
        return int(self._lab.sh("client", "sh", "-c", f"wc -l <{self.FOLDER}/acknowledged || echo 0"))

    def wait_for_more(self, number=50, seconds=30):
        before = self.count()
        wait_until(seconds, "the writer writes", lambda: self.count() >= before + number)

    def stop(self):
        self._lab.sh("client", "touch", f"{self.FOLDER}/stop")
        code = self._process.wait(timeout=30)
        if code:
            raise CommandFailed(f"the writer ended with {code}:\n{tail(self._log)}")

    def _rows(self, name):
        return [line.split(" ", 1) for line in self._lab.sh("client", "cat", f"{self.FOLDER}/{name}").splitlines()]

    def acknowledged(self):
        """[(id, seconds)] in order."""
        return [(int(number), float(at)) for number, at in self._rows("acknowledged")]

    def ambiguous(self):
        return [int(number) for number, _ in self._rows("ambiguous")]

    def errors(self):
        """The texts of its errors, each once, in order."""
        return list(dict.fromkeys(text for _, text in self._rows("errors")))

    def gaps(self, at_least=0.25, since=0):
        """Seconds without an acknowledged write, longest first; of those after `since`, by this machine's time.monotonic(),
        which is the hosts' too."""
        times = [at for _, at in self.acknowledged() if at >= since]
        return sorted((b - a for a, b in zip(times, times[1:]) if b - a >= at_least), reverse=True)

    def lost(self):
        """The acknowledged ids that are not in the table."""
        there = {int(line) for line in
                 self._lab.application_psql("SELECT id FROM e2e_writes", self._database).split()}
        return [number for number, _ in self.acknowledged() if number not in there]


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
