"""What can be done, and read, by who may log in on the monitor: as autoctl_node from another host, and as a role
without grants; and whether a secret of a node's configuration leaves the node."""
import hashlib
import json

import pytest

from cluster import Lab
from driver import Upgrade
from hosts import HELPER, NEW_BINDIR, PSQL
from waiting import wait_until

pytestmark = [pytest.mark.check, pytest.mark.together]

SECRET = "s3cret"
COMMAND = f"true {SECRET} %p"
PAUSE = 31  # of a helper that is not heard, until its lease is another's to take


@pytest.fixture(scope="module")
def lab():
    with Lab("claims") as lab:
        lab.up()
        lab.monitor_sql(
            "CREATE EXTENSION pgaf_upgrade; CREATE ROLE nobody_here LOGIN;"
            "CREATE ROLE watcher LOGIN IN ROLE pg_monitor")
        yield lab


@pytest.fixture(scope="module")
def prepared(lab):
    """A run at the gate, of nodes whose configuration has secrets."""
    for host in lab.hosts:
        lab.put(host, "/etc/pgaf-upgrade.conf", f'archive = "{COMMAND} new"\n')
    for host in lab.data_nodes:
        for name in "archive_command", "restore_command", "ssl_passphrase_command":
            lab.psql(host, f"ALTER SYSTEM SET {name} = '{COMMAND}'")
        lab.psql(host, "SELECT pg_reload_conf()")
    upgrade = Upgrade(lab)
    upgrade.start()
    upgrade.start_helpers()
    upgrade.wait_state("ready", 180)
    yield upgrade
    upgrade.stop_helpers()


def as_role(lab, role, sql):
    """(exit code, all that psql said)"""
    done = lab.run("monitor", "runuser", "-u", "postgres", "--", PSQL, "-X", "-p", str(lab.port), "-d",
                   "pg_auto_failover", "-Atq",
                   "-v", "ON_ERROR_STOP=1", input=f"SET SESSION AUTHORIZATION {role};\n{sql}")
    return done.returncode, done.stdout + done.stderr


def from_another_host(lab, host, sql):
    """As whoever has that host's network, by the connection string that is in its pg_autoctl.cfg."""
    config = f"/var/lib/postgresql/.config/pg_autoctl{lab.pgdata}/pg_autoctl.cfg"
    done = lab.run(host, "runuser", "-u", "postgres", "--", "sh", "-c",
                   f"exec {PSQL} -X -Atq -v ON_ERROR_STOP=1 \"$(sed -n 's/^monitor = //p' {config})\"", input=sql)
    return done.returncode, (done.stdout + done.stderr).strip()


def node_id(lab, name):
    return next(node["id"] for node in lab.nodes() if node["name"] == name)


def everything_told(lab):
    """Each row of each table of the extension, as text."""
    return lab.pg(
        "monitor", f"{NEW_BINDIR}/pg_dump -p {lab.port} -d pg_auto_failover --data-only --extension=pgaf_upgrade")


def test_a_secret_of_the_configuration_stays_on_its_node(lab, prepared):
    told = everything_told(lab)
    assert "parameters_changed" in told and "archive_command" in told, "the diff was not reported"
    page = lab.sh("monitor", HELPER, "report", "--html", "-")
    shown = lab.sh("node2", HELPER, "status", "--json") + lab.sh("node2", HELPER, "status")
    for text in told, page, shown:
        assert SECRET not in text, [line for line in text.splitlines() if SECRET in line]
    # by the digest the command can be recognized
    assert hashlib.sha256(COMMAND.encode()).hexdigest()[:12] in told
    found = lab.monitor_sql(
        "SELECT DISTINCT found FROM pgaf_upgrade_checks() WHERE check_name = 'restore_command' AND NOT passed")
    assert found.startswith("restore_command is (SHA-256 "), found


def test_the_node_s_own_terminal_shows_it(lab, prepared):
    done = lab.run("node1", HELPER, "check", "--only", "restore_command")
    assert "restore_command is (SHA-256" in " ".join(done.stdout.split()) and SECRET not in done.stdout, done.stdout
    done = lab.run("node1", "env", "SHELL=/bin/sh", "script", "-qec",
                   f"{HELPER} check --only restore_command", "/dev/null")
    assert f"restore_command is {COMMAND}" in " ".join(done.stdout.split()), done.stdout


def test_passwords_of_access_rules_are_not_shown(lab):
    """The file is read as it is; the server goes on by the rules that it has."""
    rule = (f"hostssl all autoctl_node 10.99.0.11/32 ldap ldapserver=there ldapbasedn=dc ldapbinddn=cn "
            f"ldapbindpasswd={SECRET}")
    lab.pg("monitor", f"sed -i '1i {rule}' {lab.pgdata}/pg_hba.conf")
    try:
        options = lab.monitor_sql(
            "SELECT DISTINCT options FROM pgaf_upgrade_verify_hba() WHERE node = 'monitor' AND client = 'node_1'")
    finally:
        lab.pg("monitor", f"sed -i 1d {lab.pgdata}/pg_hba.conf")
    assert "ldapserver=there" in options and "ldapbindpasswd=(hidden)" in options and SECRET not in options, options


