"""What clusters in the field look like, kind C: what lies in PGDATA or is named from there, and what the unit gives the
server. It is carried, or named before the approval; nothing is silently left."""
import json

import pytest

from cluster import Lab
from field import Field
from waiting import wait_for, wait_until

pytestmark = [pytest.mark.all, pytest.mark.together, pytest.mark.limit(1800)]

XDG = "/var/lib/postgresql/xdg"
DROP_IN = "/etc/systemd/system/pgautofailover.service.d/field.conf"
# a list by which nobody else may read, in the kernel's own form
SET_ATTRIBUTES = """
import os, struct, sys
entries = ((1, 6, -1), (2, 4, 65534), (4, 0, -1), (0x10, 4, -1), (0x20, 0, -1))
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
os.setxattr(sys.argv[1] + "/pg_ident.conf", "system.posix_acl_access", acl)
os.setxattr(sys.argv[1] + "/ca/root.pem", "user.managed_by", b"field")
os.setxattr(sys.argv[1], "user.managed_by", b"field")
"""
GET_ATTRIBUTES = """
import json, os, sys
print(json.dumps({name: os.getxattr(os.path.join(sys.argv[1], path), name).hex() for path, name in (
    ("pg_ident.conf", "system.posix_acl_access"), ("ca/root.pem", "user.managed_by"), ("", "user.managed_by"))}))
"""
# of one process alone, and so another's in the new one
OF_ONE_PROCESS = ("INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID", "PG_GRANDPARENT_PID", "MEMORY_PRESSURE_WATCH",
                  "MEMORY_PRESSURE_WRITE", "PG_AUTOCTL_DEBUG", "PG_AUTOCTL_LOG_SEMAPHORE")
# which pg_ctl, and the shell by which it starts a server, set themselves
OF_PG_CTL = {"PGDATA", "PGLOCALEDIR", "PGSYSCONFDIR", "PWD", "OLDPWD", "SHLVL", "_"}


def certificates_in_pgdata(lab, settings):
    """The monitor's, and those by which the nodes replicate; and a file of passwords."""
    settings.when_stopped.append(f"""
        cd {lab.pgdata}; install -d -o postgres -m 700 ca
        install -o postgres -m 600 /etc/pgaf-ssl/root.crt ca/root.pem
        echo '*:*:*:autoctl_node:field' >ca/pass; chown postgres ca/pass; chmod 600 ca/pass
        cfg=$(find /var/lib/postgresql -name pg_autoctl.cfg)
        sed -i 's|/etc/pgaf-ssl/root.crt|{lab.pgdata}/ca/root.pem|' $cfg
        sed -i 's|?sslmode|?passfile={lab.pgdata}/ca/pass\\&sslmode|' $cfg
        grep -q ca/root.pem $cfg; grep -q ca/pass $cfg""")


def scripts_in_pgdata(lab, settings):
    """By a relative path, by $PGDATA and by a whole one; a directory that a setting names."""
    settings.when_stopped.append(f"""
        cd {lab.pgdata}; install -d -o postgres -m 700 bin sockets archived
        printf '#!/bin/sh\\nexec cp "$1" archived/\\n' >bin/archive.sh; echo secret >pass
        printf '#!/bin/sh\\nexit 1\\n' >bin/restore.sh
        chmod 700 bin/archive.sh bin/restore.sh; chmod 600 pass; chown -R postgres bin pass""")
    settings.lines += ["archive_mode = on", "archive_command = 'bin/archive.sh %p && test -d \"$PGDATA\"/archived'",
                       f"ssl_passphrase_command = 'cat {lab.pgdata}/pass'",
                       f"restore_command = '\"{lab.pgdata}/bin/restore.sh\" %f'",
                       f"unix_socket_directories = '/var/run/postgresql, {lab.pgdata}/sockets'"]
    for host in lab.data_nodes:
        lab.put(host, "/etc/pgaf-upgrade.conf", "archive = keep\n")


def links_in_pgdata(lab, settings):
    """Logs and WAL on disks of their own."""
    settings.when_stopped.append(f"""
        install -d -o postgres -m 700 /srv/log /srv/wal; cd {lab.pgdata}
        [ ! -d log ] || mv log /root/; ln -s /srv/log log; mv pg_wal /srv/wal/old; ln -s /srv/wal/old pg_wal
        chown -h postgres log pg_wal""")
    settings.lines += ["logging_collector = on", "log_directory = 'log'"]


