#!/usr/bin/python3
"""Every function of the extension while things go wrong in it: test/faults/faults.py 15 [--sanitize]

Each query of it fails and is cancelled once, allocations of PostgreSQL and of C++ find no memory, a statement
times out, is cancelled and its backend terminated while it waits; then: the SQLSTATE kept, nothing changed,
the server alive, no memory lost. The faults are injected (fault_injection.c), since a server that works has
none of them. Needs root and what test/regress.sh needs. With --sanitize the extension is built, here too, with
AddressSanitizer and UBSan; memory is then neither counted nor refused, as malloc is the sanitizer's."""

import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import functions

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
QUERY_FAILS, QUERY_IS_CANCELLED, ALLOCATION_FAILS = 1, 2, 3
WARM_UP, TIMES = 50, 500
# The smallest chunk that a call can lose is 16 bytes; so many calls would lose more than this.
GROWTH = 7500


class Session:
    """A psql of its own; `ask` returns the lines of the answer, with SQLSTATE where it is an error."""

    def __init__(self, server):
        self.psql = subprocess.Popen(server.client(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True)
        self.pid = int(self.ask("SELECT pg_backend_pid()")[0])

    def send(self, sql):
        self.psql.stdin.write(sql.rstrip("; \n") + "\n;\n\\echo -- end\n")
        self.psql.stdin.flush()

    def answer(self):
        lines = []
        for line in self.psql.stdout:
            if line.rstrip("\n") == "-- end":
                return lines
            lines.append(line.rstrip("\n"))
        return lines

    def ask(self, sql):
        self.send(sql)
        return self.answer()

    def must(self, sql):
        lines = self.ask(sql)
        if any(re.match("(ERROR|FATAL|PANIC)", line) for line in lines):
            raise AssertionError(f"{sql}: {lines}")
        return lines

    def close(self):
        try:
            self.psql.stdin.close()
        except BrokenPipeError:
            pass
        self.psql.wait()


class Server:
    def __init__(self, major, sanitize):
        self.bindir = f"/usr/lib/postgresql/{major}/bin"
        self.sanitize = sanitize
        self.work = tempfile.mkdtemp()
        self.log = self.work + "/log"
        self.process = None
        # the laboratory's product is this very tree, built and installed
        if sanitize or TREE != "/usr/src/pgaf_upgrade":
            for part in ("Makefile", "extension"):
                subprocess.run(["cp", "-r", f"{TREE}/{part}", self.work], check=True)
            subprocess.run(["chown", "-R", "postgres:", self.work], check=True)
            self.build()
        subprocess.run(["chown", "postgres:", self.work], check=True)
        self.build_faults()

    def as_postgres(self, *argv):
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "env", f"HOME={self.work}", *argv]

    def run(self, *argv):
        done = subprocess.run(self.as_postgres(*argv), cwd=self.work, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{argv}: {done.stdout}{done.stderr}")

    def build(self):
        config = "PG_CONFIG=" + self.bindir + "/pg_config"
        flags = []
        if self.sanitize:
            # the libraries come with LD_PRELOAD: the server itself is not built with them
            # g++ 12 takes what the sanitizers add for uses of variables that have no value yet
            flags = ["CXX=g++ -fsanitize=address,undefined -fno-omit-frame-pointer -g1 -Wno-maybe-uninitialized"]
        self.run("make", "-s", config, "clean")
        self.run("make", "-s", f"-j{os.cpu_count()}", config, *flags)
        subprocess.run(["make", "-s", "-C", self.work, config, *flags, "install"], check=True,
                       stdout=subprocess.DEVNULL)

    def build_faults(self):
        include = subprocess.check_output([self.bindir + "/pg_config", "--includedir-server"], text=True).strip()
        self.module = self.work + "/fault_injection.so"
        self.run("gcc", "-O2", "-fPIC", "-shared", "-Wall", "-Werror", "-isystem", include, "-o", self.module,
                 *(["-DWITHOUT_ALLOCATIONS"] if self.sanitize else []), HERE + "/fault_injection.c")

    def start(self, *settings):
        self.run(self.bindir + "/initdb", "-D", self.work + "/data", "-A", "trust", "-U", "postgres", "--no-sync")
        preload = [self.module]
        if self.sanitize:
            preload = [subprocess.check_output(["gcc", f"-print-file-name={name}"], text=True).strip()
                       for name in ("libasan.so", "libubsan.so")]
        # Not by pg_ctl: the module knows the server's symbols only. No leaks are looked
        # for: a backend that ends keeps its memory.
        environment = ["LD_PRELOAD=" + ":".join(preload), f"ASAN_OPTIONS=detect_leaks=0:log_path={self.work}/asan",
                       f"UBSAN_OPTIONS=print_stacktrace=1:log_path={self.work}/asan"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.as_postgres(*environment, self.bindir + "/postgres", "-D", self.work + "/data",
                                 "-c", "shared_preload_libraries=pgautofailover",
                                 "-c", "pgautofailover.enable_health_checks=off", "-c", "listen_addresses=",
                                 "-c", f"unix_socket_directories={self.work}", "-c", "fsync=off",
                                 "-c", "autovacuum=off", "-c", "log_min_messages=fatal",
                                 # LLVM answers a lack of memory by ending the backend
                                 "-c", "jit=off", *settings),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for _ in range(600):
            if subprocess.run(self.as_postgres(self.bindir + "/pg_isready", "-q", "-h", self.work),
                              check=False).returncode == 0:
                return
            time.sleep(0.1)
        with open(self.log, encoding="utf-8", errors="replace") as text:
            raise AssertionError("the server did not start: " + text.read()[-2000:] + self.complaints())

    def client(self, *more):
        return self.as_postgres(self.bindir + "/psql", "-XAtq", "-h", self.work, "-U", "postgres", "-d", "postgres",
                                "-v", "VERBOSITY=verbose", *more)

    def file(self, text, **variables):
        given = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        done = subprocess.run(self.client("-v", "ON_ERROR_STOP=1", *given), input=text, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    def complaints(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            found = [line for line in log if re.search(r"PANIC|terminated by signal|server process .* exited", line)]
        for name in glob.glob(self.work + "/asan*"):
            with open(name, encoding="utf-8") as report:
                found.append(report.read())
        return "".join(found)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
        shutil.rmtree(self.work)


def sqlstate(lines):
    states = [re.match(r"(?:ERROR|FATAL):  (\w{5}):", line) for line in lines]
    return next((state.group(1) for state in states if state), "no error")


class Test:
    def __init__(self, server):
        self.server = server
        self.session = Session(server)
        self.watch = Session(server)
        self.failures = []

    def fail(self, text):
        print("  FAILED: " + text, flush=True)
        self.failures.append(text)

    def entries_match_catalog(self):
        catalog = self.session.must(
            "SELECT DISTINCT p.proname FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e' "
            " AND d.classid = 'pg_proc'::regclass JOIN pg_extension e ON e.oid = d.refobjid "
            "WHERE e.extname = 'pgaf_upgrade' AND p.proname LIKE 'pgaf\\_upgrade\\_%'")
        entries = {name for name, _, _ in functions.CALLS}
        for name in sorted(set(catalog) ^ entries):
            self.fail(f"{name}: " + ("has no entry in functions.py" if name in catalog else "is not in the catalog"))

    def bring_to(self, state):
        self.session.must("SELECT test.reset()")
        self.session.must("SELECT test.node(1, 'primary'), test.node(2, 'secondary')")
        self.session.must(functions.STATES[state])

    def queries_and_allocations(self, name, call):
        kinds = [(QUERY_FAILS, "FI001"), (QUERY_IS_CANCELLED, "57014"), (ALLOCATION_FAILS, "53200")]
        counts = []
        for kind, expected in kinds[:2] if self.server.sanitize else kinds:
            lines = self.session.ask(f"SELECT faults || '|' || coalesce(wrong, '') "
                                     f"FROM test.break($call${call}$call$, {kind}, '{expected}')")
            count, _, wrong = "\n".join(lines).partition("|")
            if not count.isdigit() or wrong:
                self.fail(f"{name}, fault {kind}: {count} {wrong}"[:1000])
            counts.append(count)
        return counts

    def while_it_waits(self, name, call):
        """Another session holds every table; the call waits for the first of them that it needs."""
        tables = self.watch.must("SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c WHERE c.relkind = 'r' "
                                 "AND c.relnamespace IN ('pgaf_upgrade'::regnamespace, 'pgautofailover'::regnamespace)")
        self.watch.must(f"BEGIN; LOCK TABLE {tables[0]} IN ACCESS EXCLUSIVE MODE")
        try:
            found = sqlstate(self.session.ask(f"SET statement_timeout = '50ms'; {call}; RESET statement_timeout"))
            self.session.must("RESET statement_timeout")
            if found != "57014":
                self.fail(f"{name}, statement_timeout: {found}")
            for function, expected in (("pg_cancel_backend", "57014"), ("pg_terminate_backend", "57P01")):
                victim = Session(self.server)
                victim.send(call)
                for _ in range(500):
                    if self.watch.must(f"SELECT pg_stat_clear_snapshot(), wait_event_type FROM pg_stat_activity "
                                       f"WHERE pid = {victim.pid}")[0].endswith("|Lock"):
                        break
                    time.sleep(0.01)
                else:
                    self.fail(f"{name} does not wait for a lock")
                self.watch.must(f"SELECT {function}({victim.pid})")
                found = sqlstate(victim.answer())
                if found != expected:
                    self.fail(f"{name}, {function}: {found}")
                victim.close()
        finally:
            self.watch.must("ROLLBACK")

    def growth(self, name, call, expected="done"):
        self.session.must("TRUNCATE test.growth")
        self.session.must(f"CALL test.repeat($call${call}$call$, '{expected}', {WARM_UP}, {TIMES})")
        grown = int(self.session.must("SELECT greatest(palloc, malloc) FROM test.growth")[0])
        if grown > GROWTH:
            self.fail(f"{name}: {TIMES} calls leave {grown} bytes behind")
        return grown

    def function(self, name, state, call):
        self.bring_to(state)
        before = self.session.must("SELECT test.digest()")
        counts = self.queries_and_allocations(name, call)
        if name not in functions.NEVER_WAIT:
            self.while_it_waits(name, call)
        grown = "-" if self.server.sanitize else self.growth(name, call)
        if self.session.must("SELECT test.digest()") != before:
            self.fail(name + ": a call that failed has changed something")
        self.session.must(call)
        print(f"{name:40} queries {counts[0]:>4}  cancelled {counts[1]:>4}  allocations "
              f"{counts[2] if len(counts) > 2 else '-':>4}  bytes left {grown}", flush=True)

    def run(self):
        self.entries_match_catalog()
        for name, state, call in functions.CALLS:
            self.function(name, state, call)
            if self.server.process.poll() is not None or self.server.complaints():
                self.fail(name + ": " + self.server.complaints())
                return
        if not self.server.sanitize:
            self.bring_to("started")
            for call, expected in functions.REFUSED:
                print(f"{call}: refused {TIMES} times, bytes left {self.growth(call, call, expected)}")


def main():
    server = Server(sys.argv[1], "--sanitize" in sys.argv[2:])
    try:
        server.start()
        with open(TREE + "/sql/install.sql", encoding="utf-8") as install:
            # the schema "test" of the regression tests: what stands after its comment
            helpers = install.read().partition("CREATE SCHEMA test;")
        server.file("CREATE EXTENSION btree_gist; CREATE EXTENSION pgautofailover; CREATE EXTENSION pgaf_upgrade;\n"
                    + helpers[1] + helpers[2])
        with open(HERE + "/faults.sql", encoding="utf-8") as text:
            server.file(text.read(), module=server.module)
        test = Test(server)
        test.run()
        print("failed: " + str(len(test.failures)))
        sys.exit(1 if test.failures else 0)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
