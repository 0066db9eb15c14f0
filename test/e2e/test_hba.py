"""What becomes of an upgrade in which pg_hba.conf of the new server changes on the way: who is shut out fails the step
verify, until the file is mended; what merely asks for less is told. (That of the old one: test_as_shown.py.)"""
import pytest

from driver import Upgrade
from hosts import HELPER, CommandFailed
from waiting import wait_for, wait_until

pytestmark = pytest.mark.all

PREPARED_WITHIN, UPGRADED_WITHIN = 120, 300


def put_first(lab, host, line):
    lab.pg(host, f"sed -i '1i {line}' {lab.pgdata}/pg_hba.conf")
    lab.psql(host, "SELECT pg_reload_conf()")


def verdicts(lab, node):
    rows = lab.monitor_sql("SELECT connection, verdict, coalesce(advice, '') FROM pgaf_upgrade_verify_hba()"
                           f" WHERE nodeid = (SELECT nodeid FROM pgautofailover.node WHERE nodehost = '{node}')")
    return {connection: (verdict, advice) for connection, verdict, advice in
            (row.split("|", 2) for row in rows.splitlines())}


def serves_at_17(lab, host):
    try:
        return lab.server_version(host) == 17
    except CommandFailed:
        return False


def failed_step(lab):
    try:
        return lab.monitor_sql("SELECT n.nodehost, s.name, s.error, s.hint FROM pgaf_upgrade.step s"
                               " JOIN pgaf_upgrade.node n USING (runid, nodeid) WHERE s.state = 'failed'")
    except CommandFailed:
        return ""  # the monitor is away for its own upgrade


def test_changed_on_the_way(make_lab):
    lab = make_lab("hba")
    upgrade = Upgrade(lab)
    upgrade.start()
    upgrade.start_helpers()
    try:
        upgrade.wait_state("ready", PREPARED_WITHIN)
        for host in ("node1", "node2"):
            assert {verdict for verdict, _ in verdicts(lab, host).values()} == {"ok"}
        upgrade.approve()
        wait_until(UPGRADED_WITHIN, "node1 serves at 17", lambda: serves_at_17(lab, "node1"), pause=0.1)
        put_first(lab, "node1", "host all pgautofailover_monitor all trust")
        wait_until(UPGRADED_WITHIN, "node2 serves at 17", lambda: serves_at_17(lab, "node2"), pause=0.1)
        put_first(lab, "node2", "host all pgautofailover_replicator all reject")
        wait_until(UPGRADED_WITHIN, "a step has failed", lambda: failed_step(lab))
        host, step, error, hint = failed_step(lab).split("|")
        assert (host, step) == ("node2", "verify")
        assert error.startswith("pg_hba.conf does not let in: rewind from "), error
        assert 'hostssl "postgres" "pgautofailover_replicator" ' in hint, hint
        wait_for(upgrade.helpers["node2"], 30)

        # the keeper's own lines are still in the file, behind the one that is taken away
        lab.pg("node2", f"sed -i 1d {lab.pgdata}/pg_hba.conf")
        lab.psql("node2", "SELECT pg_reload_conf()")
        upgrade.helpers["node2"] = lab.start("node2", HELPER, "run", log=upgrade.logs["node2"])
        upgrade.wait_state("finished", UPGRADED_WITHIN)
        upgrade.wait_helpers()
    finally:
        upgrade.stop_helpers()

    assert {verdict for verdict, _ in verdicts(lab, "node2").values()} == {"ok"}
    verdict, advice = verdicts(lab, "node1")["health check"]
    assert verdict == "weaker" and advice.startswith("cleartext is let in where it was hostssl"), (verdict, advice)
    assert lab.monitor_sql("SELECT severity, passed FROM pgaf_upgrade_checks() WHERE check_name = 'hba_after_upgrade'"
                           " AND NOT passed") == "warning|f"
