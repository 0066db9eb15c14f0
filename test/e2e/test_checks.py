"""Whatever can stop an upgrade is found by `pgaf-upgrade check` under its own name while the cluster
serves. One cluster: each state is made wrong in one way, found, mended, and found no more."""
import contextlib
import os
import re

import pytest

from cluster import Lab
from driver import Upgrade
from hosts import HELPER, HERE, NEW_BINDIR, OLD_BINDIR, CommandFailed
from waiting import wait_until

pytestmark = [pytest.mark.check, pytest.mark.together, pytest.mark.limit(1800)]

CHECK_FAILED = 3
ODD_DATABASE = 'it\'s "odd" \\ ünïcödé'


@pytest.fixture(scope="module")
def lab():
    with Lab("checks") as lab:
        lab.up()
        prepare(lab)
        yield lab


def prepare(lab):
    """What takes a restart is set once, for all the tests."""
    for host in reversed(lab.data_nodes):
        for setting in ("max_prepared_transactions = 5", "wal_level = logical", "archive_mode = on"):
            lab.psql(host, f"ALTER SYSTEM SET {setting}")
        restart(lab, host)
    lab.record_backups()


def restart(lab, host):
    lab.sh(host, "systemctl", "restart", "pgautofailover")
    wait_serving(lab)


