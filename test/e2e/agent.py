"""One process a host that stays, and runs there what it is told: agent_host.py. Beside a command's own it costs
nothing; each `lab sh` is a shell, nsenter and setpriv, and tests look at a host several times a second."""
import json
import os
import subprocess
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
KILLED = -9


class Gone(Exception):
    """The agent has ended before it answered, with its host or by itself."""

    def __init__(self, began, code, said):
        super().__init__(said)
        self.began, self.code, self.said = began, code, said


class TooLong(Exception):
    """The command was ended since it did not end; what it had said."""

    def __init__(self, answer):
        super().__init__()
        self.out, self.err = (answer["out"], answer["err"]) if answer else ("", "")


class Waiting:
    """A request on its way."""

    def __init__(self):
        self.ended, self.began, self.answer = threading.Event(), False, None


class Agent:
    def __init__(self, enter):
        """enter: the command by which a program is run on the host, as root."""
        with open(os.path.join(HERE, "agent_host.py"), encoding="utf-8") as program:
            text = program.read()
        self._errors = tempfile.TemporaryFile()
        # in a session of its own: ctrl-C is for the test, which has still to look and to take down
        self._process = subprocess.Popen([*enter, "python3", "-I", "-S", "-c", text], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=self._errors, text=True, start_new_session=True)
        self._lock, self._waiting, self._number = threading.Lock(), {}, 0
        self.is_gone = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            answer = json.loads(line)
            waiting = self._waiting.get(answer["id"])
            if waiting is None:
                continue  # nobody waits for it any more
            if "began" in answer:
                waiting.began = True
            else:
                waiting.answer = answer
                waiting.ended.set()
        self._process.wait()
        with self._lock:
            self.is_gone = True
            left = list(self._waiting.values())
        for waiting in left:
            waiting.ended.set()

    def _send(self, request):
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            pass  # its end is seen where its answers are read

    def call(self, request, patience):
        """The answer to a request; Gone, or TooLong where `patience` is over before."""
        waiting = Waiting()
        with self._lock:
            if self.is_gone:
                raise self._gone(waiting)
            self._number += 1
            number = self._number
            self._waiting[number] = waiting
            self._send({**request, "id": number})
        try:
            while not waiting.ended.wait(1):
                if patience.is_over():
                    with self._lock:
                        self._send({"stop": number})
                    waiting.ended.wait(15)
                    raise TooLong(waiting.answer)
        finally:
            with self._lock:
                del self._waiting[number]
        if waiting.answer is None:
            raise self._gone(waiting)
        return waiting.answer

    def _gone(self, waiting):
        self._errors.seek(0)
        return Gone(waiting.began, self._process.returncode, self._errors.read().decode(errors="replace"))

    def close(self):
        """Ends it, with what it still runs."""
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
