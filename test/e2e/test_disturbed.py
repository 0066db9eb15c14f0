"""One upgrade in which something goes wrong at one step after the other, on each kind of node; the modules from which
it takes these have each by itself. What fails says why, and the same command goes on."""
import pytest

from driver import Upgrade
from faults import die_at
from hosts import HELPER
from judges import Judges
from test_hangs import keeper_of_node2, worker_of_monitor
from test_hba import put_first, verdicts
from test_replaced import recovering_in_dry_run, replaced_in, rewound_in_verify
from test_stop import primary_that_recovers, standby_that_is_slow
from test_trouble import file_of_another, take_port

pytestmark = [pytest.mark.check, pytest.mark.limit(1500)]
STEP_FAILED = 4


def prepared(lab, upgrade):
    for host in lab.data_nodes:
        upgrade.start_helper(host)
    recovering_in_dry_run(lab, upgrade)  # and starts the monitor's
    for host in lab.data_nodes:
        upgrade.kill_helper(host)
    upgrade.approve()


def primary_in_the_switch(lab, upgrade):
    replaced_in("relax_sync", lab, "node1")
    upgrade.start_helper("node1")
    upgrade.wait_step("primary", "relax_sync")
    replaced_in("enter_maintenance", lab, "node2")
    keeper_of_node2(lab)
    upgrade.kill_helper("node1")
    upgrade.start_helper("node2")
    die_at(lab, "primary", "stop", "before")
    upgrade.kill_helper("node2")
    primary_that_recovers(lab, upgrade, fault="stop:after")
    file_of_another(lab)
    die_at(lab, "primary", "swap", "after")
    take_port(lab, "node1")


def shut_out(lab, upgrade):
    """By a line of the new server's pg_hba.conf: its step verify fails until the line is gone."""
    put_first(lab, "node2", "host all pgautofailover_replicator all reject")
    done = lab.run("node2", HELPER, "run")
    assert done.returncode == STEP_FAILED, done.stdout + done.stderr
    assert "pg_hba.conf does not let in: rewind from " in done.stderr, done.stderr
    lab.pg("node2", f"sed -i 1d {lab.pgdata}/pg_hba.conf")
    lab.psql("node2", "SELECT pg_reload_conf()")


def test_disturbed(make_lab):
    lab = make_lab("disturbed")
    judges, upgrade = Judges(lab), Upgrade(lab)
    upgrade.start(on_failure="stay")
    try:
        prepared(lab, upgrade)
        upgrade.kill_helper("monitor")
        primary_in_the_switch(lab, upgrade)
        upgrade.start_helper("node1")
        standby_that_is_slow(lab, upgrade, fault="stop:after")
        upgrade.wait_step("primary", "identity")
        die_at(lab, "secondary", "rebuild", "after")
        worker_of_monitor(lab)
        upgrade.start_helper("monitor")
        die_at(lab, "secondary", "verify", "before")
        shut_out(lab, upgrade)
        rewound_in_verify(lab, upgrade)
        upgrade.wait_finished()
    finally:
        upgrade.stop_helpers()
    assert {verdict for verdict, _ in verdicts(lab, "node2").values()} == {"ok"}
    lab.wait_well("node2's server was taken down")
    assert judges.upgraded() == []
