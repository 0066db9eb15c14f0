#!/usr/bin/python3
"""How fast the extension is on a large monitor: test/bench/monitor.py 17 [formations [nodes in each]]

1,000 formations of 10 nodes unless told, made by pg_auto_failover's own register_node and node_active. Prints
every time beside that of pg_auto_failover's node_active (or the plain statement) of the same monitor in the same
run, and exits non-zero when a ratio is above its bound. Needs root and what test/regress.sh needs."""

import os
import re
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE) + "/faults")
import faults  # noqa: E402, the server of its own

POLLERS = 200
ROUNDS, SECONDS = 3, 10
VERIFY_HBA = "SELECT count(*) FROM pgaf_upgrade_verify_hba()"


class Bench:
    def __init__(self, server, formations, nodes):
        self.server, self.formations, self.nodes = server, formations, nodes
        self.session = faults.Session(server)
        self.missed = 0

    def must(self, sql):
        return self.session.must(sql)[-1]

    def time(self, command, times=50):
        return float(self.must(f"CALL bench.time($call${command}$call$, {times})"))

    def row(self, what, measured, base, bound, unit="ms"):
        ratio = measured / base
        verdict = "" if bound is None else f"at most {bound:g}" if ratio <= bound else f"MISSED, at most {bound:g}"
        self.missed += bound is not None and ratio > bound
        print(f"{what:58} {measured:10.3f} {base:10.3f} {unit}  {ratio:7.2f}  {verdict}", flush=True)

    def functions(self, run, node, active, label, bound):
        for name, call in (("progress", f"SELECT count(*) FROM pgaf_upgrade_progress({run})"),
                           ("status", f"SELECT waiting_for FROM pgaf_upgrade_status({run})"),
                           ("next_step", f"SELECT count(*) FROM pgaf_upgrade_next_step(bench.token({node}))")):
            self.row(f"{name}, {label} / node_active", self.time(call, 50 if bound else 3), active, bound)

    def populate(self):
        """In two halves, for what has to grow with the nodes and no faster. Returns the times of verify_hba."""
        half, times = self.formations // 2, []
        for first, last in ((1, half), (half + 1, self.formations)):
            self.must(f"CALL bench.populate({first}, {last}, {self.nodes})\n;\nANALYZE\n;\nSELECT 1")
            times.append(self.time(VERIFY_HBA, 3))
        return times

    def pgbench(self, script, clients, seconds, *more):
        path = f"{self.server.work}/{clients}.pgbench"
        with open(path, "w", encoding="utf-8") as file:
            file.write(script)
        return subprocess.Popen(
            self.server.as_postgres("pgbench", "-n", "-h", self.server.work, "-U", "postgres", "-f", path, "-c",
                                    str(clients), "-T", str(seconds), *more, "postgres"),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def polling(self, first, last):
        active = (f"\\set id random(1, {self.formations * self.nodes})\n"
                  "SELECT a.* FROM pgautofailover.node n, pgautofailover.node_active(n.formationid, n.nodeid, "
                  "n.groupid, "
                  "n.goalstate, true, 1, '0/3000000', CASE WHEN n.goalstate = 'primary' THEN 'quorum' ELSE '' END) a "
                  "WHERE n.nodeid = :id;\n")
        poll = (f"\\set id {first} + :client_id\nSELECT * FROM pgaf_upgrade_next_step(bench.token(:id));\n"
                "\\sleep 2000 ms\n")
        alone, beside = [], []
        for _ in range(ROUNDS):
            for taken, with_pollers in ((alone, False), (beside, True)):
                pollers = None
                if with_pollers:
                    # helpers stay connected: that they come is not measured
                    pollers = self.pgbench(poll, last - first + 1, SECONDS + 15)
                    while int(self.must("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%next_step%' "
                                        "AND pid <> pg_backend_pid()")) < last - first + 1:
                        time.sleep(0.5)
                    time.sleep(2)
                output = self.pgbench(active, 4, SECONDS).communicate()[0]
                if pollers is not None and pollers.poll() is not None:
                    raise AssertionError("the helpers ended before the measurement did")
                taken.append(float(re.search(r"tps = ([\d.]+)", output).group(1)))
                if pollers is not None:
                    polled = pollers.communicate()[0]
                    if not re.search(r"number of failed transactions: 0 ", polled) or "ERROR" in polled:
                        raise AssertionError(polled)
        self.row(f"node_active alone / with {last - first + 1} helpers polling", statistics.median(alone),
                 statistics.median(beside), 1.25, "/s")

    def run(self):
        half, before = self.populate()
        print("nodes: " + self.must("SELECT string_agg(n || ' ' || s, ', ') FROM (SELECT reportedstate AS s, count(*) "
                                    "AS n FROM pgautofailover.node GROUP BY 1 ORDER BY 1) x"))
        secondary = self.must("SELECT max(nodeid) FROM pgautofailover.node WHERE formationid = 'f1'")
        active = self.time(f"SELECT * FROM pgautofailover.node_active('f1', {secondary}, 0, 'secondary', true, 1, "
                           "'0/3000000', '')", 200)
        print(f"{'':58} {'measured':>10} {'beside':>10}       ratio")
        run = 0
        busy = min(POLLERS // self.nodes, self.formations - 1)
        for formation in range(1, busy + 1):
            run = self.must(f"SELECT pgaf_upgrade_start(18, formation => 'f{formation}', include_monitor => false)")
        last = int(self.must("SELECT count(pgaf_upgrade_attach(nodeid, bench.token(nodeid), '1.0', nodehost)) "
                             "FROM pgaf_upgrade.node"))
        self.functions(run, last, active, f"a run of {self.nodes} nodes", 5)

        # the last formation, which is in no run yet, in maintenance but for its primary, as when a run rewrites its
        # identifier
        new = 7000000000001000999
        self.must("UPDATE pgautofailover.node SET reportedstate = 'maintenance', goalstate = 'maintenance' "
                  f"WHERE formationid = 'f{self.formations}' AND goalstate = 'secondary'\n;\nSELECT 1")
        old = self.must(f"SELECT max(sysidentifier) FROM pgautofailover.node WHERE formationid = 'f{self.formations}'")
        plain = self.time(f"UPDATE pgautofailover.node SET sysidentifier = {new} "
                          f"WHERE formationid = 'f{self.formations}' AND groupid = 0")
        self.row("rewrite_sysidentifier / plain UPDATE",
                 self.time(f"SELECT pgaf_upgrade_rewrite_sysidentifier('f{self.formations}', 0, {old}, {new})"), plain,
                 3)
        self.row("verify_hba, all nodes / half of them", before, half, 2.5)
        self.row(f"verify_hba, all nodes, after {busy} runs / before any", self.time(VERIFY_HBA, 3), before, 1.25)
        self.polling(1, last)

        self.must("SELECT count(pgaf_upgrade_abort(runid, 'measured')) FROM pgaf_upgrade.run")
        self.must("UPDATE pgautofailover.node SET reportedstate = 'secondary', goalstate = 'secondary' "
                  "WHERE goalstate = 'maintenance'\n;\nSELECT 1")
        run = self.must("SELECT pgaf_upgrade_start(18, include_monitor => false)")
        self.must(f"SELECT pgaf_upgrade_attach({secondary}, bench.token({secondary}), '1.0', 'host')")
        # 14 steps a node: not judged, it is another amount of rows
        self.functions(run, secondary, active, f"a run of all {self.formations * self.nodes} nodes", None)


def main():
    sizes = [int(word) for word in sys.argv[2:]] + [1000, 10][len(sys.argv) - 2:]
    server = faults.Server(sys.argv[1], False)
    try:
        server.start("-c", "max_connections=300")
        server.file("CREATE EXTENSION btree_gist; CREATE EXTENSION pgautofailover; CREATE EXTENSION pgaf_upgrade;")
        with open(HERE + "/monitor.sql", encoding="utf-8") as text:
            server.file(text.read())
        bench = Bench(server, *sizes)
        bench.run()
        sys.exit(1 if bench.missed else 0)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
