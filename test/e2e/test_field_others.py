"""What clusters in the field look like, kind D: who else is connected. A server does not end before everybody who
receives WAL has confirmed it, and before its archive has all of it. Both are told before the gate; in the switch the
first are ended, and for the second the old cluster serves again. One cluster, whose tests go on where the one before
has left it."""
import os

import pytest

from application import Writer
from cluster import Lab
from customized import Customized
from driver import Upgrade
from test_checks import check, wait_serving
from waiting import wait_for, wait_until

pytestmark = [pytest.mark.all, pytest.mark.together, pytest.mark.limit(1800)]

CHECK_FAILED, STEP_FAILED, WARNINGS = 3, 4, 8
ARCHIVE = "/var/lib/postgresql/archive"
SEGMENTS = 40
# answers whoever asks whether it is there, and confirms nothing
CONSUMER = """
import time
import psycopg2, psycopg2.extras
while True:
    try:
        connection = psycopg2.connect('port=%s dbname=postgres application_name=field_consumer',
                                      connection_factory=psycopg2.extras.LogicalReplicationConnection)
        cursor = connection.cursor()
        cursor.start_replication(slot_name='field_consumer', decode=False)
        cursor.consume_stream(lambda message: None)
    except psycopg2.Error:
        time.sleep(0.2)
"""


class Others:
    def __init__(self, lab):
        self.lab, self.upgrade = lab, Upgrade(lab, ends_with=WARNINGS)
        for host in lab.data_nodes:
            lab.sh(host, "install", "-d", "-o", "postgres", ARCHIVE)
            lab.sh(host, "sh", "-ec", f"""printf '%s\\n' "wal_level = logical" "archive_mode = on" \
                "archive_command = 'cp %p {ARCHIVE}/%f'" >>{lab.pgdata}/postgresql.conf""")
        primary, *standbys = lab.data_nodes
        for action, hosts in (("stop", standbys), ("restart", [primary]), ("start", standbys)):
            for host in hosts:
                lab.sh(host, "systemctl", action, "pgautofailover")
        wait_serving(lab)
        Customized(lab)
        self.configure("replication-wait = 3")
        lab.record_backups()
        lab.psql("node1", "SELECT pg_create_logical_replication_slot('field_consumer', 'test_decoding')")
        lab.put("node1", "/var/lib/postgresql/consumer.py", CONSUMER % lab.port)
        lab.start("node1", "runuser", "-u", "postgres", "python3", "/var/lib/postgresql/consumer.py",
                  log=os.path.join(lab.logs, "consumer"))
        lab.psql("node1", "CREATE TABLE consumed AS SELECT n FROM generate_series(1, 1000) n")
        self.writer = Writer(lab).start()
        self.wait_for_consumer()

    def configure(self, *settings):
        for host in self.lab.hosts:
            self.lab.put(host, "/etc/pgaf-upgrade.conf", "".join(f"{line}\n" for line in ("archive = keep", *settings)))

    def wait_for_consumer(self):
        wait_until(30, "the consumer receives", lambda: self.lab.psql(
            "node1", "SELECT state FROM pg_stat_replication WHERE application_name = 'field_consumer'") == "streaming")

    def archive_by(self, command):
        self.lab.psql("node1", f"ALTER SYSTEM SET archive_command = '{command} {ARCHIVE}/%f'")
        self.lab.psql("node1", "SELECT pg_reload_conf()")

    def files(self, ending):
        """Of the WAL that was ready to be archived: what still is, or what is archived."""
        names = self.lab.sh("node1", "sh", "-c", f"cd {self.lab.pgdata}/pg_wal/archive_status; ls")
        return {name.removesuffix(ending) for name in names.split() if name.endswith(ending)}


@pytest.fixture(scope="module")
def others():
    with Lab("field-others") as lab:
        lab.up()
        state = Others(lab)
        yield state
        state.upgrade.stop_helpers()


