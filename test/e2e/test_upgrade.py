"""Whole upgrades of whole clusters, with an application writing all the while."""
import pytest

from application import Writer
from customized import Customized
from content import content, fill
from driver import Upgrade
from hosts import HELPER, TARGET

pytestmark = [pytest.mark.all, pytest.mark.target(17, 18)]

PREPARED_WITHIN, UPGRADED_WITHIN = 60, 150


def upgrade_by_run(lab):
    upgrade = Upgrade(lab)
    upgrade.start()
    upgrade.carry_through(PREPARED_WITHIN, UPGRADED_WITHIN)
    return upgrade


def upgrade_from_cron(lab):
    """`run --once` is all that the hosts do. cron knows minutes; sleeps make it each 5 s."""
    upgrade = Upgrade(lab)
    upgrade.start()
    for host in lab.hosts:
        lab.put(host, "/etc/cron.d/pgaf-upgrade", "SHELL=/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n" + "".join(
            f"* * * * * root sleep {second}; flock -n /run/e2e-cron pgaf-upgrade run --once "
            ">>/var/log/pgaf-upgrade.log 2>&1\n"
            for second in range(0, 60, 5)))
        lab.sh(host, "systemctl", "restart", "cron")
    try:
        # the first minute begins within 60 s
        upgrade.wait_state("ready", PREPARED_WITHIN + 60)
        upgrade.approve()
        upgrade.wait_state("finished", UPGRADED_WITHIN + 120)
    except Exception as error:
        logs = [f"--- {host}\n" + lab.run(host, "tail", "-n", "15", "/var/log/pgaf-upgrade.log").stdout
                for host in lab.hosts]
        raise type(error)(f"{error}\n" + "\n".join(logs)) from None
    return upgrade


def whole_upgrade(lab, by=upgrade_by_run, before=None, after=None, with_helpers=True):
    """Without helpers nobody tells the monitor what the nodes' pg_hba.conf says, and standbys are copied."""
    customized = Customized(lab)
    number_sync_standbys = lab.number_sync_standbys()
    identifiers = {host: lab.system_identifier(host) for host in lab.data_nodes}
    if before:
        before(lab)
    writer = Writer(lab).start()
    writer.wait_for_more()
    since = lab.sh("monitor", "date", "+%s").strip()
    run = by(lab)
    lab.wait_settled()
    writer.wait_for_more()

    assert {host: lab.server_version(host) for host in lab.hosts} == {host: TARGET for host in lab.hosts}
    now = {host: lab.system_identifier(host) for host in lab.data_nodes}
    assert len(set(now.values())) == 1, f"several system identifiers: {now}"
    assert set(now.values()).isdisjoint(identifiers.values()), "the system identifier is still the old one"
    shown = {node["host"]: str(int(node["sysidentifier"]) % 2**64) for node in lab.nodes()}
    assert shown == now, "the monitor's system identifiers are not the nodes'"
    assert lab.monitor_sql("SELECT extversion FROM pg_extension WHERE extname = 'pgautofailover'") == "2.2"
    assert {host: lab.autoctl_version(host) for host in lab.hosts} == {host: "2.2" for host in lab.hosts}
    assert lab.number_sync_standbys() == number_sync_standbys
    customized.assert_carried()
    if with_helpers:
        # each node's own pg_hba.conf lets everybody in whom the cluster needs, as its helper saw it afterwards
        assert lab.monitor_sql("SELECT node, connection, client, verdict, was, advice FROM pgaf_upgrade_verify_hba()"
                               " WHERE verdict <> 'ok' OR was IS NULL") == ""
        # those that the application uses come first, and are known by then
        log = lab.sh(lab.primary(), "sh", "-c", f'cat "$(readlink -f {lab.pgdata})_pgaf_upgrade/statistics.log"')
        assert '"public.e2e_writes"' in lab.monitor_sql("""
            SELECT result -> 'busiest' -> 'postgres' FROM pgaf_upgrade.step JOIN pgaf_upgrade.node USING (runid, nodeid)
             WHERE name = 'dry_run' AND role = 'primary'""")
        assert -1 < log.find('the busiest tables, database "postgres"') < log.find("stage 1 of 3"), log
        # the parts of pg_upgrade are all of its time, and named as it names them
        parts = lab.monitor_sql("""
            SELECT sum((p ->> 'seconds')::numeric) / extract(epoch FROM s.finished_at - s.started_at)
                   BETWEEN 0.5 AND 1.05
                   AND string_agg(p ->> 'part', ' ') ~ 'Restoring database schemas.*flush the new cluster'
              FROM pgaf_upgrade.step s, jsonb_array_elements(s.result -> 'parts') p
             WHERE s.name = 'pg_upgrade' GROUP BY s.runid, s.nodeid, s.started_at, s.finished_at""")
        assert parts == "t\nt", parts
        # pg_upgrade --swap leaves none of the primary's in two places
        linked = lab.data_nodes[1:] if run.method == "swap" else lab.data_nodes
        copied = [host for host in linked if not lab.shared_files(host)]
        assert not copied, f"not built by links: {copied}"
    for host in lab.data_nodes:
        journal = lab.sh(host, "journalctl", "-u", "pgautofailover", "--since", f"@{since}", "-o", "cat")
        assert "Unknown PostgreSQL system identifier" not in journal
    if after:
        after(lab)

    written = writer.count()
    lab.perform_switchover()
    writer.wait_for_more()
    writer.stop()
    # initdb's pg_hba.conf knows no host but its own: a client that meets it is told so
    met = [text for text in writer.errors() if "pg_hba.conf" in text or "password authentication" in text]
    assert not met, f"the application met another pg_hba.conf: {met}"
    kept = {number for number, _ in writer.acknowledged()[:written if lab.has_raced else None]}
    lost = [number for number in writer.lost() if number in kept]
    assert lost == [], lab.monitor_sql("SELECT * FROM pgautofailover.event ORDER BY eventid DESC LIMIT 40")
    print("seconds without a write:", [round(gap, 1) for gap in writer.gaps()])


