"""Standbys built by links to their own old files, and base backups where it cannot be proved that these are the
primary's. That a standby has the primary's content is seen in it, by its rows and by pg_amcheck after its promotion."""
import hashlib
import json
import os

import pytest

from content import LOCATION, content, fill
from driver import Upgrade
from faults import stopped_at
from hosts import HELPER
from judges import Judges
from network import limit_network
from waiting import wait_for, wait_until

pytestmark = [pytest.mark.all, pytest.mark.target(17, 18)]

STEP_FAILED = 4


def rebuilt(lab):
    """{name of the node: result of its step rebuild in the newest run}, as the monitor's tables keep it."""
    rows = lab.monitor_sql("""
        SELECT coalesce(json_object_agg(n.nodename, s.result), '{}')
          FROM pgaf_upgrade.step s JOIN pgaf_upgrade.node n USING (runid, nodeid)
         WHERE s.name = 'rebuild' AND runid = (SELECT max(runid) FROM pgaf_upgrade.run)""")
    return json.loads(rows)


def start(lab):
    judges, upgrade = Judges(lab), Upgrade(lab)
    upgrade.start()
    return judges, upgrade


def is_withdrawn(lab):
    return (lab.psql(lab.primary(), "SELECT count(*) FROM pg_namespace WHERE nspname = 'pgaf_upgrade_seed'") == "0"
            and not [host for host in lab.data_nodes
                     if lab.run(host, "test", "-e", f"{lab.pgdata}_pgaf_upgrade/seed").returncode == 0])


def test_two_at_once(make_lab):
    lab = make_lab("links", secondaries=2)
    fill(lab)
    judges, upgrade = start(lab)
    upgrade.carry_through()
    lab.wait_settled()
    results = rebuilt(lab)
    assert {name: result["standby_method"] for name, result in results.items()} == {"node_2": "link",
                                                                                    "node_3": "link"}, results
    before = content(lab, lab.primary())
    for host in ("node2", "node3"):
        assert content(lab, host) == before
        assert lab.shared_files(host) > 20, "its files are not links"
    assert is_withdrawn(lab)
    restored = lab.psql(lab.primary(), """CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
        SELECT count(*) FROM pg_stat_statements WHERE query LIKE '%binary_upgrade%'""")
    assert restored == "0", f"pg_stat_statements has {restored} statements of pg_upgrade's"
    lab.psql(lab.primary(), "INSERT INTO unlogged SELECT 1; INSERT INTO sparse SELECT generate_series(1001, 30000)")
    assert judges.upgraded() == []
    # the promoted one has what an unlogged table has after a crash, and takes writes to it
    assert lab.psql(lab.primary(), "INSERT INTO unlogged SELECT 2; SELECT count(*) FROM unlogged") == "1"
    assert lab.psql(lab.primary(), "SELECT count(*) FROM sparse") == "30000"


# What is done to a standby between its stop and its rebuild, and what its helper says of it.
DISTURBED = {
    "node2": ("unclean stop", r"""
        runuser -u postgres -- $B/pg_ctl -w -D $D -o "-c listen_addresses='' -c unix_socket_directories=/tmp" \
            -l /tmp/log start
        kill -KILL $(head -n 1 $D/postmaster.pid); sleep 1; rm -f $D/postmaster.pid""",
              "not \"shut down in recovery\""),
    "node3": ("another identifier", r"""
        runuser -u postgres -- $B/initdb -D /tmp/other >/dev/null
        cp /tmp/other/global/pg_control $D/global/pg_control""", "system identifier is"),
    "node4": ("a tablespace's files missing", f"mv {LOCATION}/PG_15_* /srv/elsewhere", "has no \""),
}


def is_behind_gate(lab, name):
    return lab.monitor_sql("SELECT s.state FROM pgaf_upgrade.step s JOIN pgaf_upgrade.node n USING (runid, nodeid)"
                           f" WHERE n.nodename = '{name}' AND s.name = 'enter_maintenance'") != "pending"


