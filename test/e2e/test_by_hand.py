"""An upgrade by hand: the commands that `plan --commands` prints on each host, typed into root shells there in the
order of pgaf_upgrade_plan(), and nothing else."""
import pytest

from hosts import HELPER, CommandFailed
from test_rich import Rich
from test_upgrade import whole_upgrade

pytestmark = pytest.mark.check

HOSTS = {"node_1": "node1", "node_2": "node2", "monitor": "monitor"}


def upgrade_by_hand(lab):
    lab.monitor_sql("CREATE EXTENSION pgaf_upgrade")
    commands = {host: lab.commands_by_hand(host) for host in lab.hosts}
    order = [line.split("|") for line in lab.monitor_sql(
        "SELECT node, step FROM pgaf_upgrade_plan(17) WHERE step <> 'check' ORDER BY ordinal").splitlines()]
    assert len(order) > 35
    for node, step in order:
        lab.do_by_hand(HOSTS[node], step, commands[HOSTS[node]][step])


def test_by_hand(make_lab):
    """Of a cluster with an object of every kind."""
    lab = make_lab("hand")
    rich = Rich(lab)

    def make(lab):
        rich.make(lab)
        for host in lab.data_nodes:
            lab.sh(host, "install", "-d", "-o", "postgres", "-g", "postgres", "-m", "700", "/srv/ts 1")
            lab.pg(host, f"cat >>{lab.pgdata}/postgresql.conf", input="old_snapshot_threshold = 60 # it's \\ old\n")
        lab.psql("node1", "CREATE TABLESPACE ts1 LOCATION '/srv/ts 1'")
        lab.psql("node1", "CREATE TABLE in_ts1 TABLESPACE ts1 AS SELECT n FROM generate_series(1, 50000) n")

    def look(lab):
        rich.look(lab)
        for host in lab.data_nodes:
            assert lab.psql(host, "SELECT count(*), sum(n) FROM in_ts1") == "50000|1250025000"

    whole_upgrade(lab, by=upgrade_by_hand, before=make, after=look, with_helpers=False)


def test_of_one_that_is_stopped(make_lab):
    """The commands say what a node is: of one that is stopped they would say something else."""
    lab = make_lab("stopped")
    shown = lab.sh("node2", HELPER, "plan")
    assert "# enter_maintenance: " in shown and "# not before relax_sync done on the primary of the group" in shown
    with pytest.raises(CommandFailed, match="the monitor does not have the extension"):
        lab.sh("node1", HELPER, "plan", "--commands")
    lab.sh("node1", "systemctl", "stop", "pgautofailover")
    with pytest.raises(CommandFailed, match="no server answers"):
        lab.sh("node1", HELPER, "plan", "--commands")
