"""Whoever has the account that PGDATA belongs to, or any other account of a host, gains nothing of root's by
pgaf-upgrade.

Each case prepares a trap as that user, has root do what an operator does, and then looks whether anything of root's has
changed: every file below /etc, /usr, /root and /var/lib by owner, mode and content, and the units that run."""
import re
import time

import pytest

from cluster import Lab
from driver import Upgrade
from hosts import HELPER, NEW_BINDIR, OLD_BINDIR
from waiting import limit, wait_until

pytestmark = [pytest.mark.check, pytest.mark.together]

# What pgaf-upgrade keeps for itself, what the servers and systemd write all the while.
OWN = ("/var/lib/pgaf-upgrade", "/var/lib/postgresql", "/var/lib/systemd", "/var/lib/private",
       "/etc/systemd/system/pgautofailover.service.d")
SERVICES = ("pgautofailover", "cron", "dbus")
WITHIN = 60  # of what has to say something and end


@pytest.fixture(scope="module")
def lab():
    with Lab("attacks") as lab:
        lab.up()
        lab.monitor_sql("CREATE EXTENSION pgaf_upgrade")
        for host in lab.hosts:
            lab.sh(host, "useradd", "--create-home", "mallory")
        Upgrade(lab).start()
        yield lab


def roots_files(lab, host):
    """{path: owner, mode, link or digest}"""
    pruned = " -o ".join(f"-path {path}" for path in OWN)
    listing = lab.sh(host, "sh", "-c", f"""
        find /etc /usr /root /var/lib \\( {pruned} \\) -prune -o \\( -type f -o -type l \\) \\
            -printf '%u %m %s %T@ %C@ %l %p\\n' | sort""")
    return dict(reversed(line.rsplit(" ", 1)) for line in listing.splitlines())


def services(lab, host):
    shown = lab.sh(host, "systemctl", "show", "-p", "Id,MainPID,ExecMainStartTimestamp", *SERVICES)
    return [part for part in shown.split("\n\n") if "pgautofailover" not in part]


@pytest.fixture(params=["node1"])
def host(lab, request):
    """Nothing of root's has changed when the case is over."""
    host = request.param
    lab.bring_back(host)
    before, ran = roots_files(lab, host), services(lab, host)
    yield host
    after = roots_files(lab, host)
    changed = {path: (before.get(path), after.get(path)) for path in before.keys() | after.keys()
               if before.get(path) != after.get(path)}
    assert not changed
    assert services(lab, host) == ran


def work_dir(lab):
    return f"{lab.pgdata}_pgaf_upgrade"


def as_postgres(lab, host, text):
    return lab.pg(host, text)


def as_root(lab, host, *command, **more):
    """What an operator's shell does; it has to end."""
    started = time.monotonic()
    done = lab.run(host, "timeout", "--signal=KILL", f"{limit(WITHIN):.0f}", *command, **more)
    assert time.monotonic() - started < limit(WITHIN), f"{command} hangs: {done.stdout}{done.stderr}"
    return done


def trapped(lab, host, name, trap):
    """Instead of a file or directory of the work folder there is what `trap` makes under that name ($1)."""
    path = f"{work_dir(lab)}/{name}"
    lab.pg(host, f"mkdir -p {work_dir(lab)}; [ ! -e {path} ] || mv -T {path} {path}.real; set -- {path}; {trap}")


def released(lab, host, name):
    path = f"{work_dir(lab)}/{name}"
    lab.pg(host, f"rm -rf {path}; [ ! -e {path}.real ] || mv -T {path}.real {path}")


FILES = ("journal", "lock", "pgaf-upgrade.log", "pg_autoctl.cfg.kept", "between_clusters", "as_shown", "pg_ctl.log",
         "old_files")