def test_base_backup_instead(make_lab):
    lab = make_lab("nolinks", secondaries=4)
    fill(lab)
    judges, upgrade = start(lab)
    for host in ("monitor", "node1", "node5"):
        upgrade.start_helper(host)
    helpers = {}
    for host in DISTURBED:
        helpers[host] = lab.start(host, "env", "PGAF_UPGRADE_FAULT=rebuild:before", HELPER, "run",
                                  log=os.path.join(lab.logs, f"before-{host}"))
    upgrade.wait_state("ready", 120)
    upgrade.approve()
    # the fifth lags: it has received the last WAL and not replayed it; earlier, the gate would be closed by that
    wait_until(90, "the fifth is behind the gate", lambda: is_behind_gate(lab, "node_5"), pause=0.05)
    lab.psql("node5", "SELECT pg_wal_replay_pause()")
    for host, (_, command, _) in DISTURBED.items():
        wait_for(helpers[host], 180)
        lab.sh(host, "sh", "-ec", f"B=/usr/lib/postgresql/15/bin; D={lab.pgdata}; cd /tmp; {command}")
        upgrade.start_helper(host)
    upgrade.wait_finished(400)
    results = rebuilt(lab)
    said = {**{host: text for host, (_, _, text) in DISTURBED.items()}, "node5": "latest checkpoint location is"}
    for host, text in said.items():
        result = results[host.replace("node", "node_")]
        assert result["standby_method"] == "basebackup" and text in result["no_links"], (host, result)
    lab.wait_settled()
    before = content(lab, lab.primary())
    for host in said:
        assert content(lab, host) == before, host
    assert judges.upgraded() == []


def damage_seed(lab, host):
    """In the middle of the pack and of its compressed form, on the disk."""
    lab.sh(host, "sh", "-ec", f"""for file in $(find {lab.pgdata}_pgaf_upgrade/seed -name 'pack*'); do
        printf damage | dd of=$file bs=1 seek=$(($(stat -c %s $file) / 2)) conv=notrunc status=none
    done""")


def base_backup_since_seed_is_damaged(lab, upgrade):
    """The operator wanted links and nothing else: refused, until the operator says otherwise."""
    damage_seed(lab, "node1")
    done = lab.run("node2", HELPER, "run", timeout=200)
    assert done.returncode == STEP_FAILED, done.stdout + done.stderr
    assert "is damaged" in done.stderr and "pgaf-upgrade run --base-backup" in done.stderr, done.stderr
    log = os.path.join(lab.logs, "base-backup")
    helper = lab.start("node2", HELPER, "run", "--base-backup", log=log)
    upgrade.wait_finished()
    assert wait_for(helper, 60) == 0, open(log).read()
    assert rebuilt(lab)["node_2"]["standby_method"] == "basebackup"
    assert content(lab, "node2") == content(lab, lab.primary())


def test_seed_damaged_on_disk(make_lab):
    lab = make_lab("damaged")
    fill(lab)
    judges, upgrade = stopped_at(lab, "rebuild", "before", role="secondary", standby_method="link")
    base_backup_since_seed_is_damaged(lab, upgrade)
    assert judges.upgraded() == []


@pytest.mark.check
def test_seed(make_lab):
    """While it is offered an application cannot read it; with no room for it, or where it is damaged, no standby is
    built of it."""
    lab = make_lab("seed")
    fill(lab)
    judges, upgrade = stopped_at(lab, "rebuild", "before", role="secondary", standby_method="link")
    offered_to_standbys_alone(lab)
    no_room_for_seed(lab)
    base_backup_since_seed_is_damaged(lab, upgrade)
    assert is_withdrawn(lab)
    assert judges.upgraded() == []


def test_transfer_interrupted(make_lab):
    """The standby's helper dies in the middle of it, the primary's power is cut, and what the standby has fetched is
    damaged: it is fetched again, and the standby is built by links."""
    lab = make_lab("transfer")
    fill(lab)
    judges, upgrade = stopped_at(lab, "rebuild", "fetching", role="secondary")
    damage_seed(lab, "node2")
    upgrade.helpers.pop("node1")
    lab.power("kill", "node1")
    upgrade.start_helper("node2")
    lab.power("boot", "node1")
    upgrade.start_helper("node1")
    upgrade.wait_finished(300)
    assert rebuilt(lab)["node_2"]["standby_method"] == "link", rebuilt(lab)
    assert content(lab, "node2") == content(lab, lab.primary())
    assert judges.upgraded() == []


