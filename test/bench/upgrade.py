#!/usr/bin/env python3
"""Whole upgrades beside a bare `stop; pg_upgrade --link; start` of the same data on the same host, in one run.

For each data set a cluster is made and loaded, a copy of its primary is upgraded bare, and then the cluster itself;
once with its standby built by links, once by a base backup, and once by the article's steps, repaired and scripted
(guide.py). To PostgreSQL 18 (PGAF_LAB_TARGET=18), by pg_upgrade --swap too, where that is asked for; and over a slower
network. Judged from outside: both by a client that connects, writes and commits without a pause, redundancy by the
standby's pg_stat_wal_receiver, bytes by its network interface, memory by the kernel's account of the helper. Prints
a table of medians, and writes a picture of it (--svg FILE)."""
import argparse
import os
import statistics
import sys
import threading
import time
from xml.sax.saxutils import escape

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from application import Writer  # noqa: E402
from bare import bare_upgrade  # noqa: E402
from cluster import Lab  # noqa: E402
from customized import Customized  # noqa: E402
from driver import Upgrade  # noqa: E402
from guide import Guide  # noqa: E402
from hosts import NEW_BINDIR, PSQL, TARGET  # noqa: E402
from network import limit_network  # noqa: E402
from waiting import wait_until  # noqa: E402

# pgbench -i fills 15 MB a unit of its scale
DATA = {"1GB": ("scale", 68), "4GB": ("scale", 272), "16GB": ("scale", 1088), "10000tables": ("tables", 10000)}
METHODS = ("link", "basebackup", "guide")
SWAP = "swap"  # by pg_upgrade --swap, with the standby by links
TABLES = """
DO $$BEGIN
    FOR number IN {first}..{last} LOOP
        EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, t text)', number);
    END LOOP;
END$$"""


def load(lab, data):
    Customized(lab)
    kind, amount = DATA[data]
    if kind == "scale":
        lab.pg(lab.primary(), f"{NEW_BINDIR}/pgbench -p {lab.port} -i -q -s {amount} postgres", timeout=3600)
    else:
        for first in range(1, amount + 1, 500):  # a transaction has not locks for all
            lab.psql(lab.primary(), TABLES.format(first=first, last=first + 499), timeout=900)
    lab.psql(lab.primary(), "CHECKPOINT", timeout=900)
    wait_until(600, "the standby has replayed all", lambda: lab.psql(lab.primary(), """
        SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_flush_lsn()""") == "1")


def read(path):
    """Nothing where it is gone."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


class Watch(threading.Thread):
    """When the standby streams again, at the target, and the most memory that a helper has had."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self._lab, self.ended = lab, False
        self.streams_at, self.memory_kb, self.received_before = None, 0, None

    def _received(self):
        return int(self._lab.sh("node2", "sh", "-c", "cat /sys/class/net/[!l]*/statistics/rx_bytes"))

    def received(self):
        return self._received() - self.received_before

    # A command in a laboratory's host costs processor time, which the upgrade should have: none where a file tells.
    def run(self):
        lab, self.received_before = self._lab, self._received()
        version = lab.path_of("node2", f"{lab.pgdata}/PG_VERSION")
        lock_file = lab.path_of("node2", f"{lab.pgdata}/postmaster.pid")
        while not self.ended:
            self._look_at_memory()
            time.sleep(0.05)
            if self.streams_at is not None or not os.path.exists(lock_file) or read(version) != str(TARGET):
                continue
            # the client's clock is this machine's: the laboratory's hosts share it
            told = lab.run("node2", "runuser", "-u", "postgres", "--", PSQL, "-XAtqp", str(lab.port), "-d", "postgres",
                           "-c", f"""
                SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'
                   AND current_setting('server_version_num')::int >= {TARGET}0000""").stdout.strip()
            if told == "1":
                self.streams_at, self.received_at_streaming = time.monotonic(), self.received()

    def _look_at_memory(self):
        for process in os.listdir("/proc"):
            if process.isdigit() and read(f"/proc/{process}/comm") == "pgaf-upgrade":
                for line in read(f"/proc/{process}/status").splitlines():
                    if line.startswith("VmHWM:"):
                        self.memory_kb = max(self.memory_kb, int(line.split()[1]))


def by_run(lab, watch, method):
    """Seconds of the step rebuild, and MB that are not user data: what is in the seed."""
    run = Upgrade(lab)
    if method == SWAP:
        run.start(SWAP, standby_method="link")
    else:
        run.start(standby_method=method)
    run.start_helpers()
    try:
        run.wait_state("ready", 900)
        os.sync()
        watch.start()
        run.approve()
        run.wait_state("finished", 3600)
        run.wait_helpers()
    finally:
        run.stop_helpers()
        watch.ended = True
    seed = lab.monitor_sql("SELECT (result -> 'seed' ->> 'copied_bytes')::float8 FROM pgaf_upgrade.step WHERE name = "
                           "'start'"
                           " AND result ? 'seed'")
    return next(row["seconds"] for row in run.progress() if row["step"] == "rebuild"), float(seed or "nan") / 2**20


