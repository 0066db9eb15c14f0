"""A PostgreSQL server of its own with pgaf_upgrade, and a client that learns by which line of pg_hba.conf it
was judged: every line asks for a password, the client has none that is right, and the server's log then
tells the line."""

import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import time

PORT = 54329
IP_FREEBIND = 15
IPV6_FREEBIND = 78


class Session:
    """One psql for all queries: it came in before any file of the test and needs none of its lines."""

    def __init__(self, argv):
        self.psql = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                     text=True)

    def query(self, sql):
        self.psql.stdin.write(sql + "\n;\n\\echo -- end\n")
        self.psql.stdin.flush()
        rows = []
        for line in self.psql.stdout:
            line = line.rstrip("\n")
            if line == "-- end":
                return rows
            if line.startswith("ERROR") or line.startswith("FATAL"):
                raise AssertionError(f"{line}\n{sql}")
            rows.append(line.split("\t"))
        raise AssertionError("psql has ended: " + sql)

    def close(self):
        self.psql.stdin.close()
        self.psql.wait()


class Server:
    def __init__(self, major):
        self.major = major
        self.bindir = f"/usr/lib/postgresql/{major}/bin"
        self.work = tempfile.mkdtemp()
        shutil.chown(self.work, "postgres", "postgres")
        self.data = self.work + "/data"
        self.log = self.work + "/log"
        self.run("initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "--no-sync")
        self.command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=lab", "-days", "2",
                     "-keyout", self.data + "/server.key", "-out", self.data + "/server.crt")
        with open(self.data + "/postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"port = {PORT}\nlisten_addresses = '*'\nunix_socket_directories = '{self.work}'\n"
                       "ssl = on\nfsync = off\nshared_preload_libraries = 'pgautofailover'\n"
                       "pgautofailover.enable_health_checks = off\nlog_min_messages = warning\n")
        self.run("pg_ctl", "-D", self.data, "-l", self.log, "-s", "-w", "start")
        self.session = Session(self.as_postgres(self.bindir + "/psql", "-XAtqF\t", "-h", self.work, "-p", str(PORT),
                                                "-d", "postgres", "-v", "VERBOSITY=terse"))
        self.hba = self.data + "/pg_hba.conf"

    @staticmethod
    def as_postgres(*argv):
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *argv]

    def command(self, *argv):
        done = subprocess.run(self.as_postgres(*argv), cwd=self.work, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{argv}: {done.stdout}{done.stderr}")

    def run(self, program, *argv):
        # pg_ctl leaves its server the descriptors it was given: a pipe would never end
        with open(self.work + "/programs", "ab") as output:
            subprocess.run(self.as_postgres(f"{self.bindir}/{program}", *argv), cwd=self.work, stdin=subprocess.DEVNULL,
                           stdout=output, stderr=output, check=True)

    def stop(self):
        self.session.close()
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "-s", "stop")
        shutil.rmtree(self.work)

    def log_size(self):
        return os.path.getsize(self.log)

    def log_since(self, position):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(position)
            return log.read()

    def write(self, name, text):
        path = os.path.join(self.data, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        shutil.chown(path, "postgres", "postgres")

    def install(self, text, others=None):
        """Puts the files in force; tells whether the server takes them."""
        for name, contents in (others or {}).items():
            self.write(name, contents)
        self.write("pg_hba.conf", text)
        before = self.log_size()
        self.session.query("SELECT pg_reload_conf()")
        # The next connection is taken only after the postmaster has done with what this line begins.
        deadline = time.monotonic() + 60
        while "received SIGHUP" not in self.log_since(before):
            assert time.monotonic() < deadline, "the server does not reload"
            time.sleep(0.002)
        judged = self.judge({"user": "nobody", "database": "nobody"}, None)
        return "was not reloaded" not in self.log_since(before), judged

    def judge(self, startup, source, destination=None, encrypted=False):
        """Who connects, from where: ("line", file or None, number), ("rejected",) or ("none",)."""
        before = self.log_size()
        message = connect(f"{self.work}/.s.PGSQL.{PORT}", startup, source, destination, encrypted)
        if "rejects" in message:
            return ("rejected",)
        if message.startswith("no pg_hba.conf entry"):
            return ("none",)
        found = re.search(r'Connection matched (?:pg_hba\.conf|file "([^"]*)") line (\d+)', self.log_since(before))
        assert found, f"{message!r}: {self.log_since(before)}"
        return ("line", found.group(1), int(found.group(2)))


def connect(unix_socket, startup, source, destination, encrypted):
    """The message by which the server refuses."""
    if source is None:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(unix_socket)
    else:
        connection = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET)
        # also from an address that no interface has
        if ":" in source:
            connection.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        else:
            connection.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        connection.bind((source, 0))
        connection.connect((destination, PORT))
    with connection:
        connection.settimeout(10)
        if encrypted:
            connection.sendall(struct.pack("!ii", 8, 80877103))
            assert connection.recv(1) == b"S"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            connection = context.wrap_socket(connection)
        body = struct.pack("!i", 196608)
        for key, value in startup.items():
            body += key.encode() + b"\0" + value.encode() + b"\0"
        body += b"\0"
        connection.sendall(struct.pack("!i", len(body) + 4) + body)
        stream = connection.makefile("rb")
        while True:
            kind = stream.read(1)
            length = struct.unpack("!i", stream.read(4))[0]
            content = stream.read(length - 4)
            if kind == b"E":
                fields = {field[:1]: field[1:].decode() for field in content.split(b"\0") if field}
                return fields[b"M"]
            assert kind == b"R" and struct.unpack("!i", content[:4])[0] == 3, "every line asks for a password"
            connection.sendall(b"p" + struct.pack("!i", 4 + 6) + b"wrong\0")
