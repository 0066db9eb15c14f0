"""The application of a cluster, which writes all the while; what it was told, and what it finds."""
import os

from hosts import HERE, CommandFailed, tail
from waiting import wait_for, wait_until


class Writer:
    """The application of writer.py on the client. Its table has to exist."""
    FOLDER = "/root/writer"

    def __init__(self, lab, database="postgres", conninfo=None):
        self._lab, self._database, self._process = lab, database, None
        self._conninfo = conninfo or lab.conninfo(database=database)

    def start(self):
        with open(os.path.join(HERE, "writer.py")) as program:
            self._lab.sh("client", "sh", "-ec", f"rm -rf {self.FOLDER}; mkdir {self.FOLDER}")
            self._lab.put("client", f"{self.FOLDER}/writer.py", program.read())
        self._log = os.path.join(self._lab.logs, "writer")
        self._process = self._lab.start("client", "python3", f"{self.FOLDER}/writer.py",
                                        self._conninfo, self.FOLDER, log=self._log)
        wait_until(20, "the writer writes", lambda: self._process.poll() is not None or self.count() > 0, pause=0.05)
        if self._process.poll() is not None:
            raise CommandFailed(f"the writer ended:\n{tail(self._log)}")
        return self

    def _read(self, name):
        """From the disk, since a command on the host for each look would cost what the servers should have."""
        with open(self._lab.path_of("client", f"{self.FOLDER}/{name}"), encoding="utf-8", errors="replace") as file:
            text = file.read()
        return text[:text.rfind("\n") + 1]

    def count(self):
        try:
            return self._read("acknowledged").count("\n")
        except FileNotFoundError:
            return 0

    def wait_for_more(self, number=50, seconds=30):
        before = self.count()
        wait_until(seconds, "the writer writes", lambda: self.count() >= before + number, pause=0.05)

    def stop(self):
        self._lab.sh("client", "touch", f"{self.FOLDER}/stop")
        code = wait_for(self._process, 30)
        if code:
            raise CommandFailed(f"the writer ended with {code}:\n{tail(self._log)}")

    def _rows(self, name):
        return [line.split(" ", 1) for line in self._read(name).splitlines()]

    def acknowledged(self):
        """[(id, seconds)] in order."""
        return [(int(number), float(at)) for number, at in self._rows("acknowledged")]

    def ambiguous(self):
        return [int(number) for number, _ in self._rows("ambiguous")]

    def errors(self):
        """The texts of its errors, each once, in order."""
        return list(dict.fromkeys(text for _, text in self._rows("errors")))

    def gaps(self, at_least=0.25, since=0):
        """Seconds without an acknowledged write, longest first; of those after `since`, by this machine's
        time.monotonic(), which is the hosts' too."""
        times = [at for _, at in self.acknowledged() if at >= since]
        return sorted((b - a for a, b in zip(times, times[1:]) if b - a >= at_least), reverse=True)

    def lost(self):
        """The acknowledged ids that are not in the table."""
        there = {int(line) for line in
                 self._lab.application_psql("SELECT id FROM e2e_writes", self._database).split()}
        return [number for number, _ in self.acknowledged() if number not in there]
