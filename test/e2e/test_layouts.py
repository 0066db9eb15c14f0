"""Layouts of the real world, a host each: where programs are, how pg_autoctl's unit is called and made, and how the
helper is run. All of them in one cluster, in one upgrade."""
import contextlib
import re

import pytest

from application import Writer
from customized import Customized
from driver import Upgrade
from faults import die_at
from hosts import HELPER, NEW_BINDIR, OLD_BINDIR
from test_upgrade import PREPARED_WITHIN, UPGRADED_WITHIN, whole_upgrade
from waiting import wait_until

pytestmark = pytest.mark.all

# Debian's programs find their libraries relative to themselves, and the rest by the path that is built in: a copy works
# as PGDG's and Tanzu's packages lay it out, each with its own pg_autoctl.
COPY = """set -e; mkdir -p {parent}
    cp -a /usr/lib/postgresql/15 {parent}/{prefix}15; cp -a /usr/lib/postgresql/17 {parent}/{prefix}17"""

UNIT = """[Unit]
Description=A node of pg_auto_failover

[Service]
User=postgres
{service}
Restart=always
StartLimitBurst=0

[Install]
WantedBy=multi-user.target
"""


def replace_unit(lab, host, name, files, bindir):
    """pg_autoctl under another unit, of these files, with its PostgreSQL in bindir."""
    lab.sh(host, "systemctl", "disable", "--now", "pgautofailover")
    lab.sh(host, "rm", "/etc/systemd/system/pgautofailover.service")
    for path, text in files.items():
        lab.sh(host, "mkdir", "-p", path.rpartition("/")[0])
        lab.put(host, path, text)
    autoctl = "/usr/bin/pg_autoctl" if lab.run(host, "test", "-e",
                                               "/usr/bin/pg_autoctl").returncode == 0 else f"{bindir}/pg_autoctl"
    lab.pg(host, f"{autoctl} config set postgresql.pg_ctl {bindir}/pg_ctl --pgdata {lab.pgdata}")
    lab.sh(host, "systemctl", "daemon-reload")
    lab.sh(host, "systemctl", "enable", "--now", "--quiet", name)
    lab.wait_well(f"{host} has its unit")


def pgdg(lab, host):
    """PGDG's RPMs: /usr/pgsql-N, and a drop-in that has the command line."""
    old = "/usr/pgsql-15/bin"
    lab.sh(host, "sh", "-c", COPY.format(parent="/usr", prefix="pgsql-"))
    replace_unit(lab, host, "pg_auto_failover.service", {
        "/usr/lib/systemd/system/pg_auto_failover.service": UNIT.format(service=f"ExecStart={old}/pg_autoctl run"),
        "/etc/systemd/system/pg_auto_failover.service.d/override.conf":
            f"[Service]\nEnvironment=PGDATA={lab.pgdata}\nExecStart=\nExecStart={old}/pg_autoctl run --pgdata "
            f"{lab.pgdata}\n",
    }, old)


def tanzu(lab, host):
    """VMware Tanzu: /opt/vmware/postgres/N, the directory in a file of environment variables."""
    old = "/opt/vmware/postgres/15/bin"
    lab.sh(host, "sh", "-c", COPY.format(parent="/opt/vmware/postgres", prefix=""))
    replace_unit(lab, host, "postgres-ha.service", {
        "/etc/default/postgres-ha": f"PGDATA={lab.pgdata}\nPG_BINDIR={old}\n",
        "/etc/systemd/system/postgres-ha.service": UNIT.format(
            service="EnvironmentFile=/etc/default/postgres-ha\n"
                    "ExecStart=/bin/sh -c 'exec \"$PG_BINDIR\"/pg_autoctl run'"),
    }, old)


def debian(lab, host):
    """Debian: one /usr/bin/pg_autoctl for all majors, which the package of the new version has replaced while the old
    one runs; a unit that is an instance of a template."""
    lab.sh(host, "mv", f"{OLD_BINDIR}/pg_autoctl", "/usr/bin/pg_autoctl")
    lab.sh(host, "mv", f"{NEW_BINDIR}/pg_autoctl", "/root/pg_autoctl-2.2")
    replace_unit(lab, host, "pg_autoctl@data.service", {
        "/etc/systemd/system/pg_autoctl@.service": UNIT.format(
            service="Environment=PGDATA=/var/lib/postgresql/%i\nExecStart=/usr/bin/pg_autoctl run"),
        # as that of the same name below, but for all instances
        "/etc/systemd/system/pg_autoctl@.service.d/local.conf": "[Service]\nLimitNOFILE=65536\n",
        "/etc/systemd/system/pg_autoctl@data.service.d/local.conf": "[Service]\nNice=0\n",
    }, OLD_BINDIR)
    done = lab.run(host, "pgaf-upgrade", "check", "--only", "new_pg_autoctl")
    assert done.returncode == 3 and "is of another version" in done.stdout, done.stdout + done.stderr
    # as dpkg does it: the new file takes the name, the running program stays
    lab.sh(host, "mv", "/root/pg_autoctl-2.2", "/usr/bin/pg_autoctl")