def test_they_are_told_before(others):
    """With process, application and what they have not confirmed."""
    report = check(others.lab, "node1", "replication_clients", "logical_slots")
    assert report.found == {"replication_clients": "warning", "logical_slots": "warning"}, report.text
    said = " ".join(report.text.split())
    pid = others.lab.psql("node1", "SELECT active_pid FROM pg_replication_slots WHERE slot_name = 'field_consumer'")
    assert f"process {pid} of postgres, application field_consumer, from this host, slot field_consumer" in said, said
    assert "not confirmed" in said and "SELECT pg_create_logical_replication_slot('field_consumer'" in said, said


def test_slow_archiver_gives_the_old_cluster_back(others):
    """At --refused-limit, without a segment lost."""
    lab, upgrade = others.lab, others.upgrade
    others.configure("replication-wait = 3", "refused-limit = 15")
    others.archive_by("sleep 30; cp %p")
    for number in range(SEGMENTS):
        lab.psql("node1", f"SELECT pg_logical_emit_message(false, 'field', '{number}'); SELECT pg_switch_wal()")
    waiting = others.files(".ready")
    assert len(waiting) >= SEGMENTS - 2
    wait_until(60, "the check finds it", lambda: "archive_backlog" in check(lab, "node1", "archive_backlog").found)
    run = upgrade.start(backups_are_there=True)
    upgrade.start_helpers()
    assert wait_for(upgrade.helpers.pop("node1"), 120) == CHECK_FAILED
    lab.monitor_sql(f"SELECT pgaf_upgrade_waive_check({run}, 'node_1', 'archive_backlog', 'to see what comes of it')")
    upgrade.start_helper("node1")
    upgrade.wait_state("ready", 90)
    upgrade.approve()
    assert wait_for(upgrade.helpers.pop("node1"), 180) == STEP_FAILED
    with open(upgrade.logs["node1"]) as log:
        said = log.read()
    assert "writes were refused for 15 s, which is --refused-limit, and pg_upgrade had not begun" in said, said
    assert "archiver" in said and "The old cluster serves again" in said, said
    lab.wait_settled()
    others.writer.wait_for_more()
    print(f"    writes were refused for {others.writer.gaps()[0]:.1f} s", flush=True)
    assert others.writer.gaps()[0] > 10
    assert {lab.server_version(host) for host in lab.data_nodes} == {15} and lab.primary() == "node1"
    assert waiting <= others.files(".ready") | others.files(".done")
    # what has come so far is archived as it was
    others.archive_by("cp %p")
    lab.sh("node1", "pkill", "-f", "^sleep 30")
    wait_until(60, "all is archived", lambda: not others.files(".ready"))
    sizes = lab.sh("node1", "sh", "-ec", f"cd {ARCHIVE}; stat -c '%n %s' *").splitlines()
    archived = {name for name, size in map(str.split, sizes) if int(size) == 16 * 1024 * 1024}
    assert waiting <= archived, waiting - archived


def test_consumer_that_confirms_nothing_is_ended(others):
    """When its time is over; who lacks what is a warning."""
    lab, upgrade = others.lab, others.upgrade
    others.configure("replication-wait = 3", "refused-limit = 60")
    others.wait_for_consumer()
    before = len(others.writer.acknowledged())
    upgrade.start_helper("node1")
    status = upgrade.wait_state("ready", 120)
    assert "--refused-limit" in status["waiting_for"], status
    upgrade.approve()
    upgrade.wait_finished()
    lab.wait_settled()
    others.writer.wait_for_more()
    since = others.writer.acknowledged()[before][1]
    print(f"    writes were refused for {others.writer.gaps(since=since)[0]:.1f} s", flush=True)
    warnings = lab.monitor_sql("SELECT warnings FROM pgaf_upgrade_progress() WHERE node = 'node_1' AND step = 'stop'")
    assert "application field_consumer, from this host, slot field_consumer" in warnings, warnings
    assert "not archived" not in warnings
    others.writer.stop()
    assert others.writer.lost() == []
    assert {lab.server_version(host) for host in lab.hosts} == {17}
    assert lab.shared_files("node2"), "the standby, which is not ended, has all of the old cluster's WAL"
