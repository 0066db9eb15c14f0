"""What an administrator has changed on the nodes of a cluster, and whether it is still so."""
import json

# Read on the host, so that owner and mode are the real ones
READ_FILES = """
import grp, hashlib, json, os, pwd, sys
found = {}
for path in sys.argv[1:]:
    if os.path.exists(path):
        with open(path, "rb") as file:
            data = file.read()
        at = os.stat(path)
        found[path] = {"sha256": hashlib.sha256(data).hexdigest(), "mode": oct(at.st_mode & 0o7777),
                       "owner": pwd.getpwuid(at.st_uid).pw_name + ":" + grp.getgrgid(at.st_gid).gr_name,
                       "lines": data.decode().splitlines()}
print(json.dumps(found))
"""
EQUAL_FILES = ("pg_ident.conf", "conf.d/app.conf", "server.crt", "server.key")
SSL_FOLDER = "/etc/pgaf-ssl"
# postgresql.auto.conf is rewritten by pg_autoctl itself: what is asked of it is the setting
SETTINGS = {"work_mem": "7MB", "log_min_duration_statement": "12345ms", "max_wal_size": "777MB"}


class Customized:
    """Makes the changes when it is made. Each node has some of its own, so that a file that was
    copied from another node does not pass."""

    def __init__(self, lab):
        self._lab = lab
        primary = lab.primary()
        lab.psql(primary, "CREATE USER app PASSWORD 'e2e'; GRANT ALL ON SCHEMA public TO app;")
        for host in lab.data_nodes:
            self._change(host)
        lab.application_psql("CREATE TABLE e2e_writes (id bigint PRIMARY KEY, at timestamptz)")
        self.before = {host: self._read(host) for host in lab.data_nodes}

    def rules(self, host):
        return ["host all app 10.99.0.0/24 scram-sha-256",
                f"host all e2e_nobody 192.0.2.{host.removeprefix('node')}/32 reject # of {host} alone"]

    def _change(self, host):
        self._lab.pg(host, f"""set -e
            cd {self._lab.pgdata}
            mkdir -m 700 conf.d
            cat >>postgresql.conf <<'END'
# the administrator's
include 'conf.d/app.conf'
max_wal_size = '777MB'
END
            cat >conf.d/app.conf <<'END'
work_mem = '7MB'
app.node = '{host}'
END
            chmod 640 conf.d/app.conf
            echo 'e2emap os_{host} app' >>pg_ident.conf
            chmod 640 pg_ident.conf
            cat >>pg_hba.conf""", input="\n".join(self.rules(host)) + "\n")
        self._lab.psql(host, "ALTER SYSTEM SET log_min_duration_statement = '12345ms'")
        self._lab.psql(host, "SELECT pg_reload_conf()")

    def _read(self, host):
        folder = self._lab.pgdata
        paths = [f"{folder}/{name}" for name in ("postgresql.conf", "pg_hba.conf", "postgresql.auto.conf",
                                                 *EQUAL_FILES)]
        paths += [f"{SSL_FOLDER}/{name}" for name in ("root.crt", "server.crt", "server.key")]
        return json.loads(self._lab.sh(host, "python3", "-c", READ_FILES, *paths))

    def changes(self):
        """What is not as it was, a line each."""
        wrong = []
        for host in self._lab.data_nodes:
            after, before = self._read(host), self.before[host]
            for path, was in before.items():
                name = path.removeprefix(self._lab.pgdata + "/")
                now = after.get(path)
                if now is None:
                    wrong.append(f"{host}: {name} is gone")
                    continue
                if (was["owner"], was["mode"]) != (now["owner"], now["mode"]):
                    wrong.append(f"{host}: {name} was {was['owner']} {was['mode']}, is {now['owner']} {now['mode']}")
                if name in EQUAL_FILES or path.startswith(SSL_FOLDER):
                    if was["sha256"] != now["sha256"]:
                        wrong.append(f"{host}: {name} has changed")
                elif name in ("postgresql.conf", "pg_hba.conf"):
                    wrong += [f"{host}: {name} lost the line: {line}"
                              for line in missing_lines(was["lines"], now["lines"])]
            for name, value in {**SETTINGS, "app.node": host}.items():
                shown = self._lab.psql(host, f"SHOW {name}")
                if shown != value:
                    wrong.append(f"{host}: {name} is {shown}, was {value}")
            if self._lab.psql(host, "SELECT count(*) FROM pg_hba_file_rules WHERE 'app' = ANY (user_name)") != "1":
                wrong.append(f"{host}: the application's rule is not in pg_hba_file_rules")
        return wrong

    def assert_carried(self):
        wrong = self.changes()
        assert not wrong, "\n".join(wrong)


def missing_lines(before, after):
    """The lines of before that are not in after, in that order; pg_autoctl's own include lines it
    adds and removes itself."""
    rest = iter(after)
    missing = []
    for line in before:
        if "postgresql-auto-failover" in line:
            continue
        position = list(rest)
        if line in position:
            rest = iter(position[position.index(line) + 1:])
        else:
            missing.append(line)
            rest = iter(position)
    return missing
