"""What has come up between the checks and the approval is found at the gate, while the cluster still serves, and not
inside the switch; open transactions come to their end as the operator has chosen."""
import os
import time

import pytest

from application import Writer
from cluster import Lab
from customized import Customized
from driver import Upgrade
from hosts import PSQL, CommandFailed
from test_checks import restart
from waiting import limit, wait_for, wait_until

pytestmark = [pytest.mark.check, pytest.mark.together]

PREPARED_WITHIN, CLOSED_WITHIN, UPGRADED_WITHIN = 240, 90, 400
CHECK_FAILED = 3


@pytest.fixture(scope="module")
def lab():
    with Lab("gate") as lab:
        lab.up()
        for host in reversed(lab.data_nodes):
            lab.psql(host, "ALTER SYSTEM SET max_prepared_transactions = 5")
            restart(lab, host)
        Customized(lab)
        lab.psql("node1", "CREATE TABLE kept (t text)")
        lab.put("node1", "/etc/pgaf-upgrade.conf", "transaction-wait = 30\n")
        yield lab


def found(lab, node, check):
    """passed|severity|found"""
    return lab.monitor_sql("SELECT passed, severity, found FROM pgaf_upgrade_checks()"
                           f" WHERE node = '{node}' AND check_name = '{check}'")


def state(lab):
    return lab.monitor_sql("SELECT state FROM pgaf_upgrade_status()")


def progress(lab, node, step):
    return lab.monitor_sql(f"SELECT state, progress FROM pgaf_upgrade_progress() WHERE node = '{node}' AND step = "
                           f"'{step}'")


def ended(upgrade, host):
    return wait_for(upgrade.helpers.pop(host), CLOSED_WITHIN)


class LongTransaction:
    """Of a session on the client, until it is told to commit."""

    def __init__(self, lab, name):
        self.lab, self.name, self.log = lab, name, os.path.join(lab.logs, name)
        lab.put("client", f"/root/{name}.sql", f"BEGIN; INSERT INTO kept VALUES ('of a {name} transaction');\n"
                f"\\! while [ ! -e /root/{name} ]; do sleep 0.1; done\nCOMMIT;\n")
        lab.psql("node1", "GRANT ALL ON kept TO app")
        self.process = lab.start("client", PSQL, "-X", "-v", "ON_ERROR_STOP=1", "-d", lab.conninfo(), "-f",
                                 f"/root/{name}.sql", log=self.log)

    def commit(self):
        """Returns psql's exit code and what it said."""
        self.lab.sh("client", "touch", f"/root/{self.name}")
        return wait_for(self.process, 30), open(self.log).read()


def test_what_has_come_up_closes_the_gate(lab):
    writer, upgrade = Writer(lab).start(), Upgrade(lab)
    run = upgrade.start()
    upgrade.start_helpers()
    try:
        upgrade.wait_state("ready", PREPARED_WITHIN)
        long_transaction, endless, since = LongTransaction(lab, "long"), LongTransaction(lab,
                                                                                         "endless"), time.monotonic()
        lab.psql("node1", "CREATE TABLE of_regproc (f regproc)")
        before = lab.psql("node1", "SELECT pg_postmaster_start_time()")

        upgrade.approve()
        assert ended(upgrade, "node1") == CHECK_FAILED
        assert found(lab, "node_1", "pg_upgrade_check").startswith("f|error|")
        assert state(lab) == "preparing"
        assert lab.is_settled() and lab.psql("node1", "SELECT pg_postmaster_start_time()") == before
        with pytest.raises(CommandFailed, match="pg_upgrade_check on node_1"):
            upgrade.approve()

        # mended, it is looked at anew; a prepared transaction passes by itself
        lab.psql("node1", "DROP TABLE of_regproc")
        upgrade.start_helper("node1")
        upgrade.wait_state("ready", PREPARED_WITHIN)
        lab.sh("node2", "mkdir", f"{lab.pgdata}_pg15")  # found by node2 alone, when node1 has begun
        time.sleep(max(0, 61 - (time.monotonic() - since)))
        lab.psql("node1", "BEGIN; INSERT INTO kept VALUES ('prepared'); PREPARE TRANSACTION 'billing-8'")
        upgrade.approve()
        wait_until(CLOSED_WITHIN, "it is seen", lambda: "billing-8" in found(lab, "node_1", "prepared_transactions"))
        time.sleep(3)
        assert state(lab) == "approved" and upgrade.helpers["node1"].poll() is None
        lab.psql("node1", "COMMIT PREPARED 'billing-8'")
        assert ended(upgrade, "node2") == CHECK_FAILED
        assert found(lab, "node_2", "names_are_free").startswith("f|error|")
        assert progress(lab, "node_2", "enter_maintenance").startswith("failed|")
        assert lab.psql("node1", "SELECT pg_postmaster_start_time()") == before and lab.is_settled()
        assert writer.gaps(at_least=limit(2)) == [], "writes were held up before the switch"

        lab.sh("node2", "rmdir", f"{lab.pgdata}_pg15")
        upgrade.start_helper("node2")
        wait_until(CLOSED_WITHIN, "the primary waits for the long transaction",
                   lambda: "open transactions" in progress(lab, "node_1", "checkpoint"))
        assert found(lab, "node_1", "long_transactions").startswith("f|warning|process ")
        writer.wait_for_more()
        assert long_transaction.commit()[0] == 0
        upgrade.wait_finished(UPGRADED_WITHIN)
    finally:
        upgrade.stop_helpers()
        writer.stop()
    assert lab.psql("node1", "SELECT string_agg(t, ', ' ORDER BY t) FROM kept") == "of a long transaction, prepared"
    # the other one was waited for as long as was said, and ended
    code, told = endless.commit()
    assert code and "terminating connection" in told, told
    left = lab.monitor_sql("SELECT result -> 'ended_transactions' FROM pgaf_upgrade.step"
                           f" WHERE runid = {run} AND name = 'checkpoint'")
    assert left.count("process ") == 1 and "of app in database postgres" in left, left
    # what is found again is no event again
    assert lab.monitor_sql("SELECT count(*) FROM pgaf_upgrade_events()"
                           " WHERE message LIKE 'names_are_free (error)%'") == "1"
    assert writer.lost() == []
