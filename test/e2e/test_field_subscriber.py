"""What clusters in the field look like, kind D: the cluster is a subscriber, and its publisher goes on writing. No row
is lost or comes twice, wherever the helper is killed."""
import os
import time

import pytest

from cluster import Lab
from driver import Upgrade
from hosts import OLD_BINDIR
from test_checks import check
from waiting import wait_for, wait_until

pytestmark = [pytest.mark.all, pytest.mark.together, pytest.mark.limit(1200)]

PUBLISHER = "/var/lib/postgresql/publisher"
PASSWORD = "never-leaves-the-node"
# tables without a key: a row that comes twice is there twice
FEED = """
while [ ! -e /root/no-more ]; do
    n=$((n + 1))
    echo "INSERT INTO feed VALUES ($n); INSERT INTO other VALUES ($n); SELECT pg_sleep(0.02);"
done | runuser -u postgres -- psql -Xq -p 6000 -d postgres >/dev/null
"""


class Subscriber:
    def __init__(self, lab):
        self.lab = lab
        lab.pg("client", f"""{OLD_BINDIR}/initdb -A trust -D {PUBLISHER} >/dev/null
            printf '%s\\n' 'wal_level = logical' 'port = 6000' "listen_addresses = '*'" >>{PUBLISHER}/postgresql.conf
            echo 'host all all 10.99.0.0/16 scram-sha-256' >>{PUBLISHER}/pg_hba.conf
            {OLD_BINDIR}/pg_ctl start -w -D {PUBLISHER} -l {PUBLISHER}.log >/dev/null""")
        self.publish(f"""CREATE ROLE feeder SUPERUSER LOGIN PASSWORD '{PASSWORD}';
            CREATE TABLE feed (n int); CREATE TABLE other (n int); CREATE TABLE unseen (n int);
            CREATE PUBLICATION feed FOR TABLE feed; CREATE PUBLICATION other FOR TABLE other;
            CREATE PUBLICATION unseen FOR TABLE unseen; INSERT INTO unseen VALUES (1)""")
        lab.psql("node1", 'CREATE DATABASE "an other"')
        self.subscribe("postgres", "feed", "streaming = on, binary = true")
        self.subscribe("an other", "other", "synchronous_commit = remote_apply, disable_on_error = true")
        self.subscribe("postgres", "unseen", "enabled = false, create_slot = false, slot_name = 'unseen'")
        lab.psql("node1", "COMMENT ON SUBSCRIPTION feed IS 'what comes in'")
        lab.start("client", "sh", "-c", FEED, log=os.path.join(lab.logs, "feed"))
        for database, table in (("postgres", "feed"), ("an other", "other")):
            wait_until(60, f"rows come into {table}", lambda t=table, d=database: int(self.rows(d, t)[0]) > 20)
        lab.record_backups()

    def publish(self, sql):
        return self.lab.pg("client", "psql -XAtq -v ON_ERROR_STOP=1 -p 6000 -d postgres", input=sql).strip()

    def subscribe(self, database, name, options):
        self.lab.psql("node1", f"CREATE TABLE {name} (n int)", database)
        self.lab.psql("node1", f"""CREATE SUBSCRIPTION {name} CONNECTION 'host=client port=6000 dbname=postgres
            user=feeder password={PASSWORD}' PUBLICATION {name} WITH ({options})""", database)

    def rows(self, database, table):
        return self.lab.psql("node1", f"SELECT count(*), count(DISTINCT n), max(n) FROM {table}", database).split("|")

    def definitions(self):
        """But for what PostgreSQL 17 has more."""
        return self.lab.psql("node1", """
            SELECT datname, subname, subowner::regrole, subenabled, subbinary, substream::text IN ('t', 'true'),
                   subdisableonerr, subslotname, subsynccommit, subpublications,
                   obj_description(s.oid, 'pg_subscription'),
                   md5(subconninfo)
              FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid ORDER BY 2""")

    def tables(self, database):
        return self.lab.psql("node1", """SELECT subname, srrelid::regclass, srsubstate FROM pg_subscription_rel
            JOIN pg_subscription s ON s.oid = srsubid ORDER BY 1, 2""", database)


@pytest.fixture(scope="module")
def subscriber():
    with Lab("field-subscriber") as lab:
        lab.up()
        yield Subscriber(lab)


def test_it_is_a_note(subscriber):
    """What stands in nobody's way: the upgrade carries it."""
    report = check(subscriber.lab, "node1", "subscriptions", "subscription_tables")
    assert report.found == {"subscriptions": "note"}, report.text
    assert report.text.count("subscription ") >= 3 and PASSWORD not in report.text


@pytest.mark.check
def test_no_row_is_lost_or_doubled(subscriber):
    lab, upgrade = subscriber.lab, Upgrade(subscriber.lab)
    definitions = subscriber.definitions()
    tables = {database: subscriber.tables(database) for database in ("postgres", "an other")}
    assert "feed|feed|r" in tables["postgres"] and "other|other|r" in tables["an other"], tables
    upgrade.start(backups_are_there=True)
    upgrade.start_helpers()
    upgrade.wait_state("ready", 90)
    upgrade.kill_helper("node1")
    upgrade.approve()
    upgrade.start_helper("node1", fault="statistics:subscription")
    wait_for(upgrade.helpers.pop("node1"), 180)  # killed in the middle of it
    assert lab.psql("node1", "SELECT bool_or(subenabled) FROM pg_subscription") == "f"
    time.sleep(2)  # what is written meanwhile waits at the publisher
    upgrade.start_helper("node1")
    upgrade.wait_finished()
    lab.wait_settled()
    assert lab.server_version("node1") == 17
    assert subscriber.definitions() == definitions
    assert {database: subscriber.tables(database) for database in tables} == tables
    lab.sh("client", "touch", "/root/no-more")
    for database, table in (("postgres", "feed"), ("an other", "other")):
        wait_until(60, f"all is there of {table}", lambda t=table, d=database: subscriber.rows(d, t)[2] ==
                   subscriber.publish(f"SELECT max(n) FROM {t}"))
        count, distinct, last = map(int, subscriber.rows(database, table))
        print(f"    {table}: {count} rows, {distinct} of them distinct, up to {last}", flush=True)
        assert count == distinct == last
    assert subscriber.rows("postgres", "unseen")[0] == "0"


def test_the_password_stays_on_its_node(subscriber):
    lab = subscriber.lab
    dump = lab.pg("monitor", f"/usr/lib/postgresql/17/bin/pg_dump -p {lab.port} pg_auto_failover")
    assert "feed" in dump and PASSWORD not in dump
    for host in lab.hosts:
        assert PASSWORD not in lab.sh(host, "sh", "-c", f"cat {lab.pgdata}_pgaf_upgrade/journal"
                                                        f" {lab.pgdata}_pgaf_upgrade/pgaf-upgrade.log"), host


def test_a_switchover_afterwards(subscriber):
    """The positions came to the standby, too."""
    lab = subscriber.lab
    lab.perform_switchover()
    subscriber.publish("INSERT INTO feed VALUES (0)")
    wait_until(60, "it comes to the new primary", lambda: lab.psql(
        lab.primary(), "SELECT count(*) FROM feed WHERE n = 0") == "1")
    assert lab.psql(lab.primary(), "SELECT count(*) = count(DISTINCT n) FROM feed") == "t"
