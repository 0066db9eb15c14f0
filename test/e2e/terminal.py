"""A command of a laboratory's host in a pseudo-terminal of a given size, and what it has drawn there."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import unicodedata

from hosts import LAB
from waiting import wait_for

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLORS = re.compile(r"\x1b\[[0-9;]*m")


def width(text):
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text
               if not unicodedata.combining(character))


class Terminal:
    def __init__(self, lab, host, *command, columns=80, rows=24):
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.output = ""
        self.process = subprocess.Popen([LAB, "sh", "--name", lab.name, host, "env", "TERM=xterm", "LANG=C.UTF-8",
                                         *command],
                                        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        held = b""
        while True:
            try:
                data = os.read(self._ours, 65536)
            except OSError:  # the other end is closed
                return
            if not data:
                return
            held += data
            text = held.decode(errors="ignore")
            if text.encode() == held:  # no character is cut in two
                self.output += text
                held = b""

    def type(self, text):
        os.write(self._ours, text.encode())

    def close(self):
        """As a window that is closed, or an ssh session that drops."""
        os.close(self._ours)

    def wait(self, seconds):
        """Its exit code."""
        code = wait_for(self.process, seconds)
        self._reader.join(5)
        return code

    def screens(self):
        """Each that was drawn, as its lines, without colours."""
        frames = self.output.replace("\x1b[?1049l", "\x1b[H").split("\x1b[H")
        return [[ESCAPES.sub("", line).rstrip() for line in frame.split("\r\n")] for frame in frames[1:]]
