"""What the demo says while it is at work: never nothing for ten seconds."""
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time

COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ
WIDTH = 80
SILENCE = 8


def coloured(text, code):
    return f"\033[{code}m{text}\033[0m" if COLOURED else text


class Voice:
    def __init__(self):
        self._started = self._said = time.monotonic()
        self._lock, self._doing = threading.Lock(), None
        threading.Thread(target=self._keep_talking, daemon=True).start()

    def seconds(self):
        return time.monotonic() - self._started

    def say(self, text):
        """A line, with the time since the start before it."""
        with self._lock:
            print(f"{self.seconds():6.1f} s  {text}", flush=True)
            self._said = time.monotonic()

    @contextlib.contextmanager
    def doing(self, what):
        """Says it now, and every few seconds until it is done."""
        before, self._doing = self._doing, what
        self.say(what)
        try:
            yield
        finally:
            self._doing = before

    def _keep_talking(self):
        while True:
            time.sleep(0.5)
            what = self._doing
            if what and time.monotonic() - self._said > SILENCE:
                self.say(f"still {what}"[:WIDTH])


class Child:
    """A command of the laboratory beside the demo. What it says is passed on."""

    def __init__(self, voice, command):
        # into a file: what the laboratory leaves running would keep a pipe open
        self._voice, self._output = voice, tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.PIPE,
                                         text=True, start_new_session=True)
        self._reader = threading.Thread(target=self._pass_on, daemon=True)
        self._reader.start()

    def _pass_on(self):
        for line in self._process.stderr:
            self._voice.say(line.rstrip().removeprefix("lab: "))

    def ended(self):
        return self._process.poll() is not None

    def wait(self):
        """Its exit code, and what it printed."""
        code = self._process.wait()
        self._reader.join(2)
        self._output.seek(0)
        return code, self._output.read().strip()

    def stop(self):
        """Returns when it has taken back what it was about."""
        if not self.ended():
            self._process.terminate()
            self._process.wait()
