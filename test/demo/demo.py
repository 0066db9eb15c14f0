#!/usr/bin/env python3
"""Upgrades a cluster of PostgreSQL 15 to 17 while an application writes, and shows what it took.

Ends with 0 only if nothing was lost, everything is at 17, and writes were refused no longer than 1.5
times a bare `stop; pg_upgrade --link; start` of the same data on the same host, plus 2 s."""
import argparse
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from application import Writer  # noqa: E402
from bare import bare_upgrade  # noqa: E402
from cluster import Lab  # noqa: E402
from customized import Customized  # noqa: E402
from driver import Upgrade, UpgradeFailed  # noqa: E402
from hosts import HELPER, NEW_BINDIR, CommandFailed  # noqa: E402

WIDTH = 80
REFUSED_FACTOR, REFUSED_EXTRA = 1.5, 2.0
COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ
STARTED = time.monotonic()

TABLES = ("pgbench_accounts", "pgbench_branches", "pgbench_tellers", "pgbench_history", "e2e_words", "e2e_unlogged")
LOAD = """
CREATE SEQUENCE e2e_numbers START 1000 INCREMENT 7;
SELECT count(nextval('e2e_numbers')) FROM generate_series(1, 500);
SELECT count(lo_from_bytea(0, decode(repeat(md5(n::text), 64), 'hex'))) FROM generate_series(1, 200) n;
CREATE UNLOGGED TABLE e2e_unlogged AS SELECT n FROM generate_series(1, 10000) n;
CREATE EXTENSION pg_trgm;
CREATE TABLE e2e_words AS SELECT n, md5(n::text) AS word FROM generate_series(1, 20000) n;
CREATE INDEX ON e2e_words USING gin (word gin_trgm_ops);
"""

def coloured(text, code):
    return f"\033[{code}m{text}\033[0m" if COLOURED else text


def say(text):
    print(f"{time.monotonic() - STARTED:6.1f} s  {text}", flush=True)


def title(text):
    print(f"\n{coloured(text, '1')}\n{'-' * WIDTH}", flush=True)


def table(widths, rows):
    """Rows of cells; a negative width aligns to the right."""
    for row in rows:
        cells = []
        for width, cell in zip(widths, row):
            cell = "" if cell is None else str(cell)
            cells.append(cell.rjust(-width) if width < 0 else cell[:width].ljust(width))
        print("  ".join(cells).rstrip()[:WIDTH])


def seconds(value):
    return "-" if value is None else f"{value:.1f}"


class Verdict:
    """What has to be so; each is printed, and the exit code tells of all."""

    def __init__(self):
        self.failed = 0

    def that(self, so, text):
        self.failed += not so
        print(f"{coloured('ok    ', '32') if so else coloured('NOT SO', '31;1')}  {text}", flush=True)


def load(lab, scale):
    primary = lab.primary()
    customized = Customized(lab)
    lab.psql(primary, LOAD)
    lab.pg(primary, f"{NEW_BINDIR}/pgbench -p {lab.port} -i -q -s {scale} postgres", timeout=900)
    lab.pg(primary, f"{NEW_BINDIR}/pgbench -p {lab.port} -n -c 2 -t 500 postgres", timeout=900)
    return customized


def contents(lab, host):
    """What has to be the same before and after: rows per table, and the rest."""
    found = {name: int(lab.psql(host, f"SELECT count(*) FROM {name}")) for name in TABLES}
    found["sequence e2e_numbers"] = int(lab.psql(host, "SELECT last_value FROM e2e_numbers"))
    found["large objects"] = int(lab.psql(host, "SELECT count(*) FROM pg_largeobject_metadata"))
    found["bytes in large objects"] = int(lab.psql(host, "SELECT sum(length(data)) FROM pg_largeobject"))
    found["sum of pgbench balances"] = int(lab.psql(host, "SELECT sum(abalance) FROM pgbench_accounts"))
    found["words like '%abcd%' by index"] = int(lab.psql(
        host, "SET enable_seqscan = off; SELECT count(*) FROM e2e_words WHERE word LIKE '%abcd%'"))
    return found


def versions(lab):
    return {host: (lab.psql(host, "SHOW server_version").split()[0], lab.autoctl_version(host)) for host in lab.hosts}


def show_step(row):
    if row["state"] == "pending":
        return
    state = row["state"] if row["state"] != "done" else f"done {row['seconds']:.1f} s"
    if row["state"] == "failed":
        state = coloured(f"failed: {row['error']}", "31")
    say(f"{row['node']:<8} {row['step']:<18} {state}"[:WIDTH])


def upgrade(lab):
    run = Upgrade(lab)
    lab.monitor_sql("CREATE EXTENSION pgaf_upgrade")
    for host in ("monitor", next(host for host in lab.data_nodes if host != lab.primary())):
        say(f"pgaf-upgrade backup on {host}")
        lab.sh(host, HELPER, "backup", timeout=600)
    run.start(backups_are_there=True)
    say("SELECT pgaf_upgrade_start(17); and `pgaf-upgrade run` on every host")
    run.start_helpers()
    try:
        run.wait_state("ready", 120, show_step)
        say("everything is prepared: SELECT pgaf_upgrade_approve()")
        run.approve()
        run.wait_state("finished", 600, show_step)
        run.wait_helpers()
    finally:
        run.stop_helpers()
    return run