def test_a_role_without_grants_sees_nothing(lab, prepared):
    functions = lab.monitor_sql("SELECT string_agg(proname, ' ') FROM pg_proc WHERE proname ~ '^pgaf_upgrade_'").split()
    assert len(functions) > 30
    calls = ["status()", "progress()", "checks()", "events()", "history()", "backups()", "software()", "steps()",
             "report()",
             "verify_hba()", "required_hba()", "start(17)", "approve()", "abort(1, 'why')"]
    for sql in [f"SELECT * FROM pgaf_upgrade_{call}" for call in calls] + ["SELECT * FROM pgaf_upgrade.event"]:
        code, said = as_role(lab, "nobody_here", sql)
        assert code and "permission denied" in said, sql + said
        code, said = as_role(lab, "watcher", sql)
        assert bool(code) == any(word in sql for word in ("start", "approve", "abort")), sql + said


def test_another_host_takes_no_lease_that_is_held(lab, prepared):
    attach = (f"SELECT pgaf_upgrade_attach({node_id(lab, 'node_1')}, '00000000-0000-0000-0000-00000000dead', '1.0', "
              "'elsewhere')")
    code, said = from_another_host(lab, "node2", attach)
    assert code and "works for" in said, said
    # nor is there anything to be read by which it could speak for the node
    journal = lab.sh("node1", "cat", f"{lab.pgdata}_pgaf_upgrade/journal").splitlines()
    secrets = [line.split('"token":"')[1][:36] for line in journal
               if '"token":"' in line]
    assert secrets and not any(secret in everything_told(lab) for secret in secrets)
    assert lab.sh("node1", "stat", "-c", "%a", f"{lab.pgdata}_pgaf_upgrade/journal").strip() == "600"


def test_what_is_reported_in_a_node_s_name_blocks_nothing(lab, prepared):
    """By who takes over a node whose helper is silent: that is an event, and what he tells is checked."""
    node = node_id(lab, "node_1")
    prepared.kill_helper("node1")
    token = "00000000-0000-0000-0000-00000000dead"
    attach = f"SELECT pgaf_upgrade_attach({node}, '{token}', '1.0', 'elsewhere') IS NOT NULL"
    wait_until(PAUSE + 15, "the lease is free", lambda: from_another_host(lab, "node2", attach)[0] == 0, pause=2)
    event = lab.monitor_sql("SELECT by_user, by_address, message FROM pgaf_upgrade_events() WHERE kind = 'taken over'")
    assert event.startswith(
        "autoctl_node|10.99.0.12|helper 1.0 on elsewhere, from the one on node1 (autoctl_node, 10.99.0.11)"), event
    connection = {"connection": "health check", "client_nodeid": 0, "client": "monitor", "user_name": "u", "host": "h",
                  "database": "d",
                  "encrypted": True, "verdict": "no match", "required_line": "host all all 0.0.0.0/0 trust"}
    for call in (f"finish_step('{token}', 'check', '{{\"seconds\": \"not a number\"}}')",
                 f"sync_journal('{token}', "
                 "'[{\"step\": \"check\", \"state\": \"done\", \"finished_at\": \"infinity\"}]')",
                 f"report_check('{token}', 'made_up', 'error', false, 'a', 'b', 'c')",
                 f"report_software('{token}', '{{\"a\": 7}}')",
                 f"report_hba('{token}', 'before', '[{{\"connection\": \"rewind\"}}]')",
                 f"fail_step('{token}', 'check', repeat('x', 100000))"):
        code, said = from_another_host(lab, "node2", f"\\set VERBOSITY verbose\nSELECT pgaf_upgrade_{call}")
        assert code and "PU013" in said, call + said
    code, said = from_another_host(
        lab, "node2", f"SELECT pgaf_upgrade_report_hba('{token}', 'before', '{json.dumps([connection])}')")
    assert code == 0, said
    assert lab.monitor_sql("SELECT count(*) FROM pgaf_upgrade_required_hba() WHERE line ~ '0\\.0\\.0\\.0|all'") == "0"
    code, said = from_another_host(
        lab, "node2", f"SELECT pgaf_upgrade_record_backup('theirs', 'tool', '2025-01-01', node => '{node}')")
    assert code == 0, said
    assert lab.monitor_sql(
        "SELECT claimed, by_address FROM pgaf_upgrade_backups() WHERE label = 'theirs'") == "t|10.99.0.12"
    # all that people look at is there
    for command in ("status",), ("status", "--json"), ("report", "--html", "-"):
        assert lab.sh("node2", HELPER, *command)
    assert lab.monitor_sql("SELECT count(*) FROM pgaf_upgrade_history()") == "1"