def wait_serving(lab):
    """Until node1 is the primary and node2 streams; pg_auto_failover may have changed their places."""
    def who_serves():
        with contextlib.suppress(CommandFailed, StopIteration):
            primary = lab.primary()
            if lab.is_settled() and lab.psql("node1", "SELECT 1") == lab.psql("node2", "SELECT 1") and lab.psql(
                    primary, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1":
                return primary
        return None

    if wait_until(90, "a primary serves and a standby streams", who_serves) != "node1":
        lab.perform_switchover()
        wait_until(90, "node1 serves and node2 streams", lambda: who_serves() == "node1")


class Report:
    """What `pgaf-upgrade check` printed."""

    def __init__(self, done):
        self.code, self.text = done.returncode, done.stdout + done.stderr
        self.found = {name: severity for severity, name
                      in re.findall(r"^(error|warning|note)\s+(\w+): ", done.stdout, re.MULTILINE)}
        self.passed = re.findall(r"\w+", done.stdout[match.end():]
                                 if (match := re.search(r"^ok ", done.stdout, re.MULTILINE)) else "")
        assert self.code in (0, CHECK_FAILED), self.text

    def of(self, severity):
        return [name for name, its in self.found.items() if its == severity]


def check(lab, host, *names, options=()):
    only = ["--only", ",".join(names)] if names else []
    return Report(lab.run(host, HELPER, "check", *only, *options))


# -- states made wrong: each is a context, so that it is mended whatever the test finds --

@contextlib.contextmanager
def sql(lab, make, mend, host="node1", database="postgres"):
    lab.psql(host, make, database)
    try:
        yield
    finally:
        lab.psql(host, mend, database)


@contextlib.contextmanager
def shell(lab, make, mend, host="node1"):
    lab.sh(host, "sh", "-ec", make)
    try:
        yield
    finally:
        lab.sh(host, "sh", "-ec", mend)


@contextlib.contextmanager
def file_changed(lab, path, edit, host="node1"):
    """edit: a shell text that changes the file of its name $f."""
    lab.sh(host, "sh", "-ec", f"cp -a {path} /root/e2e-kept; f={path}; {edit}")
    try:
        yield
    finally:
        lab.sh(host, "sh", "-ec", f"mv /root/e2e-kept {path}")


def setting(lab, name, value, host="node1"):
    """By ALTER SYSTEM; one that takes a restart stays pending."""
    return sql(lab, f"ALTER SYSTEM SET {name} = '{value}';\nSELECT pg_reload_conf()",
               f"ALTER SYSTEM RESET {name};\nSELECT pg_reload_conf()", host)


def line(lab, text, host="node1"):
    """A line of postgresql.conf, which the running server does not read again."""
    return file_changed(lab, f"{lab.pgdata}/postgresql.conf", f"echo \"{text}\" >>$f", host)


@contextlib.contextmanager
def background(lab, command, host="node1"):
    """A command of postgres that runs all the while."""
    pid = f"/run/e2e-{os.path.basename(command[0])}"
    process = lab.start(host, "sh", "-c", f'echo $$ >{pid}; exec setpriv --reuid=postgres --regid=postgres'
                        ' --init-groups "$@"', "sh", *command, log=os.path.join(lab.logs, os.path.basename(command[0])))
    try:
        yield
    finally:
        lab.sh(host, "sh", "-c", f"kill $(cat {pid}) 2>/dev/null || true")
        process.wait()


def table(lab, columns):
    return sql(lab, f"CREATE TABLE e2e_wrong ({columns})", "DROP TABLE e2e_wrong")


def view(lab, query):
    return sql(lab, f"CREATE VIEW e2e_wrong AS {query}", "DROP VIEW e2e_wrong")


@contextlib.contextmanager
def reloaded_hba(lab, text, host="node1"):
    path = f"{lab.pgdata}/pg_hba.conf"
    reload = ["sh", "-ec", f"kill -HUP $(head -n 1 {lab.pgdata}/postmaster.pid)"]
    with file_changed(lab, path, f"{{ echo '{text}'; cat /root/e2e-kept; }} >$f", host):
        lab.sh(host, *reload)
        try:
            yield
        finally:
            pass
    lab.sh(host, *reload)


@contextlib.contextmanager
def certificate(lab, end):
    """A certificate of the same key that ends then."""
    with file_changed(lab, f"{lab.pgdata}/server.crt",
                      f"cd {lab.pgdata}; openssl req -x509 -key server.key -subj /CN=node1 {end} -out $f 2>/dev/null"):
        yield


@contextlib.contextmanager
def programs(lab, change):
    """A directory of programs like the new one but for `change`, made in it by the shell."""
    with shell(lab, f"mkdir -p /opt/e2e; cd /opt/e2e; ln -s {NEW_BINDIR}/* .; {change}", "rm -r /opt/e2e"):
        yield


def wrapper(program, condition, answer):
    """Shell text: a program in the place of the real one that answers otherwise when the condition holds."""
    return (f"rm {program}; printf '%s\\n' '#!/bin/sh' 'case \"$*\" in {condition}) echo \"{answer}\"; exit;; esac' "
            f"'exec {NEW_BINDIR}/{program} \"$@\"' >{program}; chmod 755 {program}")


@contextlib.contextmanager
def prepared_transaction(lab):
    with sql(lab, "CREATE TABLE e2e_prepared (); BEGIN; INSERT INTO e2e_prepared DEFAULT VALUES; PREPARE TRANSACTION "
                  "'e2e'",
             "ROLLBACK PREPARED 'e2e'; DROP TABLE e2e_prepared"):
        yield


SLEEPERS = "FROM pg_stat_activity WHERE query LIKE 'BEGIN; SELECT pg_sleep%' AND pid <> pg_backend_pid()"


@pytest.fixture(scope="module")
def aging(lab):
    """A transaction that grows old while other cases are looked at."""
    with background(lab, [f"{NEW_BINDIR}/psql", "-X", "-p", str(lab.port), "-c", "BEGIN; SELECT pg_sleep(3600)"]):
        wait_until(20, "it is open", lambda: lab.psql("node1", f"SELECT count(*) {SLEEPERS}") == "1")
        yield
        lab.psql("node1", f"SELECT pg_terminate_backend(pid) {SLEEPERS}")


@contextlib.contextmanager
def open_transaction(lab):
    wait_until(90, "the transaction is a minute old", lambda: lab.psql(
        "node1", f"SELECT count(*) {SLEEPERS} AND xact_start < now() - interval '61 s'") == "1", pause=2)
    yield
    lab.psql("node1", f"SELECT pg_terminate_backend(pid) {SLEEPERS}")


@contextlib.contextmanager
def running_base_backup(lab):
    with background(lab, [f"{OLD_BINDIR}/pg_basebackup", "-p", str(lab.port), "-D", "/tmp/e2e-backup", "--max-rate=32k",
                          "--checkpoint=fast", "-X", "none"]):
        wait_until(30, "the base backup runs", lambda: lab.psql(
            "node1", "SELECT count(*) FROM pg_stat_progress_basebackup") == "1")
        yield
    lab.sh("node1", "rm", "-rf", "/tmp/e2e-backup")


def copied_subscription(lab):
    """One of its tables has not come yet."""
    return sql(lab, """CREATE TABLE e2e_copied (); CREATE SUBSCRIPTION e2e CONNECTION 'host=nowhere' PUBLICATION p
                         WITH (connect = false);
                       INSERT INTO pg_subscription_rel SELECT oid, 'e2e_copied'::regclass, 'd' FROM pg_subscription""",
               """ALTER SUBSCRIPTION e2e SET (slot_name = NONE); DROP SUBSCRIPTION e2e; DROP TABLE e2e_copied""")


@contextlib.contextmanager
def receiving_wal(lab):
    with background(lab, [f"{OLD_BINDIR}/pg_receivewal", "-p", str(lab.port), "-D", "/tmp"]):
        wait_until(30, "it receives", lambda: lab.psql(
            "node1", "SELECT count(*) FROM pg_stat_replication WHERE application_name = 'pg_receivewal'") == "1")
        yield
    lab.sh("node1", "sh", "-c", "rm -f /tmp/0000*")


@contextlib.contextmanager
def slow_archive(lab):
    """Two segments, the first of which takes its time: twice as long as the stop may."""
    with setting(lab, "archive_command", "sleep 3600"):
        lab.psql("node1", "SELECT pg_switch_wal() FROM pg_logical_emit_message(false, 'e2e', 'a')")
        lab.psql("node1", "SELECT pg_switch_wal() FROM pg_logical_emit_message(false, 'e2e', 'b')")
        wait_until(90, "one has taken its time", lambda: "archive_backlog" in check(
            lab, "node1", "archive_backlog", options=["--refused-limit", "9"]).found, pause=1)
        yield
    # now, and not before, or the archiver begins the next by the same command
    lab.sh("node1", "pkill", "-f", "^sleep 3600")


@contextlib.contextmanager
def tablespace(lab, path, make_hosts=None, prepare="true", clean="true"):
    """One made by the primary on directories that every data node has."""
    for host in lab.data_nodes:
        lab.sh(host, "sh", "-ec", f"{prepare if host in (make_hosts or lab.data_nodes) else 'true'};"
                                  f" install -d -o postgres -g postgres -m 700 {path}")
    lab.psql("node1", f"CREATE TABLESPACE e2e LOCATION '{path}'")
    try:
        yield
    finally:
        lab.psql("node1", "DROP TABLE IF EXISTS e2e_in_it")
        lab.psql("node1", "DROP TABLESPACE e2e")
        lab.psql("node1", "SELECT pg_switch_wal()")
        wait_until(30, "the secondary has dropped it", lambda: lab.psql(
            "node2", "SELECT count(*) FROM pg_tablespace WHERE spcname = 'e2e'") == "0")
        for host in lab.data_nodes:
            lab.sh(host, "sh", "-ec", f"{clean if host in (make_hosts or lab.data_nodes) else 'true'}; rm -rf {path}")


@contextlib.contextmanager
def left_over_in_tablespace(lab):
    with tablespace(lab, "/srv/e2e-ts"):
        lab.sh("node1", "mkdir", "/srv/e2e-ts/PG_17_202406281")
        yield


@contextlib.contextmanager
def small_file_system(lab):
    with tablespace(lab, "/srv/small/ts", ["node2"], "mkdir -p /srv/small; mount -t tmpfs -o size=40m tmpfs /srv/small",
                    "umount /srv/small"):
        lab.psql("node1", "CREATE TABLE e2e_in_it (t text) TABLESPACE e2e;"
                          " ALTER TABLE e2e_in_it ALTER t SET STORAGE PLAIN;"
                          " INSERT INTO e2e_in_it SELECT repeat('x', 2000) FROM generate_series(1, 12000)")
        lab.psql("node1", "CHECKPOINT")
        yield


@contextlib.contextmanager
def missing_locale(lab):
    with sql(lab, "CREATE DATABASE e2e_german TEMPLATE template0 LOCALE 'de_DE.UTF-8'", "DROP DATABASE e2e_german"):
        with file_changed(lab, "/usr/lib/locale/locale-archive", "localedef --delete-from-archive de_DE.utf8"):
            yield


@contextlib.contextmanager
def maintenance(lab):
    lab.pg("node2", f"{OLD_BINDIR}/pg_autoctl enable maintenance --pgdata {lab.pgdata}")
    try:
        yield
    finally:
        lab.pg("node2", f"{OLD_BINDIR}/pg_autoctl disable maintenance --pgdata {lab.pgdata}")
        lab.wait_settled()


@contextlib.contextmanager
def keepers_held(lab):
    """pg_autoctl of both nodes does not run for a moment, so that the monitor's table stays as it is."""
    for host in lab.data_nodes:
        lab.sh(host, "pkill", "-STOP", "-x", "pg_autoctl")
    try:
        yield
    finally:
        for host in lab.data_nodes:
            lab.sh(host, "pkill", "-CONT", "-x", "pg_autoctl")
        lab.wait_settled()


@contextlib.contextmanager
def without_primary(lab):
    with keepers_held(lab):
        lab.monitor_sql("UPDATE pgautofailover.node SET reportedstate = 'secondary' WHERE nodeid = 1")
        yield


def of_monitor(lab, make, mend):
    return sql(lab, make, mend, "monitor", "pg_auto_failover")


@contextlib.contextmanager
def paused_replay(lab):
    with sql(lab, "SELECT pg_wal_replay_pause()", "SELECT pg_wal_replay_resume()", "node2"):
        wait_until(20, "the replay is paused",
                   lambda: lab.psql("node2", "SELECT pg_get_wal_replay_pause_state()") == "paused")
        yield


@contextlib.contextmanager
def lagging_standby(lab):
    with paused_replay(lab):
        lab.psql("node1", "CREATE TABLE e2e_lag AS SELECT repeat('x', 1000) FROM generate_series(1, 80000); DROP TABLE "
                          "e2e_lag")
        yield


@contextlib.contextmanager
def standby_shut_out(lab):
    """No new connection for replication, and the one that there was has ended."""
    with reloaded_hba(lab, "host replication all all reject"):
        lab.psql("node1", "SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
        yield
    wait_serving(lab)


@contextlib.contextmanager
def many_wal_senders(lab):
    """Not those of standbys, which take two each for a base backup."""
    program = ("import psycopg2, psycopg2.extras, time\n"
               f"open_ones = [psycopg2.connect('port={lab.port} dbname=postgres', connection_factory="
               "psycopg2.extras.PhysicalReplicationConnection) for _ in range(11)]\ntime.sleep(600)")
    with background(lab, ["python3", "-c", program]):
        wait_until(20, "they are connected", lambda: int(lab.psql("node1",
                                                                  "SELECT count(*) FROM pg_stat_replication")) > 11)
        yield


@contextlib.contextmanager
def many_relations(lab):
    with sql(lab, "CREATE DATABASE e2e_many", "DROP DATABASE e2e_many"):
        for part in range(3):
            lab.psql("node1", f"""DO $$ BEGIN FOR n IN 1..1700 LOOP
                EXECUTE format('CREATE SEQUENCE s_{part}_%s', n); END LOOP; END $$""", "e2e_many")
        yield


@contextlib.contextmanager
def extension_hidden(lab, name, path):
    with sql(lab, f"CREATE EXTENSION {name}", f"DROP EXTENSION {name}"), \
            shell(lab, f"mv {path} /root/e2e-hidden", f"mv /root/e2e-hidden {path}"):
        yield


@contextlib.contextmanager
def old_collation(lab):
    """As after an upgrade of the system: recorded is another version than there is."""
    with sql(lab, """CREATE TABLE e2e_sorted (t text COLLATE "de-x-icu" PRIMARY KEY);
                     UPDATE pg_collation SET collversion = '153.1' WHERE collname = 'de-x-icu'""",
             """DROP TABLE e2e_sorted; ALTER COLLATION "de-x-icu" REFRESH VERSION"""):
        yield


@contextlib.contextmanager
def library_of_15(lab):
    """A preloaded library that only the old installation has."""
    library = "/usr/lib/postgresql/15/lib/e2e_only_15.so"
    with shell(lab, f"cp /usr/lib/postgresql/15/lib/auto_explain.so {library}", f"rm {library}"), \
            setting(lab, "shared_preload_libraries", "e2e_only_15"):
        yield


@contextlib.contextmanager
def included_from_elsewhere(lab):
    with shell(lab, "echo 'vacuum_defer_cleanup_age = 0' >/etc/e2e.conf", "rm /etc/e2e.conf"), \
            line(lab, "include '/etc/e2e.conf'"):
        yield


@contextlib.contextmanager
def reported_otherwise(lab, software, version):
    """A run under way, in which the helper of node2 has told another version than this node has."""
    run = Upgrade(lab).start()
    lab.monitor_sql(f"""UPDATE pgaf_upgrade.node SET software = '{{"{software}": "{version}"}}'
                         WHERE nodeid = 2 AND runid = {run}""")
    try:
        yield
    finally:
        lab.monitor_sql(f"SELECT pgaf_upgrade_abort({run}, 'only to look')")


@contextlib.contextmanager
def edited_since_shown(lab):
    """A run that waits, in which node2 has made its checks; then a file of it is edited."""
    run = Upgrade(lab).start()
    try:
        lab.sh("node2", HELPER, "run", "--once")
        with line(lab, "# edited", "node2"):
            yield
    finally:
        lab.monitor_sql(f"SELECT pgaf_upgrade_abort({run}, 'only to look')")


@contextlib.contextmanager
def limited_service(lab):
    """As by MemoryMax=1G."""
    group = lab.sh("node1", "sh", "-ec",
                   f"sed -n s/^0:://p /proc/$(head -n 1 {lab.pgdata}/postmaster.pid)/cgroup").strip()
    limit = f"/sys/fs/cgroup{group}/memory.max"
    if lab.run("node1", "test", "-e", limit).returncode:
        pytest.skip("this machine gives its control groups no limits of memory")
    with shell(lab, f"echo 1G >{limit}", f"echo max >{limit}"), setting(lab, "shared_buffers", "1GB"):
        yield


@contextlib.contextmanager
def unit_drop_in(lab, lines):
    """As of the unit's next start; it is not started."""
    folder = "/etc/systemd/system/pgautofailover.service.d"
    with shell(lab, f"mkdir -p {folder}; printf '[Service]\\n{lines}\\n' >{folder}/e2e.conf; systemctl daemon-reload",
               f"rm {folder}/e2e.conf; systemctl daemon-reload"):
        yield


@contextlib.contextmanager
def file_system_without_flags(lab):
    with open(os.path.join(HERE, "field_renames.c"), encoding="utf-8") as source:
        lab.put("node1", "/root/field_renames.c", source.read())
    with shell(lab, "gcc -shared -fPIC -o /usr/local/lib/field_renames.so /root/field_renames.c;"
                    " echo /usr/local/lib/field_renames.so >/etc/ld.so.preload", "rm /etc/ld.so.preload"):
        yield


@contextlib.contextmanager
def several(*contexts):
    with contextlib.ExitStack() as stack:
        for context in contexts:
            stack.enter_context(context)
        yield


OTHER_KEY = "openssl genrsa 2048 >$f 2>/dev/null"
UNIT = "/etc/systemd/system/pgautofailover.service"

# name: severity, the host that finds it, what is made wrong (a function of the lab), options of check
CASES = [
    ("new_programs", "error", "node1", None, ["--new-bindir", "/nowhere"]),
    ("new_pg_autoctl", "error", "node1", lambda lab: programs(lab, "rm pg_autoctl"), ["--new-bindir", "/opt/e2e"]),
    ("faulty_minor", "error", "node1", lambda lab: several(
        programs(lab, wrapper("postgres", "--version", "postgres (PostgreSQL) 17.4")),
        setting(lab, "max_slot_wal_keep_size", "1GB")), ["--new-bindir", "/opt/e2e"]),
    ("autoctl_version", "error", "node1", lambda lab: file_changed(
        lab, f"{OLD_BINDIR}/pg_autoctl",
        "rm $f; printf '#!/bin/sh\\necho pg_autoctl extension version 2.1\\n' >$f; chmod 755 $f"), []),
    ("autoctl_version", "error", "monitor", lambda lab: file_changed(
        lab, "/usr/share/postgresql/17/extension/pgautofailover.control", "sed -i s/2.2/2.1/ $f", "monitor"), []),
    ("same_autoctl", "error", "node1", lambda lab: reported_otherwise(lab, "pg_autoctl of 17", "2.1"), []),
    ("same_minors", "warning", "node1", lambda lab: reported_otherwise(lab, "PostgreSQL 17", "17.0"), []),
    ("same_layout", "error", "node1", lambda lab: programs(lab, wrapper("postgres", "*-C\\ block_size", "16384")),
     ["--new-bindir", "/opt/e2e"]),
    ("service_unit", "error", "node1", None, ["--service", "nowhere.service"]),
    ("unit_of_this_node", "error", "node1", None, ["--service", "cron.service"]),
    ("unit_program", "error", "node1", lambda lab: several(
        shell(lab, "true", "systemctl daemon-reload"),
        file_changed(lab, UNIT, "sed -i 's|^ExecStart=.*|ExecStart=/opt/other/pg_autoctl run|' $f; systemctl "
                                "daemon-reload")), []),
    ("unit_enabled", "warning", "node1", lambda lab: shell(
        lab, "systemctl disable -q pgautofailover", "systemctl enable -q pgautofailover"), []),
    ("names_are_free", "error", "node1", lambda lab: shell(lab, f"mkdir {lab.pgdata}_pg15", f"rmdir {lab.pgdata}_pg15"),
     []),
    ("can_be_renamed", "error", "node1", lambda lab: shell(
        lab, f"mount --bind {lab.pgdata} {lab.pgdata}", f"umount {lab.pgdata}"), []),
    ("parent_is_writable", "error", "node1", lambda lab: shell(
        lab, f"chown root {os.path.dirname(lab.pgdata)}", f"chown postgres {os.path.dirname(lab.pgdata)}"), []),
    ("files_of_others", "note", "node1", lambda lab: shell(
        lab, f"chown root:postgres {lab.pgdata}/server.key; chmod 640 {lab.pgdata}/server.key",
        f"chown postgres:postgres {lab.pgdata}/server.key; chmod 600 {lab.pgdata}/server.key"), []),
    ("files_of_owner", "error", "node1", lambda lab: shell(
        lab, f"touch {lab.pgdata}/base/e2e", f"rm {lab.pgdata}/base/e2e"), []),
    ("tablespaces", "error", "node1", lambda lab: tablespace(lab, f"{lab.pgdata}/e2e"), []),
    ("tablespaces", "error", "node2", lambda lab: tablespace(
        lab, "/srv/e2e-mount", ["node2"], "mkdir -p /srv/e2e-mount; mount -t tmpfs tmpfs /srv/e2e-mount",
        "umount /srv/e2e-mount"), []),
    ("tablespace_leftovers", "error", "node1", left_over_in_tablespace, []),
    ("same_file_system", "error", "node1", lambda lab: shell(
        lab, f"mount --bind {lab.pgdata}/base {lab.pgdata}/base", f"umount {lab.pgdata}/base"), []),
    ("clone_support", "error", "node1", lambda lab: tablespace(
        lab, "/srv/e2e-ram", prepare="mkdir -p /srv/e2e-ram; mount -t tmpfs -o size=40m tmpfs /srv/e2e-ram",
        clean="umount /srv/e2e-ram"), ["--method", "clone"]),
    ("free_space", "error", "node2", small_file_system, []),
    ("nodes_settled", "error", "monitor", maintenance, []),
    ("nodes_settled", "error", "node2", maintenance, []),
    ("one_primary", "error", "monitor", without_primary, []),
    ("citus", "error", "node1", lambda lab: of_monitor(
        lab, "UPDATE pgautofailover.formation SET kind = 'citus'",
        "UPDATE pgautofailover.formation SET kind = 'pgsql'"), []),
    ("sync_standbys", "error", "monitor", lambda lab: of_monitor(
        lab, "UPDATE pgautofailover.formation SET number_sync_standbys = 1",
        "UPDATE pgautofailover.formation SET number_sync_standbys = 0"), []),
    ("failover_candidates", "warning", "monitor", lambda lab: of_monitor(
        lab, "UPDATE pgautofailover.node SET candidatepriority = 0 WHERE nodeid = 2",
        "UPDATE pgautofailover.node SET candidatepriority = 50 WHERE nodeid = 2"), []),
    ("backup", "error", "node1", lambda lab: of_monitor(
        lab, "UPDATE pgaf_upgrade.backup SET verified_at = NULL",
        "UPDATE pgaf_upgrade.backup SET verified_at = recorded_at"), []),
    ("standbys_stream", "error", "node1", standby_shut_out, []),
    ("apply_delay", "error", "node2", lambda lab: setting(lab, "recovery_min_apply_delay", "1h", "node2"), []),
    ("base_backup_connection", "error", "node2", lambda lab: reloaded_hba(lab, "host replication all all reject"), []),
    ("replication_lag", "warning", "node1", lagging_standby, []),
    ("replay_runs", "error", "node2", paused_replay, []),
    ("wal_senders", "error", "node1", many_wal_senders, []),
    ("hba", "warning", "node1", lambda lab: file_changed(
        lab, f"{lab.pgdata}/pg_hba.conf",
        "{ echo 'host all pgautofailover_monitor all reject'; cat /root/e2e-kept; } >$f"), []),
    ("old_configuration", "error", "node1", lambda lab: line(lab, "work_mem = lots"), []),
    ("pending_restart", "warning", "node1", lambda lab: setting(lab, "max_connections", "150"), []),
    ("prepared_transactions", "error", "node1", prepared_transaction, []),
    ("logical_slots", "warning", "node1", lambda lab: sql(
        lab, "SELECT pg_create_logical_replication_slot('e2e', 'test_decoding')",
        "SELECT pg_drop_replication_slot('e2e')"), []),
    ("physical_slots", "warning", "node1", lambda lab: sql(
        lab, "SELECT pg_create_physical_replication_slot('e2e')", "SELECT pg_drop_replication_slot('e2e')"), []),
    ("subscription_tables", "error", "node1", copied_subscription, []),
    ("subscriptions", "note", "node1", lambda lab: sql(
        lab, "CREATE SUBSCRIPTION e2e CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE)",
        "DROP SUBSCRIPTION e2e"), []),
    ("long_transactions", "warning", "node1", open_transaction, []),
    ("base_backup_runs", "warning", "node1", running_base_backup, []),
    ("replication_clients", "warning", "node1", receiving_wal, []),
    ("archive_backlog", "error", "node1", slow_archive, ["--refused-limit", "9"]),
    ("archiving", "error", "node1", lambda lab: setting(lab, "archive_command", "cp %p /tmp/%f"), []),
    ("restore_command", "warning", "node2", lambda lab: setting(lab, "restore_command", "cp /nowhere/%f %p", "node2"),
     []),
    ("invalid_databases", "error", "node1", lambda lab: sql(
        lab, "CREATE DATABASE e2e_broken;\nUPDATE pg_database SET datconnlimit = -2 WHERE datname = 'e2e_broken'",
        "DROP DATABASE e2e_broken"), []),
    ("database_connections", "error", "node1", lambda lab: sql(
        lab, "ALTER DATABASE template0 ALLOW_CONNECTIONS true", "ALTER DATABASE template0 ALLOW_CONNECTIONS false"),
     []),
    ("database_connections", "error", "node1", lambda lab: sql(
        lab, "CREATE DATABASE e2e_closed ALLOW_CONNECTIONS false", "DROP DATABASE e2e_closed"), []),
    ("superuser_connects", "error", "node1", lambda lab: reloaded_hba(lab, "local template1 all reject"), []),
    ("database_locales", "error", "node1", missing_locale, []),
    ("objects_in_pg_catalog", "error", "node1", lambda lab: sql(
        lab, "SET allow_system_table_mods = on; CREATE FUNCTION pg_catalog.e2e() RETURNS int LANGUAGE sql AS 'SELECT "
             "1'",
        "DROP FUNCTION pg_catalog.e2e()"), []),
    ("unlogged_tables", "warning", "node1", lambda lab: sql(lab, "CREATE UNLOGGED TABLE e2e ()", "DROP TABLE e2e"), []),
    ("many_relations", "note", "node1", many_relations, []),
    ("large_objects", "note", "node1", lambda lab: sql(
        lab, "SELECT lo_create(0) FROM generate_series(1, 1100)",
        "SELECT lo_unlink(oid) FROM pg_largeobject_metadata"), []),
    ("ssl_files", "error", "node1", lambda lab: file_changed(lab, f"{lab.pgdata}/server.key", OTHER_KEY), []),
    ("ssl_files", "error", "node2", lambda lab: shell(
        lab, f"chown root {lab.pgdata}/server.key", f"chown postgres {lab.pgdata}/server.key", "node2"), []),
    ("ssl_expired", "error", "node1", lambda lab: certificate(lab, "-not_before 20200101000000Z -not_after "
                                                                   "20210101000000Z"), []),
    ("ssl_expires", "warning", "node1", lambda lab: certificate(lab, "-days 5"), []),
    ("extensions_available", "error", "node1", lambda lab: extension_hidden(
        lab, "hstore", "/usr/share/postgresql/17/extension/hstore.control"), []),
    ("libraries_load", "error", "node1", lambda lab: extension_hidden(
        lab, "hstore", "/usr/lib/postgresql/17/lib/hstore.so"), []),
    ("collation_versions", "error", "node1", old_collation, []),
    ("new_cluster", "error", "node1", lambda lab: shell(
        lab, "mv /usr/share/postgresql/17/postgres.bki /root/e2e-bki",
        "mv /root/e2e-bki /usr/share/postgresql/17/postgres.bki"), []),
    ("parameters_changed", "warning", "node1", lambda lab: line(lab, "old_snapshot_threshold = 5"), []),
    ("parameters_refused", "error", "node1", included_from_elsewhere, []),
    ("configuration_starts", "error", "node1", library_of_15, []),
    ("access_rules", "error", "node1", lambda lab: file_changed(
        lab, f"{lab.pgdata}/pg_hba.conf", "echo 'host all \"/(x\" 10.0.0.0/8 md5' >>$f"), []),
    ("files_as_shown", "error", "node2", edited_since_shown, []),
    ("memory", "error", "node1", lambda lab: setting(lab, "shared_buffers", "400GB"), []),
    ("memory", "error", "node1", limited_service, []),
    ("huge_pages", "error", "node1", lambda lab: setting(lab, "huge_pages", "on"), []),
    ("unit_settings", "note", "node1", lambda lab: unit_drop_in(lab, "PrivateDevices=yes\nCPUAffinity=0"), []),
    ("unit_settings", "note", "node1", lambda lab: unit_drop_in(
        lab, f"ExecStart=\nExecStart=/usr/bin/taskset -c 0 {OLD_BINDIR}/pg_autoctl run"), []),
    ("renames_in_steps", "note", "node1", file_system_without_flags, []),
    ("left_behind", "warning", "node2", lambda lab: shell(
        lab, f"mkdir {lab.pgdata}/dumps", f"rmdir {lab.pgdata}/dumps", "node2"), []),
    ("left_behind", "warning", "node1", lambda lab: several(
        shell(lab, f"touch {lab.pgdata}/pg_stat/archive.sh", f"rm {lab.pgdata}/pg_stat/archive.sh"),
        setting(lab, "archive_cleanup_command", f"sh {lab.pgdata}/pg_stat/archive.sh")), []),
    ("seed_connection", "warning", "node2", lambda lab: reloaded_hba(
        lab, "host postgres pgautofailover_replicator all reject"), []),
    ("recovery_settings", "error", "node1", lambda lab: setting(lab, "max_connections", "150"), []),
    ("recovery_settings", "error", "node2", lambda lab: setting(lab, "max_worker_processes", "2", "node2"), []),
    ("archive_settings", "error", "node1", lambda lab: several(
        setting(lab, "archive_command", "cp %p /tmp/%f"), setting(lab, "archive_library", "basic_archive")),
     ["--archive", "keep"]),
    ("role_administration", "note", "node1", lambda lab: sql(
        lab, "CREATE ROLE e2e_maker CREATEROLE; CREATE ROLE e2e_made", "DROP ROLE e2e_maker, e2e_made"), []),
    ("role_inheritance", "note", "node1", lambda lab: sql(
        lab, "CREATE ROLE e2e_group; CREATE ROLE e2e_member NOINHERIT IN ROLE e2e_group",
        "DROP ROLE e2e_member, e2e_group"), []),
    ("materialized_views", "note", "node1", lambda lab: sql(
        lab, "CREATE FUNCTION e2e_f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE MATERIALIZED VIEW e2e_m AS SELECT "
             "e2e_f()",
        "DROP MATERIALIZED VIEW e2e_m; DROP FUNCTION e2e_f()"), []),
    ("removed_columns", "note", "node1", lambda lab: sql(
        lab, "CREATE FUNCTION e2e_f() RETURNS bigint LANGUAGE plpgsql AS "
             "$$ BEGIN RETURN (SELECT checkpoints_timed FROM pg_stat_bgwriter); END $$",
        "DROP FUNCTION e2e_f()"), []),
    ("reg_columns", "error", "node1", lambda lab: table(lab, "p regproc"), []),
    ("aclitem_columns", "error", "node1", lambda lab: table(lab, "a aclitem"), []),
    ("system_row_columns", "error", "node1", lambda lab: table(lab, "r pg_stat_activity"), []),
    ("pg_upgrade_check", "error", "node1", lambda lab: extension_hidden(
        lab, "hstore", "/usr/lib/postgresql/17/lib/hstore.so"), []),
    ("schema_restores", "error", "node1", lambda lab: view(lab, "SELECT checkpoints_timed FROM pg_stat_bgwriter"), []),
    ("schema_restores", "error", "node1", lambda lab: view(lab, "SELECT daticulocale FROM pg_database"), []),
    # pg_dump leaves out the handler, which it takes for PostgreSQL's own
    ("schema_restores", "error", "node1", lambda lab: sql(
        lab, "CREATE LANGUAGE e2e HANDLER plpgsql_call_handler", "DROP LANGUAGE e2e"), []),
]


# what each says about the time of its own part
ESTIMATES = {
    "monitor": r"estimate the monitor is away for about \d+ s: pg_upgrade took [\d.]+ s on a copy of the catalogs",
    "node1": r"estimate writes are refused for about \d+ s, and redundancy is back after about \d+ s: pg_upgrade "
             r"took",
    "node2": r"estimate this standby is rebuilt within about \d+ s by links, or within \d+ s where a base backup is "
             r"needed",
}
ESTIMATE_OF_A_COPY = r"estimate this standby is rebuilt within about \d+ s: \d+ MB at 100 MB/s at the most"
# shown by a test of their own below, and the last two by test_redundancy.py
OTHERS = {"server_runs", "wal_directory", "commit_timestamps", "extension_updates", "index_functions"}
# 15 and 17 have the same defaults, so that nothing can be found between them
NOTHING_TO_FIND = {"defaults_changed"}


def folders(lab, host):
    """What stands beside PGDATA and in it, and the configuration."""
    return lab.sh(host, "sh", "-ec", f"ls -1A {os.path.dirname(lab.pgdata)} {lab.pgdata} /tmp | grep -v "
                                     "'[.]s[.]PGSQL'; "
                                     f"cat {lab.pgdata}/*.conf {lab.pgdata}/PG_VERSION | sha256sum")


def test_healthy_rich_cluster(lab):
    """No false error where there is an object of every kind, many schemas and roles, and odd names;
    and every check is in docs/checks.md and in this file."""
    quoted = '"' + ODD_DATABASE.replace('"', '""') + '"'
    lab.psql("node1", f"CREATE DATABASE {quoted}")
    try:
        with open(os.path.join(HERE, "rich.sql"), encoding="utf-8") as script:
            lab.psql("node1", script.read(), ODD_DATABASE)
        names, before = set(), {host: folders(lab, host) for host in lab.hosts}
        for host in lab.hosts:
            report = check(lab, host)
            # the subscription is one of every kind, and something to know
            expected = {"subscriptions": "note"} if host == "node1" else {}
            assert report.code == 0 and report.found == expected, f"{host}: {report.text}"
            assert max(map(len, report.text.splitlines())) <= 80
            assert re.search(ESTIMATES[host], " ".join(report.text.split())), report.text
            names |= {*report.passed, *report.found}
        copied = check(lab, "node2", options=["--standby-method", "basebackup"])
        assert re.search(ESTIMATE_OF_A_COPY, " ".join(copied.text.split())), copied.text
        assert {host: folders(lab, host) for host in lab.hosts} == before, "check has changed something"
    finally:
        lab.psql("node1", 'DROP SUBSCRIPTION IF EXISTS "from nowhere"', ODD_DATABASE)
        lab.psql("node1", f"DROP DATABASE {quoted}")
        lab.psql("node1", 'REVOKE SET ON PARAMETER log_statement FROM "role 5"')
        roles = lab.psql("node1", "SELECT string_agg(quote_ident(rolname), ', ') FROM pg_roles WHERE rolname ~ 'role "
                                  "[0-9]|quoted'")
        lab.psql("node1", f"DROP ROLE {roles}")

    assert names == {case[0] for case in CASES} | OTHERS | NOTHING_TO_FIND
    with open(os.path.join(HERE, "..", "..", "docs", "checks.md"), encoding="utf-8") as page:
        rows = dict(re.findall(r"^\| `(\w+)` \| (error|warning|note)\b", page.read(), re.MULTILINE))
    assert set(rows) == names
    assert all(rows[case[0]] == case[1] for case in CASES)


def test_configuration_as_a_diff(lab):
    """What is gone is commented out, what is renamed keeps its value, the rest stays."""
    with file_changed(lab, f"{lab.pgdata}/postgresql.conf",
                      "sed -i '1i old_snapshot_threshold = 5 # why\\nforce_parallel_mode = on' $f"):
        report = check(lab, "node1", "parameters_changed", "configuration_starts",
                       options=["--diff", "--archive", "pause"])
    assert report.found == {"parameters_changed": "warning"} and "configuration_starts" in report.passed, report.text
    path = f"{lab.pgdata}/postgresql.conf"
    assert f"""--- {path}
+++ {path} of PostgreSQL 17
@@ -1 +1 @@
-old_snapshot_threshold = 5 # why
+#old_snapshot_threshold = 5 # why  # pgaf_upgrade: PostgreSQL 17 has no such parameter
@@ -2 +2 @@
-force_parallel_mode = on
+debug_parallel_query = on
""" in report.text
    assert "@@ at the end @@\n+archive_command = ''\n" in report.text


def test_archiving_is_the_operators_choice(lab):
    with setting(lab, "archive_command", "cp %p /tmp/%f"):
        for choice in ("pause", "keep", "cp %p /srv/new/%f"):
            report = check(lab, "node1", "archiving", options=["--archive", choice])
            assert report.passed == ["archiving"], report.text


def test_unknown_check(lab):
    done = lab.run("node1", HELPER, "check", "--only", "nothing")
    assert done.returncode == 2 and "nothing" in done.stderr


@pytest.mark.parametrize("name, severity, host, make, options", CASES,
                         ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)])