@pytest.mark.parametrize("name", FILES)
def test_a_link_leads_root_nowhere(lab, host, name):
    """To a file that is not there, which the dynamic linker of root's next command would read, and to one that is."""
    for target in ("/etc/ld.so.preload", "/etc/crontab"):
        trapped(lab, host, name, f'ln -s {target} "$1"')
        for command in (("run", "--once"), ("status",), ("check", "--only", "server_runs")):
            as_root(lab, host, HELPER, *command)
        assert lab.run(host, "test", "-e", "/etc/ld.so.preload").returncode == 1
        released(lab, host, name)


@pytest.mark.parametrize("name", ["journal", "lock", "pgaf-upgrade.log", "pg_autoctl.cfg.kept"])
def test_a_pipe_does_not_hold_root(lab, host, name):
    trapped(lab, host, name, 'mkfifo "$1"')
    for command in (("run", "--once"), ("status",)):
        as_root(lab, host, HELPER, *command)
    released(lab, host, name)


@pytest.mark.parametrize("link", ["pg_hba.conf", "postgresql.auto.conf", "pg_ident.conf"])
def test_no_secret_is_read_for_the_owner(lab, host, link):
    """A configuration file that leads to one of root's."""
    lab.pg(host, f"mv {lab.pgdata}/{link} {lab.pgdata}/{link}.real; ln -s /etc/shadow {lab.pgdata}/{link}")
    secret = lab.sh(host, "head", "-n", "1", "/etc/shadow").strip()
    try:
        for command in (("check",), ("check", "--diff"), ("run", "--once"), ("plan", "--commands")):
            done = as_root(lab, host, HELPER, *command)
            assert secret not in done.stdout + done.stderr
        found = lab.run(host, "grep", "-rlF", secret, lab.pgdata, work_dir(lab), "/tmp").stdout
        assert found == "", f"root's file was copied to {found}"
        assert lab.monitor_sql("SELECT count(*) FROM pgaf_upgrade.check_result c"
                               " WHERE to_jsonb(c)::text LIKE '%root:%'") == "0"
    finally:
        lab.pg(host, f"mv -f {lab.pgdata}/{link}.real {lab.pgdata}/{link}")


def test_a_forged_journal_changes_nothing_of_roots(lab, host):
    """A journal is a text that the owner can write: its checksum is no signature."""
    config = f"/var/lib/postgresql/.config/pg_autoctl{lab.pgdata}/pg_autoctl.cfg"
    lab.pg(host, f"cp -p {config} /tmp/cfg; sed -i 's/^role = keeper/role = monitor/' {config}")
    forged = """
import json, sys, zlib
plan = {"run": 1, "started_at": "", "state": "switching", "source_version": 15, "target_version": 17, "steps": [],
        "method": "copy", "standby_method": "auto", "discards_new_data": False, "on_failure": "give_back", "attempt": 1,
        "number_sync_standbys": None, "seed_sha256": None, "group": [],
        "node": {"id": 0, "name": "monitor", "role": "monitor", "formation": "", "group": 0, "kept": False}}
discover = {"source_version": 15, "old_bindir": "/usr/sbin", "new_bindir": "/tmp/evil\\nExecStartPre=/tmp/evil",
            "new_autoctl": "/tmp/evil/pg_autoctl", "unit": "cron.service"}
entries = [{"token": "x"}, {"run": 1, "plan": plan}]
for step in ("discover", "check", "initdb", "configure", "dry_run", "stop", "pg_upgrade", "carry", "swap"):
    entries += [{"run": 1, "step": step, "state": "running"},
                {"run": 1, "step": step, "state": "done", "result": discover if step == "discover" else {}}]
entries += [{"run": 1, "step": "reconfigure", "state": "running"}]
with open(sys.argv[1], "w") as journal:
    for entry in entries:
        text = json.dumps({**entry, "at": "2026-01-01 00:00:00+00"})
        journal.write(f"{zlib.crc32(text.encode()):08x} {text}\\n")
"""
    trapped(lab, host, "journal", "true")
    lab.pg(host, f"python3 - {work_dir(lab)}/journal; mkdir -p /tmp/evil; "
                 f"printf '#!/bin/sh\\ncp /etc/shadow /tmp/evil/\\n' >/tmp/evil/pg_autoctl; "
                 "chmod 755 /tmp/evil/pg_autoctl; "
                 "printf '[Service]\\nExecStart=/tmp/evil/pg_autoctl\\n' "
                 f">{work_dir(lab)}/usr_lib_systemd_system_cron.service.pg15",
           input=forged)
    try:
        for command in (("run", "--once"), ("rollback",), ("run", "--without-monitor")):
            as_root(lab, host, HELPER, "--limit-factor", "0.02", *command)
        assert lab.run(host, "test", "-e", "/tmp/evil/shadow").returncode == 1
    finally:
        released(lab, host, "journal")
        lab.pg(host, f"cp -p /tmp/cfg {config}; rm -f {work_dir(lab)}/between_clusters")
        lab.sh(host, "systemctl", "restart", "pgautofailover")
        # the monitor may not have heard yet that it was down
        wait_until(60, f"{host} serves again",
                   lambda: lab.run(host, f"{OLD_BINDIR}/pg_isready", "-q", "-p", str(lab.port)).returncode == 0)
        lab.wait_settled()