def attributes(lab, settings):
    """Of files that pg_autoctl does not write anew."""
    settings.when_stopped.append(f"python3 -c '{SET_ATTRIBUTES}' {lab.pgdata}")


def what_nobody_names(lab, settings):
    settings.when_stopped.append(f"""
        cd {lab.pgdata}; install -d -o postgres -m 700 dumps; echo x >dumps/today; echo x >ca/README
        echo '*:*:*:*:x' >.pgpass; echo '[app]' >pg_service.conf; chmod 600 .pgpass
        chown -R postgres dumps ca .pgpass pg_service.conf""")


def environment_and_limits(lab, settings):
    """And pg_autoctl's files are where the unit has them."""
    settings.when_stopped.append(f"""
        install -d -o postgres -m 700 {XDG}; mv /var/lib/postgresql/.config/pg_autoctl {XDG}/
        mkdir -p {DROP_IN.rpartition("/")[0]}; printf '%s\\n' '[Service]' \\
            'Environment="FIELD=two words" TZ=Asia/Tokyo' 'Environment=XDG_CONFIG_HOME={XDG}' \\
            'Environment=LD_LIBRARY_PATH=/opt/field' LimitNOFILE=12345:23456 LimitCORE=0 OOMScoreAdjust=-300 >{DROP_IN}
        systemctl daemon-reload""")


CASES = [certificates_in_pgdata, scripts_in_pgdata, links_in_pgdata, what_nobody_names, attributes,
         environment_and_limits]


def with_a_certificate_that_is_lost(field):
    """That of the primary, for a while, when the standby's PGDATA is away already."""
    lab = field.lab
    standby = "postgresql-auto-failover-standby.conf"

    def carry_out(upgrade):
        def said():
            return [row["progress"] for row in upgrade.progress() or []
                    if row["step"] == "rebuild" and "root certificate file" in (row["progress"] or "")]

        upgrade.kill_helper("node2")
        upgrade.start_helper("node2", fault="rebuild:renamed")
        upgrade.approve()
        wait_for(upgrade.helpers.pop("node2"), 120)
        lab.sh("node2", "sed", "-i", "s/root.pem/lost.pem/", f"{lab.pgdata}_pgaf_spare/{standby}")
        upgrade.start_helper("node2")
        field.said = wait_until(120, "libpq's own error is told", said)
        upgrade.kill_helper("node2")
        lab.sh("node2", "sed", "-i", "s/lost.pem/root.pem/", f"{lab.pgdata}_pg15/{standby}")
        upgrade.start_helper("node2")
    return carry_out


@pytest.fixture(scope="module")
def field():
    with Lab("fieldfiles", options=["--ssl", "ca"]) as lab:
        lab.up()
        field = Field(lab, CASES)
        field.noted = {host: look(lab, host) for host in lab.data_nodes}
        field.by = with_a_certificate_that_is_lost(field)
        yield field


def look(lab, host):
    """What the server's process was given, and the files' attributes."""
    pid = lab.sh(host, "head", "-n", "1", f"{lab.pgdata}/postmaster.pid").strip()
    variables = lab.sh(host, "sh", "-c", f"tr '\\0' '\\n' </proc/{pid}/environ").splitlines()
    return {"environment": sorted(one for one in variables if one.partition("=")[0] not in OF_ONE_PROCESS),
            "limits": lab.sh(host, "cat", f"/proc/{pid}/limits"),
            "oom": lab.sh(host, "cat", f"/proc/{pid}/oom_score_adj"),
            "attributes": json.loads(lab.sh(host, "python3", "-c", GET_ATTRIBUTES, lab.pgdata))}


def test_named_before_the_approval(field):
    """What is left is named; nothing else is found."""
    for host in field.lab.data_nodes:
        report = field.checked(host)
        assert report.of("error") == [] and set(report.of("warning")) == {"restore_command", "left_behind"}, report.text
        text = " ".join(report.text.split())
        for name in ("dumps", "ca/README"):
            assert f'"{name}" stays in "{field.lab.pgdata}_pg15"' in text, report.text
        assert f"cp -a {field.lab.pgdata}_pg15/dumps {field.lab.pgdata}/" in text
        assert text.count(" stays in ") == 2, report.text


