#!/usr/bin/python3
"""Upgrades a cluster of PostgreSQL 15 to 17 while an application writes, and shows what it took.

Ends with 0 only if the upgrade went through, nothing was lost, and switchovers work afterwards."""
import argparse
import contextlib
import fcntl
import os
import signal
import sys
from types import SimpleNamespace

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from application import Writer  # noqa: E402
from bare import bare_upgrade  # noqa: E402
from cluster import Lab  # noqa: E402
from data import contents, load  # noqa: E402
from driver import Upgrade, UpgradeFailed  # noqa: E402
from hosts import HELPER, LAB, NEW_BINDIR, CommandFailed  # noqa: E402
from screen import screen, seconds  # noqa: E402
from voice import WIDTH, Child, Voice, coloured  # noqa: E402

STOPPED = 130


class Failed(Exception):
    """Has been told already."""


def versions(lab):
    return {host: (lab.psql(host, "SHOW server_version").split()[0], lab.autoctl_version(host)) for host in lab.hosts}


@contextlib.contextmanager
def open_directory(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Demo:
    def __init__(self, options):
        self.voice, self.scale = Voice(), options.scale
        self.lab = Lab("demo", options=["--no-product"])
        self.children, self.details = [], []
        self.result = SimpleNamespace(checks=[])

    def child(self, *command):
        self.children.append(Child(self.voice, [LAB, *command]))
        return self.children[-1]

    def check(self, so, text):
        self.result.checks.append((so, text))

    def table(self, heading, widths, rows):
        """For the details above the last screen; a negative width aligns to the right."""
        lines = ["", coloured(heading, "1"), "-" * WIDTH]
        for cells in rows:
            texts = ["" if cell is None else str(cell) for cell in cells]
            lines.append("  ".join(text.rjust(-width) if width < 0 else text[:width].ljust(width)
                                   for width, text in zip(widths, texts)).rstrip()[:WIDTH])
        self.details += lines

    # -- the parts, one after the other --

    def bring_up(self):
        """The cluster, while pgaf_upgrade is built; that is installed on the hosts as a package would be."""
        product = self.child("product")
        with self.voice.doing("making three hosts with PostgreSQL 15 under pg_auto_failover"):
            code, _ = self.child("up", "--name", self.lab.name, "--no-product").wait()
            if code:
                raise Failed
        with self.voice.doing("loading pgbench, a sequence, large objects, an unlogged table, pg_trgm"):
            self.customized = load(self.lab, self.scale)
            self.lab.wait_settled()
        if not product.ended():
            with self.voice.doing("building pgaf_upgrade"):
                product.wait()
        code, folder = product.wait()
        if code:
            raise Failed
        with self.voice.doing("installing pgaf_upgrade on every host"), open_directory(folder) as descriptor:
            # as whatever uses a layer, so that it is not removed meanwhile
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            for host in self.lab.hosts:
                self.lab.unpack(host, f"{folder}/root", "/", "--exclude=./usr/src")

    def look_before(self):
        lab, primary = self.lab, self.lab.primary()
        self.before = versions(lab)
        self.contents = contents(lab, primary)
        self.result.size = lab.psql(primary, "SELECT pg_size_pretty(sum(pg_database_size(oid))) FROM pg_database")
        with self.voice.doing(f"timing a bare stop, pg_upgrade --link and start on a copy of the {self.result.size}"):
            self.result.bare = bare_upgrade(lab, primary)
        self.voice.say(f"bare: writes refused for {self.result.bare:.1f} s")

    def show_step(self, row):
        if row["state"] in ("pending", "running"):
            return
        state = f"{row['seconds']:.1f} s" if row["state"] == "done" else f"{row['state']}: {row['error']}"
        text = f"{row['node']:<8}  {row['title'][:44]:<44}  {state}"
        self.voice.say(coloured(text, "31") if row["state"] == "failed" else text)

    def upgrade(self):
        lab, self.run = self.lab, Upgrade(self.lab)
        lab.monitor_sql("CREATE EXTENSION pgaf_upgrade")
        for host in ("monitor", next(host for host in lab.data_nodes if host != lab.primary())):
            with self.voice.doing(f"taking a backup: `pgaf-upgrade backup` on {host}"):
                lab.sh(host, HELPER, "backup", timeout=600)
        self.run.start(backups_are_there=True)
        self.run.start_helpers()
        try:
            with self.voice.doing("preparing: SELECT pgaf_upgrade_start(17), `pgaf-upgrade run` on every host"):
                self.run.wait_state("ready", 120, self.show_step)
            with self.voice.doing("upgrading: SELECT pgaf_upgrade_approve()"):
                self.run.approve()
                self.run.wait_state("finished", 300, self.show_step)
                self.run.wait_helpers()
        finally:
            self.run.stop_helpers()
        with self.voice.doing("waiting until every node is primary or secondary again"):
            lab.wait_settled()

    def judge(self, writer):
        lab, run, result = self.lab, self.run, self.result
        after, found = versions(lab), contents(lab, lab.primary())
        lost = writer.lost()
        result.lost, result.acknowledged = len(lost), len(writer.acknowledged())
        result.refused, result.redundancy = writer.gaps(0)[0], run.seconds("redundancy_after")
        result.versions = {host: (before, after[host]) for host, before in self.before.items()}
        self.table("Steps", (9, 44, 5, -9), [("node", "step", "guide", "took")] + [
            (row["node"], row["title"], row["guide_step"], seconds(row["seconds"])) for row in run.progress()])
        self.table("Data", (32, -14, -14), [("", "before", "after")] + [
            (name, value, found[name]) for name, value in self.contents.items()])
        self.table("Time", (52, -12), [
            ("writes refused, as the application saw it", seconds(result.refused)),
            ("writes refused, from the step stop to the step start", seconds(run.seconds("writes_refused"))),
            ("writes refused, as the checks had estimated", seconds(run.seconds("writes_refused_estimate"))),
            ("bare stop; pg_upgrade --link; start of the same data", seconds(result.bare)),
            ("no standby, from the step stop", seconds(result.redundancy)),
            ("no standby, as the checks had estimated", seconds(run.seconds("redundancy_after_estimate"))),
            ("writes sent and never answered", len(writer.ambiguous()))])
        self.check(not lost, "every acknowledged write is there")
        self.check(found == self.contents, "rows, sequence, large objects and index are as before")
        self.check(all(server.startswith("17") and autoctl == "2.2" for server, autoctl in after.values()),
                   "every node runs PostgreSQL 17 and pg_auto_failover 2.2")
        wrong = self.customized.changes()
        self.details += [f"changed: {one}" for one in wrong]
        self.check(not wrong, "pg_hba.conf, settings and certificates are carried over on every node")

    def switch_over(self):
        lab, writer = self.lab, Writer(self.lab)
        lab.psql(lab.primary(), "TRUNCATE e2e_writes")
        writer.start()
        for _ in ("there", "back"):
            before = lab.primary()
            with self.voice.doing(f"switching over from {before}, as a test of what was upgraded"):
                try:
                    lab.perform_switchover()
                    writer.wait_for_more()
                except (CommandFailed, TimeoutError, AssertionError) as error:
                    self.details.append(f"switchover: {error}")
                    self.check(False, f"a switchover from {before} works: the reason is above")
                    return
        writer.stop()
        lost = writer.lost()
        if lost and lab.has_raced:
            self.check(True, f"a switchover works; in it pg_auto_failover itself lost {len(lost)} writes, see "
                             "docs/evidence.md")
        else:
            self.check(not lost, f"a switchover there and back works: {len(lost)} of {len(writer.acknowledged()):,} "
                                 "writes lost")
        self.result.roles = {node["host"]: node["reported"] for node in lab.nodes()}

    def carry_out(self):
        """Whether all is well."""
        self.bring_up()
        self.look_before()
        writer = Writer(self.lab).start()
        writer.wait_for_more()
        self.voice.say("an application writes from now on, without a pause")
        self.upgrade()
        writer.wait_for_more()
        writer.stop()
        self.result.roles = {}
        with self.voice.doing("comparing everything with what it was before"):
            self.judge(writer)
        self.switch_over()
        self.result.took = self.voice.seconds()
        print("\n".join(self.details + [""] + screen(self.result)), flush=True)
        return all(so for so, _ in self.result.checks)

    def end(self):
        for child in self.children:
            child.stop()
        self.lab.down()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the cluster up")
    parser.add_argument("--scale", type=int, default=20, help="of pgbench (20: 300 MB)")
    options = parser.parse_args()
    if os.geteuid():
        print("make demo needs root, since its hosts are made of namespaces: sudo make demo", file=sys.stderr)
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    demo, code = Demo(options), 1
    try:
        code = 0 if demo.carry_out() else 1
    except KeyboardInterrupt:
        code = STOPPED
    except Failed:
        print("the demo failed: the reason is above", file=sys.stderr)
    except (CommandFailed, UpgradeFailed, TimeoutError) as error:
        print(coloured(f"the demo failed: {error}", "31"), file=sys.stderr)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if options.keep and code != STOPPED:
            for child in demo.children:
                child.stop()
            print(f"\nThe cluster is left up. To look around, and to remove it:\n"
                  f"  test/lab/lab sh --name {demo.lab.name} node1 pgaf-upgrade status\n"
                  f"  test/lab/lab pg --name {demo.lab.name} monitor '{NEW_BINDIR}/pg_autoctl show state --pgdata "
                  "data'\n"
                  f"  test/lab/lab down --name {demo.lab.name}")
        else:
            demo.end()
    if code == STOPPED:
        print("\nstopped; the hosts are removed", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