def test_programs_of_the_owners_run_as_the_owner(lab, host):
    """pg_autoctl.cfg names the programs: what these print into a log goes no further than their owner could."""
    config = f"/var/lib/postgresql/.config/pg_autoctl{lab.pgdata}/pg_autoctl.cfg"
    lab.pg(host, f"""cp -p {config} /tmp/cfg; mkdir -p /tmp/own
        cp -s /usr/lib/postgresql/15/bin/* /tmp/own/ 2>/dev/null
        for program in pg_ctl pg_controldata pg_basebackup psql; do rm -f /tmp/own/$program
            printf '#!/bin/sh\\nid -u >>/tmp/own/uids\\necho "* * * * * root /tmp/evil"\\n' >/tmp/own/$program
            chmod 755 /tmp/own/$program; done
        sed -i 's|^pg_ctl = .*|pg_ctl = /tmp/own/pg_ctl|' {config}""")
    trapped(lab, host, "backup.log", 'ln -s /etc/cron.d/zz "$1"')
    try:
        for command in (("backup",), ("check",), ("run", "--once")):
            as_root(lab, host, HELPER, "--new-bindir", NEW_BINDIR, *command)
        uids = set(lab.run(host, "cat", "/tmp/own/uids").stdout.split())
        assert uids == {lab.sh(host, "id", "-u", "postgres").strip()}
    finally:
        released(lab, host, "backup.log")
        lab.pg(host, f"cp -p /tmp/cfg {config}")


# As earlier versions had it in their README; and what the caller may not read or write himself.
def test_sudo_of_the_whole_program_reads_and_writes_as_the_caller(lab, host):
    lab.put(host, "/root/sudoers", "postgres ALL=(root) NOPASSWD: /usr/bin/pgaf-upgrade\n", mode="440")
    lab.sh(host, "cp", "-p", "/root/sudoers", "/etc/sudoers.d/old")
    try:
        secret = lab.sh(host, "head", "-n", "1", "/etc/shadow").strip()
        for words in ("--config /etc/shadow version", "--config /etc/shadow status", "--config /etc/sudoers check",
                      "status --json --output /etc/e2e", "status --prometheus --output /etc/crontab",
                      "report --html /usr/e2e", "backup --to /root/e2e", "--service cron run --once",
                      "--service cron.service rollback"):
            done = as_root(lab, host, "runuser", "-u", "postgres", "--", "sudo", "-n", HELPER, *words.split())
            assert done.returncode != 0, words
            assert secret not in done.stdout + done.stderr and "NOPASSWD" not in done.stdout + done.stderr
    finally:
        lab.sh(host, "rm", "/etc/sudoers.d/old", "/root/sudoers")