@contextlib.contextmanager
def nobody_to_replace_it(lab):
    """A primary that is restarted is replaced, and pg_autoctl may make it anew with the other's files: not while node2
    is in maintenance."""
    lab.monitor_sql("SELECT pgautofailover.start_maintenance(2)")
    wait_until(60, "node2 is in maintenance", lambda: lab.nodes()[1]["reported"] == "maintenance")
    yield
    lab.monitor_sql("SELECT pgautofailover.stop_maintenance(2)")
    lab.wait_settled()


def lay_out(lab):
    pgdg(lab, "monitor")
    with nobody_to_replace_it(lab):
        tanzu(lab, "node1")
    debian(lab, "node2")
    lab.wait_settled()


def start_by_hand(lab, host):
    """The guide's second way: pg_autoctl in a shell, no unit. On node2 there is no systemd to be asked either."""
    refused = lab.run(host, HELPER, "--service", "none", "check", "--only", "service_unit")
    assert refused.returncode == 3 and "runs under" in refused.stdout, refused.stdout
    lab.sh(host, "systemctl", "disable", "--now", "--quiet", "pgautofailover")
    lab.sh(host, "rm", "/etc/systemd/system/pgautofailover.service")
    lab.sh(host, "systemctl", "daemon-reload")
    if host == "node2":
        lab.sh(host, "mv", "/usr/bin/systemctl", "/usr/bin/systemd-run", "/root/")
    lab.pg(host, f"setsid --fork {OLD_BINDIR}/pg_autoctl run --pgdata {lab.pgdata} >>/tmp/pg_autoctl.log 2>&1 "
                 "</dev/null")
    lab.wait_well(f"{host} is started by hand")
    refused = lab.run(host, HELPER, "check", "--only", "service_unit")
    assert refused.returncode == 3 and "--service none" in " ".join(refused.stdout.split()), refused.stdout
    lab.put(host, "/etc/pgaf-upgrade.conf", "service = none\n")
    shown = lab.run(host, HELPER, "check", "--only", "service_unit,unit_of_this_node,unit_program,unit_enabled")
    assert shown.returncode == 0 and "no unit runs pg_autoctl" in shown.stdout, shown.stdout


def start_all_by_hand(lab):
    start_by_hand(lab, "monitor")
    with nobody_to_replace_it(lab):
        start_by_hand(lab, "node1")
    start_by_hand(lab, "node2")
    lab.wait_settled()


def look_at_processes(lab):
    for host in lab.hosts:
        shown = lab.sh(host, "sh", "-c", 'p=$(pgrep -o -x pg_autoctl); readlink /proc/$p/exe; cut -d " " -f 4 '
                                         '/proc/$p/stat')
        assert shown.split() == [f"{NEW_BINDIR}/pg_autoctl", "1"]
        # nothing that ends it is blocked, as it is in the helper's own processes
        blocked = lab.sh(host, "sh", "-c", "grep -h ^SigBlk: $(pgrep -x pg_autoctl | sed 's|.*|/proc/&/status|')")
        assert set(blocked.split()) == {"SigBlk:", "0" * 16}, blocked


def test_started_by_hand(make_lab):
    whole_upgrade(make_lab("nounit"), before=start_all_by_hand, after=look_at_processes)


def upgrade_by_timer_and_owner(lab):
    """The monitor's and node1's helpers by the timer, made to look more often than each minute; node2's by its owner,
    who may have the verbs of pgaf-upgrade-service done by sudo."""
    upgrade = Upgrade(lab)
    upgrade.start()
    for host in "monitor", "node1":
        lab.sh(host, "mkdir", "-p", "/etc/systemd/system/pgaf-upgrade.timer.d")
        lab.put(host, "/etc/systemd/system/pgaf-upgrade.timer.d/faster.conf", "[Timer]\nOnUnitInactiveSec=2s\n")
        assert lab.run(host, "systemctl", "is-enabled", "pgaf-upgrade.timer").stdout.strip() == "disabled"
        lab.sh(host, "systemctl", "daemon-reload")
        lab.sh(host, "systemctl", "enable", "--now", "--quiet", "pgaf-upgrade.timer")
    # without sudo it says how
    as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    refused = lab.run("node2", *as_owner, "pgaf-upgrade", "run")
    program = re.search(r"NOPASSWD: (/\S+/pgaf-upgrade-service)", refused.stderr)
    assert refused.returncode == 6 and program, refused.stderr
    lab.put("node2", "/etc/sudoers.d/pgaf-upgrade", f"postgres ALL=(root) NOPASSWD: {program[1]}\n", mode="440")
    upgrade.logs["node2"] = f"{lab.logs}/helper-node2"
    upgrade.helpers["node2"] = lab.start("node2", *as_owner, "pgaf-upgrade", "run", log=upgrade.logs["node2"])
    try:
        upgrade.wait_state("ready", PREPARED_WITHIN + 60)
        upgrade.approve()
        upgrade.wait_finished(UPGRADED_WITHIN + 120)
    except Exception as error:
        logs = [f"--- {host}\n" + lab.run(host, "journalctl", "-u", "pgaf-upgrade", "-n", "15", "-o", "cat").stdout
                for host in ("monitor", "node1")]
        raise type(error)(f"{error}\n" + "\n".join(logs)) from None
    return upgrade