def test_one_secondary(make_lab):
    whole_upgrade(make_lab("one"))


def test_two_secondaries(make_lab):
    """number_sync_standbys 1 and an asynchronous secondary. pg_auto_failover refuses 1 with fewer
    than two secondaries in the quorum ("At least 2 standby nodes are required"), so it takes three."""
    lab = make_lab("two", secondaries=3, options=["--async", "1", "--number-sync-standbys", "1"])
    whole_upgrade(lab)
    assert [node["quorum"] for node in lab.nodes()] == [True, True, True, False]


def make_tablespace(lab):
    for host in lab.data_nodes:
        lab.sh(host, "install", "-d", "-o", "postgres", "-g", "postgres", "-m", "700", "/srv/ts1")
    lab.psql(lab.primary(), "CREATE TABLESPACE ts1 LOCATION '/srv/ts1'")
    lab.psql(lab.primary(), "CREATE TABLE in_ts1 TABLESPACE ts1 AS SELECT n, md5(n::text) AS t FROM generate_series(1, "
                            "50000) n")


def look_into_tablespace(lab):
    for host in lab.data_nodes:
        assert lab.psql(host, "SELECT count(*), sum(n), bool_and(md5(n::text) = t) FROM in_ts1") == "50000|1250025000|t"
        assert f"PG_{TARGET}_" in lab.sh(host, "ls", "/srv/ts1")


def test_tablespace(make_lab):
    whole_upgrade(make_lab("tablespace"), before=make_tablespace, after=look_into_tablespace)


INITDB = "--data-checksums --locale-provider=icu --icu-locale=en-US --wal-segsize=64 --allow-group-access"
# so deep that a Unix socket's path has no room in it
DEEP = "/srv/postgres/" + "deep/" * 20 + "data"


class UnlikeInitdb:
    """What initdb was told otherwise than it would do by itself is as it was."""

    def __init__(self):
        self.modes = {}  # pg_autoctl takes the group's rights from the directory of a standby that it makes

    @staticmethod
    def _mode(lab, host):
        return lab.psql(host, "SHOW data_directory_mode"), lab.sh(host, "stat", "-c", "%a", lab.pgdata).strip()

    def make(self, lab):
        self.modes = {host: self._mode(lab, host) for host in lab.data_nodes}
        assert self.modes["node1"] == ("0750", "750")
        lab.psql(lab.primary(), "CREATE DATABASE german TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'")

    def look(self, lab):
        for host in lab.data_nodes:
            assert lab.psql(host, "SHOW data_checksums") == "on"
            assert lab.psql(host, "SHOW wal_segment_size") == "64MB"
            assert self._mode(lab, host) == self.modes[host]
            assert lab.psql(host, "SELECT datname, datlocprovider, datlocale FROM pg_database WHERE datname IN"
                                  " ('postgres', 'german') ORDER BY 1") == "german|i|de-DE\npostgres|i|en-US"
        assert lab.sh("node1", "stat", "-c", "%a", f"{lab.pgdata}/base").strip() == "750"


def test_unlike_initdb(make_lab):
    unlike = UnlikeInitdb()
    whole_upgrade(make_lab("icu", port=5433, pgdata=DEEP, options=["--initdb", INITDB]), before=unlike.make,
                  after=unlike.look)


def test_pgdata_link(make_lab):
    def look(lab):
        for host in lab.hosts:
            assert lab.sh(host, "readlink", lab.pgdata).strip() == "/srv/postgres/15-main"

    whole_upgrade(make_lab("link", options=["--pgdata-link"]), after=look)


def look_at_certificates(lab):
    for host in lab.data_nodes:
        assert lab.psql(host, "SELECT name, setting FROM pg_settings WHERE name ~ '^ssl_(ca|cert|key)_file$' ORDER BY "
                              "1") == \
            "\n".join(f"{name}|/etc/pgaf-ssl/{file}" for name, file in
                      (("ssl_ca_file", "root.crt"), ("ssl_cert_file", "server.crt"), ("ssl_key_file", "server.key")))


def test_ca_certificates(make_lab):
    whole_upgrade(make_lab("ca", options=["--ssl", "ca"]), after=look_at_certificates)


def test_once_from_cron(make_lab):
    whole_upgrade(make_lab("cron"), by=upgrade_from_cron)


@pytest.mark.check
def test_manifold(make_lab):
    """Nearly all that the others have one by one, in one upgrade; and what the standbys by links contain."""
    lab = make_lab("manifold", secondaries=3, port=5433, pgdata=DEEP, options=[
        "--async", "1", "--number-sync-standbys", "1", "--ssl", "ca", "--initdb", INITDB])
    unlike = UnlikeInitdb()

    def make(lab):
        unlike.make(lab)
        fill(lab)

    def look(lab):
        unlike.look(lab)
        look_at_certificates(lab)
        before = content(lab, lab.primary())
        assert {host: content(lab, host) for host in lab.data_nodes} == {host: before for host in lab.data_nodes}
        refused = lab.run("node1", HELPER, "rollback", timeout=60)
        assert refused.returncode == 6, refused.stdout + refused.stderr
        assert "has been started on node_1" in refused.stderr, refused.stderr

    whole_upgrade(lab, before=make, after=look)
    assert [node["quorum"] for node in lab.nodes()] == [True, True, True, False]