def test_sudo_of_the_service_program_takes_nothing_but_its_verbs(lab, host):
    lab.put(host, "/root/sudoers", "postgres ALL=(root) NOPASSWD: /usr/sbin/pgaf-upgrade-service\n", mode="440")
    lab.sh(host, "cp", "-p", "/root/sudoers", "/etc/sudoers.d/new")
    try:
        call = ("runuser", "-u", "postgres", "--", "sudo", "-n", "/usr/sbin/pgaf-upgrade-service")
        assert as_root(lab, host, *call, "find").stdout.strip() == "pgautofailover.service"
        # several users, however the file has them
        for users in ('"other,postgres"', '["other", "postgres"]'):
            lab.put(host, "/etc/pgaf-upgrade.conf", f"users = {users}\n")
            assert as_root(lab, host, *call, "find").stdout.strip() == "pgautofailover.service", users
        lab.sh(host, "rm", "/etc/pgaf-upgrade.conf")
        for words in ("", "--help", "stop cron.service extra words", "find --config /etc/shadow", "scope /bin/sh -c id",
                      "program 99", "program -1", "program 4294967311", "program 17;id", "no-such-verb", "use-kept 7"):
            done = as_root(lab, host, *call, *words.split(), input="id -u >/tmp/uid\n")
            assert done.returncode and "uid=0" not in done.stdout + done.stderr, words
        # a scope's shell is the owner's
        as_root(lab, host, *call, "scope", input="id -u; id -G\n")
        done = as_root(lab, host, *call, "scope", input="id -u; id -G\n")
        assert done.stdout.split()[0] == lab.sh(host, "id", "-u", "postgres").strip(), done.stdout
        assert "0" not in done.stdout.split(), done.stdout
        # with a process group of its own, by which the helper ends what takes too long
        done = as_root(lab, host, *call, "scope", input='test "$(ps -o pgid= -p $$ | tr -d " ")" = $$ && echo own\n')
        assert done.stdout.strip() == "own", done.stdout + done.stderr
        call = ("runuser", "-u", "mallory", "--", "sudo", "-n", "/usr/sbin/pgaf-upgrade-service")
        assert as_root(lab, host, *call, "find").returncode
    finally:
        lab.sh(host, "rm", "/etc/sudoers.d/new", "/root/sudoers")


def test_another_user_makes_no_node(lab, host):
    """An empty file of another's neither stops the helper nor has root work for him, where there is a node and where
    none is."""
    make = ("cd ~; mkdir -p .config/pg_autoctl/home/mallory/data data; "
            ": >.config/pg_autoctl/home/mallory/data/pg_autoctl.cfg")
    for other in (host, "client"):
        if other == "client":
            lab.sh(other, "useradd", "--create-home", "mallory")
        lab.sh(other, "runuser", "-l", "mallory", "-c", make)
    assert as_root(lab, host, HELPER, "status").returncode == 0
    assert as_root(lab, host, HELPER, "run", "--once").returncode in (0, 3, 4)
    installed = lab.sh(host, "sh", "-c", f"command -v {HELPER}").strip()
    done = as_root(lab, "client", installed, "check")
    assert done.returncode == 2 and "mallory" not in done.stderr, done.stderr
    done = as_root(lab, host, HELPER, "--pgdata", "/home/mallory/data", "check")
    assert done.returncode in (2, 6), done.stderr
    lab.sh(host, "rm", "-r", "/home/mallory/.config", "/home/mallory/data")