def look(lab):
    """What runs is the new pg_autoctl of each layout, also after a boot's start of the unit."""
    paths = {"monitor": ("pg_auto_failover", "/usr/pgsql-17/bin/pg_autoctl"),
             "node1": ("postgres-ha", "/opt/vmware/postgres/17/bin/pg_autoctl"),
             "node2": ("pg_autoctl@data", "/usr/bin/pg_autoctl")}
    for host, (unit, path) in paths.items():
        shown = lab.sh(host, "sh", "-c", f'readlink "/proc/$(systemctl show --value -p MainPID {unit})/exe"').strip()
        assert shown == path, f"{host} runs {shown}"
        assert not lab.run(host, "ls", f"/etc/systemd/system/{unit}.service.d/pgaf-upgrade.conf").returncode == 0
    assert "PG_BINDIR=/opt/vmware/postgres/15/bin" in lab.sh("node1", "cat", "/etc/default/postgres-ha")
    assert lab.sh("node1", "cat", "/var/lib/pgaf-upgrade/postgres-ha.service/environment") == (
        "PG_BINDIR=/opt/vmware/postgres/17/bin\n")
    lab.sh("node2", "systemctl", "restart", "pg_autoctl@data")
    lab.wait_well("node2's unit was started again")


@pytest.mark.check
def test_layouts(make_lab):
    whole_upgrade(make_lab("layouts"), by=upgrade_by_timer_and_owner, before=lay_out, after=look)


UNIT_OF_ONE_PROGRAM = "pg_autoctl@data.service"


def lay_out_with_one_program(lab):
    with nobody_to_replace_it(lab):
        debian(lab, "node1")
    debian(lab, "node2")
    lab.wait_settled()


def running_program(lab, host):
    return lab.sh(host, "sh", "-c", 'sha256sum "/proc/$(pgrep -o -x pg_autoctl)/exe"').split()[0]


def test_rollback_with_one_program(make_lab):
    """Where the package of the new pg_autoctl has taken the old one's place, the way back starts the one that ran."""
    lab = make_lab("onebin")
    drop_in = f"/etc/systemd/system/{UNIT_OF_ONE_PROGRAM}.d/pgaf-upgrade-autoctl.conf"
    Customized(lab)
    lay_out_with_one_program(lab)
    before = {host: running_program(lab, host) for host in lab.data_nodes}
    writer, upgrade = Writer(lab).start(), Upgrade(lab)
    upgrade.start()
    upgrade.start_helpers()
    try:
        upgrade.wait_state("ready", PREPARED_WITHIN + 60)
        upgrade.kill_helper("node1")
        upgrade.approve()
        die_at(lab, "primary", "pg_upgrade", "linking")
        done = lab.run("node1", HELPER, "rollback", timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
        wait_until(90, "the run is aborted", lambda: (upgrade.status() or {}).get("state") == "aborted")
    finally:
        upgrade.stop_helpers()
    lab.wait_settled()
    writer.wait_for_more()
    assert {host: running_program(lab, host) for host in lab.data_nodes} == before
    lab.sh("node2", "systemctl", "restart", UNIT_OF_ONE_PROGRAM)
    lab.wait_well("node2's unit was started again")
    assert running_program(lab, "node2") == before["node2"]

    again = Upgrade(lab)
    again.start(backups_are_there=True)
    again.carry_through(PREPARED_WITHIN + 60, UPGRADED_WITHIN)
    lab.wait_settled()
    writer.wait_for_more()
    writer.stop()
    assert writer.lost() == []
    for host in lab.data_nodes:
        assert lab.server_version(host) == 17 and running_program(lab, host) != before[host]
        assert lab.run(host, "test", "-e", drop_in).returncode == 1
