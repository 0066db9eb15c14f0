"""A laboratory's cluster as tests and the demo use it: what its monitor says, switchovers, and how applications find
it."""
import json
import re

from hosts import HELPER, NEW_BINDIR, PSQL, TARGET, CommandFailed, Hosts
from waiting import wait_until

APPLICATION_PASSWORD = "e2e"


class Lab(Hosts):
    """A laboratory with a cluster."""
    has_raced = False  # the last switchover

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
        """Every node is in its state, by a report and a health check that are later than this call: what the monitor
        says before may be of the time before a restart, or of a server that is away, which is answered by another
        restart."""
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
        return next(node["host"] for state in ("primary", "wait_primary") for node in nodes
                    if node["reported"] == state)

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

    # what is answered where nothing was begun: a node may just have left its state for a moment, as one that was
    # restarted does by the health check that met it down; pg_auto_failover 2.0 to 2.2 deadlocks with a report of the
    # primary at times; and it knows no primary while that one is on its way there
    _AGAIN = ("stable state", "prevents the node", "deadlock detected",
              "couldn't find the primary node")

    def perform_switchover(self, bindir=NEW_BINDIR):
        """Until another node is primary and everything is settled again. Asked again where the monitor refuses it at
        once."""
        before, said = self.primary(), []
        since = self.monitor_sql("SELECT max(eventid) FROM pgautofailover.event")
        for is_last in (False, False, True):
            try:
                self.pg("monitor", f"{bindir}/pg_autoctl perform switchover --pgdata {self.pgdata}")
                break
            except CommandFailed as error:
                logs = f"journalctl -u pgautofailover -n 40 -o cat; tail -n 20 {self.pgdata}/log/*.log"
                said += [str(error), str(self.nodes()),
                         *(self.run(host, "sh", "-c", logs).stdout for host in self.hosts)]
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
        done = self.run(host, "bash", "-euc", commands, timeout=timeout)
        if done.returncode:
            raise CommandFailed(f"{step} on {host}:\n{commands}\n{done.stdout}{done.stderr}")
        if step == "identity":
            self.monitor_sql(done.stdout)

    # -- applications --

    def conninfo(self, user="app", database="postgres", hosts=None, port=None):
        """As an application has it: every data node, whichever takes writes."""
        return (f"host={','.join(hosts or self.data_nodes)} port={port or self.port} dbname={database} user={user} "
                f"password={APPLICATION_PASSWORD} "
                "target_session_attrs=read-write connect_timeout=2")

    def application_psql(self, sql, database="postgres"):
        return self.sh("client", PSQL, "-X", "-v", "ON_ERROR_STOP=1", "-Atq", "-d", self.conninfo(database=database),
                       "-f", "-", input=sql).strip()


def new_server_serves(lab):
    """An application finds a server of the target that takes writes."""
    return lab.run("client", PSQL, "-XAtd", lab.conninfo(), "-c", "SHOW server_version").stdout.startswith(str(TARGET))
