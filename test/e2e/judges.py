"""What is looked at from outside while an upgrade is disturbed, and after it: the application's writes,
who accepts any, the nodes, their data and their logs. None of it asks the helper how it went."""
import os

from application import Writer
from customized import Customized
from hosts import HERE, NEW_BINDIR, OLD_BINDIR, TARGET, CommandFailed, tail
from waiting import wait_for, wait_until


class Prober:
    """prober.py on the client."""
    FOLDER = "/root/prober"

    def __init__(self, lab):
        self._lab = lab

    def start(self):
        lab = self._lab
        lab.application_psql("CREATE TABLE e2e_probe (at timestamptz); INSERT INTO e2e_probe VALUES (now())")
        with open(os.path.join(HERE, "prober.py")) as program:
            lab.sh("client", "sh", "-ec", f"rm -rf {self.FOLDER}; mkdir {self.FOLDER}")
            lab.put("client", f"{self.FOLDER}/prober.py", program.read())
        self._log = os.path.join(lab.logs, "prober")
        nodes = [f"{host}=host={host} port={lab.port} dbname=postgres user=app password=e2e connect_timeout=1"
                 for host in lab.data_nodes]
        self._process = lab.start("client", "python3", f"{self.FOLDER}/prober.py", self.FOLDER, *nodes, log=self._log)
        wait_until(20, "the prober finds the primary", lambda: self._process.poll() is not None or self.accepted())
        if self._process.poll() is not None:
            raise CommandFailed(f"the prober ended:\n{tail(self._log)}")
        return self

    def accepted(self):
        """[(host, seconds)] in order."""
        rows = [line.split() for line in self._lab.run("client", "cat", f"{self.FOLDER}/accepted").stdout.splitlines()]
        return sorted(((host, float(at)) for host, at in rows), key=lambda row: row[1])

    def stop(self):
        self._lab.sh("client", "touch", f"{self.FOLDER}/stop")
        wait_for(self._process, 30)

    def changes(self):
        """The nodes in the order in which they accepted writes: A, B where a switchover went from A to B."""
        order = []
        for host, _ in self.accepted():
            if not order or order[-1] != host:
                order.append(host)
        return order


def is_part_of(some, order):
    """Whether `some` are found in `order`, in that order."""
    rest = iter(order)
    return all(one in rest for one in some)


def printed(wrong):
    """In whole, since pytest shortens what it compares."""
    for what in wrong:
        print(what, flush=True)
    return wrong


class Judges:
    """Begins to look when it is made; upgraded() or as_before() is the judgement, a list of what is wrong."""

    def __init__(self, lab):
        self._lab = lab
        self._customized = Customized(lab)
        self._identifiers = {host: lab.system_identifier(host) for host in lab.data_nodes}
        self._number_sync_standbys = lab.number_sync_standbys()
        self._primary = lab.primary()
        self._since = lab.sh("monitor", "date", "+%s").strip()
        self.writer = Writer(lab).start()
        self.prober = Prober(lab).start()
        self.writer.wait_for_more()

    def upgraded(self, on_guard=False):
        """on_guard: pg_auto_failover may have replaced the primary, and it rebuilds that one as it likes."""
        return printed(self._judge(TARGET, "2.2", NEW_BINDIR, self._has_new_identifiers, on_guard=on_guard))

    def as_before(self, written_until=None):
        """Where data is given up by intention, only the writes acknowledged up to a count must be there."""
        return printed(self._judge(15, "2.0", OLD_BINDIR, self._has_old_identifiers, written_until))

    def _judge(self, major, autoctl, bindir, identifiers, written_until=None, on_guard=False):
        lab, wrong = self._lab, []

        def expect(what, found, wanted):
            if found != wanted:
                wrong.append(f"{what}: {found}, not {wanted}")

        def attempt(what, look):
            try:
                look()
            except (AssertionError, CommandFailed, TimeoutError) as error:
                wrong.append(f"{what}: {error}")

        attempt("settled", lab.wait_settled)
        attempt("writes", self.writer.wait_for_more)
        if wrong:
            return wrong
        primary = lab.primary()
        if not on_guard:
            expect("primary", primary, self._primary)
        expect("versions", {lab.server_version(host) for host in lab.hosts}, {major})
        expect("pg_autoctl", {lab.autoctl_version(host) for host in lab.hosts}, {autoctl})
        expect("number_sync_standbys", lab.number_sync_standbys(), self._number_sync_standbys)
        expect("guards left", [host for host in lab.hosts if lab.run(
            host, "sh", "-c", f"ls -d /etc/systemd/system/*.d/pgaf-upgrade.conf "
                              f"{lab.pgdata}_pgaf_upgrade/between_clusters"
        ).stdout.strip()], [])
        wrong += identifiers()
        if not on_guard:
            attempt("configuration", self._customized.assert_carried)
        for host in lab.data_nodes:
            journal = lab.sh(host, "journalctl", "-u", "pgautofailover", "--since", f"@{self._since}", "-o", "cat")
            if "Unknown PostgreSQL system identifier" in journal:
                wrong.append(f"{host}: pg_autoctl met an unknown system identifier")
        attempt("pg_amcheck", lambda: self._check_data(bindir))
        written = self.writer.count()
        attempt("settled still", lab.wait_settled)
        attempt("switchover", lambda: lab.perform_switchover(bindir))
        attempt("pg_amcheck of the promoted", lambda: self._check_data(bindir))
        attempt("writes after the switchover", self.writer.wait_for_more)
        if not (on_guard or lab.has_raced):
            attempt("the prober sees the promoted", lambda: wait_until(
                20, "it has written there", lambda: self.prober.changes()[-1] == lab.primary()))
        self.writer.stop()
        self.prober.stop()
        changes, told = self.prober.changes(), self._primaries_told()
        if lab.has_raced:
            written_until = min(written, written if written_until is None else written_until)
        elif not on_guard:
            expect("nodes that accepted writes, in order", changes, [self._primary, lab.primary()])
        elif not is_part_of(changes, told):
            wrong.append(f"nodes that accepted writes, in order: {changes}, the monitor had {told}")
        kept = {number for number, _ in self.writer.acknowledged()[:written_until]}
        expect("lost writes", [number for number in self.writer.lost() if number in kept], [])
        return wrong

    def _primaries_told(self):
        """The nodes that took writes, one after the other, as pg_auto_failover's own events have it."""
        hosts = self._lab.monitor_sql("""
            SELECT nodehost FROM pgautofailover.event
             WHERE reportedstate::text IN ('single', 'wait_primary', 'primary') ORDER BY eventid""").split()
        return [host for position, host in enumerate(hosts) if position == 0 or hosts[position - 1] != host]

    def _check_data(self, bindir):
        lab = self._lab
        lab.pg(lab.primary(), f"{bindir}/pg_amcheck --all --heapallindexed --install-missing -p {lab.port} -j 2")

    def _identifiers_now(self):
        now = {host: self._lab.system_identifier(host) for host in self._lab.data_nodes}
        shown = {node["host"]: str(int(node["sysidentifier"]) % 2**64) for node in self._lab.nodes()}
        return now, [] if shown == now else [f"system identifiers: the monitor has {shown}, the nodes {now}"]

    def _has_new_identifiers(self):
        now, wrong = self._identifiers_now()
        if len(set(now.values())) != 1 or set(now.values()) & set(self._identifiers.values()):
            wrong.append(f"system identifiers {now}, were {self._identifiers}")
        return wrong

    def _has_old_identifiers(self):
        now, wrong = self._identifiers_now()
        if now != self._identifiers:
            wrong.append(f"system identifiers {now}, were {self._identifiers}")
        return wrong