def test_a_pid_file_chooses_no_unit(lab, host):
    """Of a process of the owner's that is called pg_autoctl and runs in another's control group, as a job of cron's
    does."""
    lab.pg(host, "mkdir -p /tmp/job; cp /usr/bin/sleep /tmp/job/pg_autoctl")
    lab.sh(host, "systemd-run", "--quiet", "--unit=e2e-job", "sh", "-c",
           "runuser -u postgres /tmp/job/pg_autoctl 600; :")
    pid = wait_until(20, "the job runs", lambda: lab.run(host, "pgrep", "-f", "^/tmp/job/pg_autoctl").stdout.strip())
    pid_file = f"/tmp/pg_autoctl{lab.pgdata}/pg_autoctl.pid"
    lab.pg(host, f"echo {pid} >{pid_file}")  # pg_autoctl itself ends of that, and is started again
    try:
        as_root(lab, host, HELPER, "run", "--once")
        as_root(lab, host, HELPER, "check")
        assert lab.sh(host, "systemctl", "is-active", "e2e-job").strip() == "active"
    finally:
        lab.sh(host, "systemctl", "stop", "e2e-job")
        lab.sh(host, "systemctl", "restart", "pgautofailover")


def test_a_units_files_are_roots_alone(lab, host):
    """A drop-in that the owner can write would be root's rights already; it is not added to."""
    folder = "/etc/systemd/system/pgautofailover.service.d"
    lab.sh(host, "mkdir", "-p", folder)
    lab.put(host, f"{folder}/own.conf", "[Service]\nNice=0\n", owner="postgres:")
    lab.sh(host, "systemctl", "daemon-reload")
    try:
        done = as_root(lab, host, HELPER, "run", "--once")
        assert done.returncode == 6 and "own.conf" in done.stderr, done.stderr
    finally:
        lab.sh(host, "rm", f"{folder}/own.conf")
        lab.sh(host, "systemctl", "daemon-reload")


def test_children_have_nothing_of_roots_terminal(lab, host):
    """A program of the owner's could type into it (TIOCSTI), read from it, or keep it."""
    config = f"/var/lib/postgresql/.config/pg_autoctl{lab.pgdata}/pg_autoctl.cfg"
    lab.pg(host, f"""cp -p {config} /tmp/cfg; rm -rf /tmp/own; mkdir -p /tmp/own
        cp -s /usr/lib/postgresql/15/bin/* /tmp/own/; rm /tmp/own/pg_controldata; cat >/tmp/own/pg_controldata
        chmod 755 /tmp/own/pg_controldata; sed -i 's|^pg_ctl = .*|pg_ctl = /tmp/own/pg_ctl|' {config}""",
           input="""#!/bin/sh
{ ps -o tty= -p $$; ls -l /proc/$$/fd /proc/$PPID/fd; } >>/tmp/own/seen 2>&1
exec /usr/lib/postgresql/15/bin/pg_controldata "$@"
""")
    try:
        done = as_root(lab, host, "env", "SHELL=/bin/sh", "script", "-qec",
                       f"tty; {HELPER} --new-bindir {NEW_BINDIR} check", "/dev/null")
        terminal = re.search(r"/dev/pts/\d+", done.stdout)[0]
        seen = lab.sh(host, "cat", "/tmp/own/seen")
        assert seen.startswith("?"), seen
        assert terminal not in [line.split(" -> ")[1] for line in seen.splitlines() if " -> " in line], seen
    finally:
        lab.pg(host, f"cp -p /tmp/cfg {config}")


def test_names_cannot_move_the_cursor(lab, host):
    """What others have named is seen, and not obeyed."""
    name = "evil\x1b[2J\x1b]0;title\x07\u202e"
    lab.psql("node1", f'CREATE DATABASE "{name}"')
    try:
        lab.psql("node1", "CREATE TABLE t (of_type regconfig)", database=name)  # which check has to name
        for words in (f"{HELPER} check", f"{HELPER} status"):
            done = as_root(lab, host, "env", "SHELL=/bin/sh", "script", "-qec", words, "/dev/null")
            assert "\x1b]0" not in done.stdout and "\x07" not in done.stdout and "\u202e" not in done.stdout
    finally:
        lab.psql("node1", f'DROP DATABASE "{name}"')