def by_guide(lab, watch, _):
    guide = Guide(lab)
    os.sync()
    watch.start()
    try:
        guide.carry_out()
    finally:
        watch.ended = True
    return guide.rebuild_s, float("nan")


def measure(data, method, rate=None):
    """One upgrade, as {figure: value}."""
    with Lab("bench").up() as lab:
        load(lab, data)
        lab.wait_settled()
        figures = {"bare": bare_upgrade(lab, lab.primary())}
        writer = Writer(lab).start()
        writer.wait_for_more()
        if rate:
            limit_network(lab, lab.primary(), rate)
        watch = Watch(lab)
        rebuild, seed = (by_guide if method == "guide" else by_run)(lab, watch, method)
        lab.wait_settled()
        writer.wait_for_more()
        writer.stop()
        if writer.lost():
            raise SystemExit(f"{len(writer.lost())} acknowledged writes are lost")
        gap, refused_at = max((b - a, a) for (_, a), (_, b) in zip(writer.acknowledged(), writer.acknowledged()[1:]))
        return {**figures, "refused": gap, "redundancy": watch.streams_at - refused_at,
                "rebuild": rebuild, "seed": seed,
                "received": watch.received_at_streaming / 2**20, "memory": watch.memory_kb / 1024}


def median_of(runs):
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def print_table(results):
    print(f"\n{'data':<12}{'standby':<12}{'bare s':>8}{'refused s':>10}{'ratio':>7}{'redundancy s':>14}"
          f"{'rebuild s':>10}{'seed MB':>9}{'sent MB':>9}{'helper MB':>10}")
    for (data, method), one in results.items():
        print(f"{data:<12}{method:<12}{one['bare']:>8.1f}{one['refused']:>10.1f}{one['refused'] / one['bare']:>7.2f}"
              f"{one['redundancy']:>14.1f}{one['rebuild']:>10.1f}{one['seed']:>9.1f}"
              f"{one['received']:>9.1f}{one['memory']:>10.0f}")


def picture(results):
    """Bars of the seconds in which writes were refused, and until redundancy was back."""
    rows = []
    for (data, method), one in results.items():
        rows += [(f"{data}, {method}: redundancy", one["redundancy"], "#4477aa"),
                 (f"{data}, {method}: refused", one["refused"], "#cc6677"),
                 (f"{data}: bare pg_upgrade", one["bare"], "#999999")]
    longest = max(value for _, value, _ in rows)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{24 * len(rows) + 16}" '
             'font-family="sans-serif" '
             'font-size="13">']
    for number, (name, value, colour) in enumerate(rows):
        top, width = 8 + 24 * number, 420 * value / longest
        lines += [f'<text x="245" y="{top + 15}" text-anchor="end" fill="#777777">{escape(name)}</text>',
                  f'<rect x="255" y="{top + 2}" width="{width:.1f}" height="18" fill="{colour}"/>',
                  f'<text x="{265 + width:.1f}" y="{top + 15}" fill="#777777">{value:.1f} s</text>']
    return "\n".join([*lines, "</svg>\n"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", help=f"{', '.join(DATA)}; the first unless told")
    parser.add_argument("--runs", type=int, default=1, help="of each, of which the medians are shown")
    parser.add_argument("--methods", nargs="+", default=METHODS,
                        choices=METHODS + ((SWAP,) if TARGET >= 18 else ()))
    parser.add_argument("--rate", help="at which the primary sends, as tc has it: 100mbit")
    parser.add_argument("--svg", help="the file for the picture")
    options = parser.parse_args()
    options.data = options.data or ["1GB"]
    for data in options.data:
        if data not in DATA:
            parser.error(f"there is no data \"{data}\"")
    runs = {}
    for number in range(options.runs):
        for data in options.data:
            for method in options.methods:
                runs.setdefault((data, method), []).append(measure(data, method, options.rate))
                print(f"run {number + 1}: {data} {method}: "
                      + ", ".join(f"{name} {value:.2f}" for name, value in runs[data, method][-1].items()), flush=True)
    results = {key: median_of(of) for key, of in runs.items()}
    print_table(results)
    if options.svg:
        with open(options.svg, "w", encoding="utf-8") as file:
            file.write(picture(results))


if __name__ == "__main__":
    main()