def show_results(lab, run, writer, facts, verdict):
    title("Steps")
    table((10, 10, 19, 5, -7), [("node", "role", "step", "guide", "seconds")] + [
        (row["node"], row["role"], row["step"], row["guide_step"], seconds(row["seconds"])) for row in run.progress()])

    title("Versions")
    after = versions(lab)
    table((10, 22, 22), [("host", "PostgreSQL", "pg_auto_failover")] + [
        (host, f"{before[0]} -> {after[host][0]}", f"{before[1]} -> {after[host][1]}")
        for host, before in facts["versions"].items()])

    title("Data")
    found = contents(lab, lab.primary())
    table((30, -14, -14), [("", "before", "after")] + [
        (name, value, found[name]) for name, value in facts["contents"].items()])

    title("Writes")
    refused = writer.gaps(0)[0]
    bare = facts["bare"]
    limit = REFUSED_FACTOR * bare + REFUSED_EXTRA
    redundancy = run.seconds("redundancy_after")
    lost, acknowledged = writer.lost(), writer.acknowledged()
    table((52, -12), [
        ("writes refused, as the application saw it", f"{refused:.1f} s"),
        ("writes refused, from the step stop to start", f"{seconds(run.seconds('writes_refused'))} s"),
        ("as estimated by the checks", f"{seconds(run.seconds('writes_refused_estimate'))} s"),
        ("bare stop; pg_upgrade --link; start, same data", f"{bare:.1f} s"),
        ("ratio", f"{refused / bare:.2f}"),
        (f"allowed: {REFUSED_FACTOR} x bare + {REFUSED_EXTRA:.0f} s", f"{limit:.1f} s"),
        ("until redundancy was back, from the step stop", f"{seconds(redundancy)} s"),
        ("as estimated by the checks", f"{seconds(run.seconds('redundancy_after_estimate'))} s"),
        ("acknowledged writes", len(acknowledged)),
        ("of them there afterwards", len(acknowledged) - len(lost)),
        ("sent and never answered", len(writer.ambiguous())),
    ])

    title("Verdict")
    verdict.that(not lost, "every acknowledged write is there")
    verdict.that(found == facts["contents"], "rows, sequence, large objects and index are as before")
    verdict.that(all(server.startswith("17") and autoctl == "2.2" for server, autoctl in after.values()),
                 "every node is at PostgreSQL 17 and pg_auto_failover 2.2")
    verdict.that(refused <= limit, f"writes were refused for {refused:.1f} s, allowed are {limit:.1f} s")
    verdict.that(redundancy is not None, "the secondary is back")


def carried(customized):
    try:
        customized.assert_carried()
        return True
    except AssertionError as error:
        print(error)
        return False


def demo(lab, options):
    verdict = Verdict()
    say("bringing up monitor, node1 and node2 with PostgreSQL 15 (the first time, their")
    say("image is built, which takes some minutes)")
    lab.up()
    say("loading: pgbench, a sequence, large objects, an unlogged table, pg_trgm, rules,")
    say("settings")
    customized = load(lab, options.scale)
    primary = lab.primary()
    lab.wait_settled()
    facts = {"versions": versions(lab), "contents": contents(lab, primary)}
    size = lab.psql(primary, "SELECT pg_size_pretty(sum(pg_database_size(oid))) FROM pg_database")
    say(f"loaded {size}")
    facts["bare"] = bare_upgrade(lab, primary)
    say(f"bare stop; pg_upgrade --link; start of a copy: {facts['bare']:.1f} s")

    writer = Writer(lab).start()
    writer.wait_for_more()
    say("the application writes")
    run = upgrade(lab)
    lab.wait_settled()
    say("every node is primary or secondary again")
    writer.wait_for_more()
    writer.stop()
    show_results(lab, run, writer, facts, verdict)
    verdict.that(carried(customized), "pg_hba.conf, settings and SSL files are carried over on every node")

    writer = Writer(lab)
    lab.psql(lab.primary(), "TRUNCATE e2e_writes")
    writer.start()
    for name in ("there", "back"):
        before, since = lab.primary(), time.monotonic()
        try:
            lab.perform_switchover()
            writer.wait_for_more()
            verdict.that(True, f"switchover {name}: {before} to {lab.primary()}, {writer.gaps(0, since)[0]:.1f} s without a write")
        except (CommandFailed, TimeoutError, AssertionError) as error:
            verdict.that(False, f"switchover {name} from {before}: {error}")
    writer.stop()
    verdict.that(not writer.lost(), f"all {len(writer.acknowledged())} writes during the switchovers are there")
    print()
    # its columns are wider than what stands in them
    state = lab.pg("monitor", f"{NEW_BINDIR}/pg_autoctl show state --pgdata {lab.pgdata}").strip()
    print("\n".join(" ".join(line.split()) for line in state.splitlines() if not line.startswith("---")))
    return verdict.failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the laboratory up")
    parser.add_argument("--scale", type=int, default=20, help="of pgbench (20: 300 MB)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    lab = Lab(f"demo-{os.getpid()}")
    code = 1
    try:
        code = 1 if demo(lab, options) else 0
    except KeyboardInterrupt:
        code = 130
        print("\nstopped", file=sys.stderr)
    except (CommandFailed, UpgradeFailed, TimeoutError) as error:
        print(coloured(f"the demo failed: {error}", "31"), file=sys.stderr)
    finally:
        if options.keep and code != 130:
            print(f"\nThe laboratory {lab.name} is left up. To look around:\n"
                  f"  test/lab/lab sh --name {lab.name} node1 pgaf-upgrade status\n"
                  f"  test/lab/lab pg --name {lab.name} monitor '{NEW_BINDIR}/pg_autoctl show state --pgdata data'\n"
                  f"  test/lab/lab down --name {lab.name}")
        else:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            lab.down()
    print(coloured("everything is so" if code == 0 else "the demo did not succeed", "1"))
    return code


if __name__ == "__main__":
    sys.exit(main())