@pytest.mark.check
def test_certificates(field):
    """The standby was built over them while PGDATA was away, and pg_autoctl goes on by them."""
    lab = field.upgraded()
    assert lab.shared_files("node2"), "the standby is not built by links"
    for host in lab.data_nodes:
        assert lab.sh(host, "stat", "-c", "%U %a", f"{lab.pgdata}/ca/root.pem", f"{lab.pgdata}/ca/pass").split() == [
            "postgres", "600"] * 2
        assert f"sslrootcert={lab.pgdata}/ca/root.pem" in lab.sh(
            host, "sh", "-c", f"cat $(find {XDG} -name pg_autoctl.cfg)")
    assert f"{lab.pgdata}/ca/root.pem" in lab.sh("node2", "cat", f"{lab.pgdata}/postgresql-auto-failover-standby.conf")


def test_wait_for_the_primary(field):
    """It says why, when it has lasted for a minute."""
    field.upgraded()
    assert f'root certificate file "{field.lab.pgdata}/ca/lost.pem" does not exist' in field.said[0], field.said


def test_scripts(field):
    lab = field.upgraded()
    for host in lab.data_nodes:
        assert lab.sh(host, "stat", "-c", "%U %a", *(f"{lab.pgdata}/{name}" for name in (
            "bin/archive.sh", "bin/restore.sh", "pass", "sockets", ".pgpass"))).split() == [
                "postgres", "700", "postgres", "700", "postgres", "600", "postgres", "700", "postgres", "600"]
        assert lab.run(host, "test", "-e", f"{lab.pgdata}/pg_service.conf").returncode == 0
    lab.psql("node1", "SELECT pg_switch_wal()")
    assert lab.psql("node1", """DO $$ BEGIN FOR n IN 1..300 LOOP PERFORM pg_stat_clear_snapshot();
        EXIT WHEN (SELECT archived_count > 0 FROM pg_stat_archiver); PERFORM pg_sleep(0.1); END LOOP; END $$;
        SELECT failed_count FROM pg_stat_archiver""") == "0"
    assert lab.sh("node1", "ls", f"{lab.pgdata}/archived").split()


def test_links(field):
    """WAL goes to the old one's disk, beside it."""
    lab = field.upgraded()
    for host in lab.data_nodes:
        shown = lab.sh(host, "sh", "-c", f"cd {lab.pgdata}; readlink log pg_wal; ls pg_wal/ | head -n 1")
        assert shown.split()[:2] == ["/srv/log", "/srv/wal/old_pg17"] and len(shown.split()[2]) == 24, shown
        assert lab.sh(host, "sh", "-c", "grep -lr 'starting PostgreSQL 17' /srv/log | head -n 1")
        assert lab.sh(host, "readlink", f"{lab.pgdata}_pg15/pg_wal").strip() == "/srv/wal/old"


def test_attributes(field):
    lab = field.upgraded()
    assert {host: look(lab, host)["attributes"] for host in lab.data_nodes} == {
        host: noted["attributes"] for host, noted in field.noted.items()}


@pytest.mark.check
def test_environment_and_limits(field):
    """The new server has them from its first start, by which it runs still."""
    lab = field.upgraded()
    for host in lab.data_nodes:
        now, before = look(lab, host), field.noted[host]
        lost = set(before["environment"]) - set(now["environment"])
        more = set(now["environment"]) - set(before["environment"])
        assert not lost and {one.partition("=")[0] for one in more} <= OF_PG_CTL, f"{host}: {lost} {more}"
        assert now["limits"] == before["limits"], f"{host}: {before['limits']}\n{now['limits']}"
        assert now["oom"] == before["oom"], host
        assert "FIELD=two words" in now["environment"] and "TZ=Asia/Tokyo" in now["environment"]


def test_what_stays(field):
    """It is in the old cluster, and nothing of ours is in the new one."""
    lab = field.upgraded()
    for host in lab.data_nodes:
        assert lab.sh(host, "cat", f"{lab.pgdata}_pg15/dumps/today") == "x\n"
        assert not {name for name in lab.sh(host, "ls", "-A", lab.pgdata).split()
                    if "pgaf" in name or name.endswith(".moved") or name == "dumps"}