def test_found(lab, aging, name, severity, host, make, options):
    with make(lab) if make else contextlib.nullcontext():
        report = check(lab, host, name, options=options)
        assert report.found.get(name) == severity, report.text
        assert report.code == (CHECK_FAILED if severity == "error" else 0), report.text
        assert max(map(len, report.text.splitlines())) <= 200


@pytest.mark.parametrize("host", ["monitor", "node1", "node2"])
def test_found_no_more(lab, host):
    """When everything is mended."""
    after, names = None, {case[0] for case in CASES if case[2] == host}

    def is_clean():
        nonlocal after
        after = check(lab, host)
        return after.found == {} and after.code == 0 and names <= set(after.passed)

    # a standby catches up and a session ends in their own time
    try:
        wait_until(30, "nothing is found any more", is_clean, pause=1)
    except TimeoutError:
        pytest.fail(f"still found, or not looked at {names - set(after.passed)}:\n{after.text}")


def test_stopped_server(lab):
    lab.sh("node2", "systemctl", "stop", "pgautofailover")
    try:
        report = check(lab, "node2")
        assert "server_runs" in report.of("error"), report.text
        assert "open" in report.text and "new_programs" in report.passed
        lab.sh("node2", "sh", "-ec", f"mv {lab.pgdata}/pg_wal /srv/e2e-wal; ln -s /srv/e2e-wal {lab.pgdata}/pg_wal")
    finally:
        lab.sh("node2", "systemctl", "start", "pgautofailover")
    wait_serving(lab)
    assert check(lab, "node2", "wal_directory").of("warning") == ["wal_directory"]