def test_slow_network(make_lab):
    """The seed is fetched compressed: interrupted, and gone on with as it was begun; damaged, and fetched anew."""
    lab = make_lab("slow")
    fill(lab)
    judges, upgrade = stopped_at(lab, "rebuild", "before", role="secondary")
    limit_network(lab, "node1", "20mbit")
    upgrade.start_helper("node2")
    folder = f"{lab.pgdata}_pgaf_upgrade/seed"
    sizes = ("node2", "sh", "-c", f"stat -c %s {folder}/pack.zst 2>/dev/null || echo 0")
    wait_until(60, "a part of it is there", lambda: int(lab.sh(*sizes)) > 2**20, pause=0.05)
    upgrade.kill_helper("node2")
    begun = int(lab.sh(*sizes))
    whole = int(lab.sh("node1", "stat", "-c", "%s", f"{folder}/pack.zst"))
    assert 2**20 < begun < whole < int(lab.sh("node1", "stat", "-c", "%s", f"{folder}/pack")) / 2
    damage_seed(lab, "node2")
    limit_network(lab, "node1", None)
    upgrade.start_helper("node2")
    upgrade.wait_finished()
    log = lab.sh("node2", "sh", "-c", f"cat {lab.pgdata}_pgaf_upgrade/*.log")
    assert "the network is slow" in log and "is fetched once more" in log, log
    assert rebuilt(lab)["node_2"]["standby_method"] == "link", rebuilt(lab)
    assert content(lab, "node2") == content(lab, lab.primary())
    assert judges.upgraded() == []


def test_amcheck(make_lab):
    """A standby by links whose table had gone bad long before: pg_amcheck, where it is asked for, has it copied."""
    lab = make_lab("amcheck", secondaries=2)
    fill(lab)
    lab.put("node3", "/etc/pgaf-upgrade.conf", "amcheck = true\n")
    path = lab.psql(lab.primary(), "SELECT pg_relation_filepath('toasted')")
    judges, upgrade = stopped_at(lab, "rebuild", "before", role="secondary")
    wait_until(60, "the other standby asks for the extension",
               lambda: "no database has the extension amcheck" in open(upgrade.logs["node3"]).read())
    wait_for(upgrade.helpers["node3"], 120)  # until the monitor, which is upgraded meanwhile, knows of it
    lab.psql("node1", "CREATE EXTENSION amcheck")
    upgrade.start_helper("node3")
    # a line pointer that leads to no row
    lab.sh("node2", "sh", "-ec",
           rf"printf '\1\1\1\1' | dd of={lab.pgdata}/{path} bs=1 seek=100 conv=notrunc status=none")
    log = os.path.join(lab.logs, "amcheck")
    upgrade.helpers["node2"] = lab.start("node2", HELPER, "run", "--amcheck", log=log)
    upgrade.wait_finished(300)
    results = rebuilt(lab)
    assert results["node_2"]["standby_method"] == "basebackup", results
    assert "pg_amcheck finds" in results["node_2"]["no_links"], results
    assert results["node_3"]["standby_method"] == "link" and results["node_3"]["amcheck"]["databases"] == 1, results
    for host in ("node2", "node3"):
        assert content(lab, host) == content(lab, lab.primary())
    assert judges.upgraded() == []


def offered_to_standbys_alone(lab):
    ask = "SELECT length(pgaf_upgrade_seed.read('pack', 0, 100))"
    assert lab.psql("node1", ask) == "100"
    denied = lab.run("client", "/usr/lib/postgresql/17/bin/psql", "-XAtqd", lab.conninfo(), "-c", ask)
    assert denied.returncode and "permission denied for schema pgaf_upgrade_seed" in denied.stderr, denied.stderr
    assert lab.psql("node1", """SELECT pgaf_upgrade_seed.read('PG_VERSION', 0, 100) IS NULL
                                   AND pgaf_upgrade_seed.size('PG_VERSION') IS NULL""") == "t"