def test_commit_timestamps(lab):
    for host in reversed(lab.data_nodes):
        lab.psql(host, "ALTER SYSTEM SET track_commit_timestamp = on")
        restart(lab, host)
    assert check(lab, "node1", "commit_timestamps").of("warning") == ["commit_timestamps"]


def test_upgrade_as_shown(lab):
    """The last of all: a run whose first step finds an error stops there; waived, it goes on, and the
    configuration becomes what --diff has shown."""
    for host in lab.hosts:
        lab.put(host, "/etc/pgaf-upgrade.conf", "archive = pause\n")
    for host in lab.data_nodes:
        lab.sh(host, "sh", "-ec", f"cd {lab.pgdata}; printf '%s\\n' 'old_snapshot_threshold = -1 # ours'"
                                  " 'force_parallel_mode = regress' >>postgresql.conf")
        lab.psql(host, "ALTER SYSTEM SET archive_command = 'cp %p /tmp/%f'")
        lab.psql(host, "SELECT pg_reload_conf()")
    lab.psql("node1", """CREATE TABLE e2e_sorted (t text COLLATE "de-x-icu" PRIMARY KEY);
                         UPDATE pg_collation SET collversion = '153.1' WHERE collname = 'de-x-icu'""")
    upgrade = Upgrade(lab)
    run = upgrade.start()
    refused = lab.run("node1", HELPER, "run")
    assert refused.returncode == CHECK_FAILED, refused.stdout + refused.stderr
    assert "collation_versions" in refused.stderr, refused.stderr
    lab.monitor_sql(f"SELECT pgaf_upgrade_waive_check({run}, 'node_1', 'collation_versions', 'reindexed afterwards')")
    upgrade.carry_through()
    lab.wait_settled()
    # what was to be read before the approval: the diff, every node's versions, and the time it would take
    for node in ("node_1", "node_2"):
        diff = lab.monitor_sql(f"SELECT detail FROM pgaf_upgrade_checks() WHERE node = '{node}' AND check_name = "
                               "'parameters_changed'")
        assert "-force_parallel_mode = regress\n+debug_parallel_query = regress" in diff, diff
        assert "+archive_command = ''" in diff, diff
    assert lab.monitor_sql("SELECT count(DISTINCT node) || ' ' || count(DISTINCT software) FROM "
                           "pgaf_upgrade_software()") == "3 5"
    print(lab.monitor_sql("SELECT * FROM pgaf_upgrade_history()"))
    # how near they are is measured by `make bench-estimate`
    assert lab.monitor_sql("SELECT writes_refused_estimate > '0' AND redundancy_after_estimate > "
                           "writes_refused_estimate"
                           "  FROM pgaf_upgrade_status()") == "t"
    for host in lab.data_nodes:
        assert lab.server_version(host) == 17
        assert lab.psql(host, "SHOW debug_parallel_query") == "regress"
        assert lab.psql(host, "SHOW archive_command") == ""
        assert ("#old_snapshot_threshold = -1 # ours  # pgaf_upgrade: PostgreSQL 17 has no such parameter"
                in lab.sh(host, "cat", f"{lab.pgdata}/postgresql.conf").splitlines())