def no_room_for_seed(lab):
    folder = f"{lab.pgdata}_pgaf_upgrade/seed"
    lab.sh("node2", "sh", "-ec", f"install -d -o postgres -m 700 {folder};"
           f" mount -t tmpfs -o size=4m,mode=700 none {folder}; chown postgres: {folder}")
    done = lab.run("node2", HELPER, "run", timeout=200)
    assert done.returncode == STEP_FAILED and "No space left on device" in done.stderr, done.stdout + done.stderr
    lab.sh("node2", "umount", folder)


def test_seed_is_for_standbys_alone(make_lab):
    """While it is offered, an application cannot read it; with no room for it on the standby the step fails clearly."""
    lab = make_lab("offered")
    fill(lab)
    judges, upgrade = stopped_at(lab, "rebuild", "before", role="secondary")
    offered_to_standbys_alone(lab)
    no_room_for_seed(lab)
    upgrade.start_helper("node2")
    upgrade.wait_finished()
    assert rebuilt(lab)["node_2"]["standby_method"] == "link", rebuilt(lab)
    assert is_withdrawn(lab)
    assert judges.upgraded() == []


def test_seed_of_no_superuser(make_lab):
    """Where an application could have put a function of its own, nothing is fetched."""
    lab = make_lab("planted")
    judges, upgrade = stopped_at(lab, "rebuild", "before", role="secondary")
    lab.psql("node1", "ALTER FUNCTION pgaf_upgrade_seed.read OWNER TO app")
    upgrade.start_helper("node2")
    upgrade.wait_finished()
    result = rebuilt(lab)["node_2"]
    assert result["standby_method"] == "basebackup" and "app's, who is no superuser" in result["no_links"], result
    assert judges.upgraded() == []


def test_seed_that_nobody_reported(make_lab):
    """Whole by its own digests, but not the one that the primary's helper has told the monitor of."""
    lab = make_lab("exchanged")
    judges, upgrade = stopped_at(lab, "rebuild", "before", role="secondary")
    reported = lab.monitor_sql("SELECT result ->> 'seed_sha256' FROM pgaf_upgrade.step"
                               " WHERE name = 'start' AND nodeid = 1")
    manifest = f"{lab.pgdata}_pgaf_upgrade/seed/manifest"
    lines = lab.sh("node1", "cat", manifest).splitlines(keepends=True)
    assert hashlib.sha256("".join(lines[:-1]).encode()).hexdigest() == reported, (lines[-1], reported)
    lines.insert(-1, lines[-2])  # a directory or a file once more
    lines[-1] = lines[-1].replace(reported, hashlib.sha256("".join(lines[:-1]).encode()).hexdigest())
    lab.put("node1", manifest, "".join(lines))
    upgrade.start_helper("node2")
    upgrade.wait_finished()
    result = rebuilt(lab)["node_2"]
    assert result["standby_method"] == "basebackup" and "another seed than the one" in result["no_links"], result
    assert judges.upgraded() == []


def test_marker_is_not_replayed(make_lab):
    """The standby by links streams, and never comes to what the primary wrote since: its own configuration, in a file
    outside PGDATA that nobody carries over, delays it."""
    lab = make_lab("delayed")
    fill(lab)
    delay = "/etc/postgresql-delay.conf"
    for host in lab.data_nodes:
        lab.put(host, delay, "")
        lab.sh(host, "sh", "-ec", f"echo \"include '{delay}'\" >>{lab.pgdata}/postgresql.conf")
    judges, upgrade = stopped_at(lab, "rebuild", "before", role="secondary")
    lab.put("node2", delay, "recovery_min_apply_delay = '1h'\n")
    log = os.path.join(lab.logs, "delayed")
    upgrade.helpers["node2"] = lab.start("node2", HELPER, "run", "--limit-factor", "0.01", log=log)
    wait_until(120, "links are given up", pause=0.1, condition=lambda: lab.run(
        "node2", "grep", "-q", "no links", f"{lab.pgdata}_pgaf_upgrade/journal").returncode == 0)
    lab.put("node2", delay, "")
    upgrade.wait_finished(300)
    result = rebuilt(lab)["node_2"]
    assert result["standby_method"] == "basebackup", result
    assert "does not replay what was written since" in result["no_links"], result
    lab.wait_settled()
    assert content(lab, "node2") == content(lab, lab.primary())
    assert judges.upgraded() == []
