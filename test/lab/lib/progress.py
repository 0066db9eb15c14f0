#!/usr/bin/python3
"""How far something is: on a terminal one line that moves, elsewhere a line every ten seconds.

    progress.py PLAN    shows what the tasks of the file PLAN are doing, from their logs, until it is ended by SIGTERM

PLAN has a line a task, its fields separated by tabs:

    NAME LABEL UNIT LOG SECONDS TOTAL [AFTER]

Tasks of one LABEL are shown as one. SECONDS is how long it takes where nothing is known yet, TOTAL how many UNITs it
has, AFTER the name of a task that has to end before. How far it is, is read from the file LOG: lines of apt and dpkg,
of ninja, and

    @total TOTAL           from here on
    @at DONE [TOTAL]       so many UNITs are done
    @done                  all of it

For other programs in Python: Line shows a text, Plan estimates, as main() does.
"""

import os
import re
import shutil
import signal
import sys
import time

EVERY = 10  # seconds from line to line where there is no terminal


def moves(stream):
    """Whether a line can be written over."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb")


def duration(seconds):
    """12 s; 3 min 20 s; rounded the more the longer it is, as it is a guess"""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 90:
        return f"{round(seconds / 5) * 5} s"
    minutes, rest = divmod(round(seconds / 10) * 10, 60)
    return f"{minutes} min {rest} s" if minutes < 10 and rest else f"{round(seconds / 60)} min"


class Line:
    """One line for what is going on. NO_COLOR in the environment leaves it without bold."""

    def __init__(self, stream=sys.stderr, prefix=""):
        self._stream, self._prefix = stream, prefix
        self._moves = moves(stream)
        self._bold = self._moves and not os.environ.get("NO_COLOR")
        self._last, self._shown = time.monotonic(), ""

    def show(self, text, now=False):
        """Replaces what was shown. Without a terminal that is a line every ten seconds, or at once with `now`."""
        if self._moves:
            # a line that wraps could not be written over
            text = (self._prefix + text)[:shutil.get_terminal_size().columns - 1]
            if text != self._shown:
                shown = f"\033[1m{text}\033[0m" if self._bold else text
                self._write("\r\033[K" + shown)
                self._shown = text
        elif now or time.monotonic() - self._last >= EVERY:
            self._last = time.monotonic()
            self._write(self._prefix + text + "\n")

    def say(self, text):
        """A line that stays."""
        self.clear()
        self._write(self._prefix + text + "\n")
        self._last = time.monotonic()

    def clear(self):
        if self._moves and self._shown:
            self._write("\r\033[K")
            self._shown = ""

    def _write(self, text):
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            pass  # whoever read it is gone


class Task:
    """One of a plan, and what its log has said."""

    # what each package costs: to fetch, to unpack, to set up
    PACKAGE = {"Get:": 0.2, "Unpacking ": 0.5, "Setting up ": 0.3}
    STEPS = re.compile(rb"\[(\d+)/(\d+)\] ")

    def __init__(self, name, label, unit, log, seconds, total, after=""):
        self.name, self.label, self.unit, self.after, self._log = name, label, unit, after, log
        self.seconds, self.total, self.done, self.ended = float(seconds), int(total), 0.0, False
        self._position, self._rest = 0, b""
        self._began, self._at_first, self.passed, self._step_at = None, 0.0, 0.0, 0.0

    def gone(self):
        """The part that was done since it was first seen at work."""
        return self.fraction() - self._at_first

    def left(self, pace):
        """Seconds from here on; `pace` is how many times longer than planned the others take."""
        if self.ended:
            return 0
        by_plan = max(self.seconds * pace * (1 - self.fraction()), 1)
        by_itself = max(by_plan, self.passed)
        if self.gone() > 0.05:
            by_itself = self.passed / self.gone() * (1 - self.fraction())
        # what has stood still for long is not done in a moment
        return max(by_itself, self.passed - self._step_at)

    def fraction(self):
        return 1.0 if self.ended else min(0.99, self.done / self.total) if self.total else 0.0

    def read(self):
        try:
            with open(self._log, "rb") as log:
                log.seek(self._position)
                text = log.read()
        except OSError:
            return
        if self._began is None:
            self._began = time.monotonic()
        elif not self.ended:
            self.passed = time.monotonic() - self._began
        self._position += len(text)
        *lines, self._rest = (self._rest + text).split(b"\n")
        before = self.done
        for line in lines:
            self._take(line)
        if self.done != before:
            self._step_at = self.passed
        if self.passed == 0:
            self._at_first = self.fraction()

    def _take(self, line):
        steps = self.STEPS.match(line)
        words = line.decode(errors="replace").split()
        if steps and b"Re-checking" not in line:
            self.done, self.total = int(steps[1]), int(steps[2])
        elif line.startswith(b"@") and words:
            if words[0] == "@done":
                self.ended = True
            elif words[0] == "@total":
                self.total = int(words[1])
            elif words[0] == "@at":
                self.done, self.total = int(words[1]), int(words[2] if len(words) > 2 else self.total)
        else:
            for start, cost in self.PACKAGE.items():
                if line.startswith(start.encode()):
                    self.done += cost


class Plan:
    """Tasks, some beside each other and some after others, and how long all of them go on."""

    def __init__(self, tasks):
        self.tasks = {task.name: task for task in tasks}

    @classmethod
    def of_file(cls, path):
        with open(path, encoding="utf-8") as plan:
            return cls(Task(*line.rstrip("\n").split("\t")) for line in plan if line.strip())

    def read(self):
        for task in self.tasks.values():
            task.read()

    def _waits(self, task):
        return task.after in self.tasks and not self.tasks[task.after].ended

    def left(self):
        """Seconds: of each task by how fast it is itself, or, where it has hardly begun, by how fast the others are."""
        known = [task for task in self.tasks.values() if task.passed > 0 and task.gone() > 0.1]
        planned = sum(task.seconds * task.gone() for task in known)
        pace = sum(task.passed for task in known) / planned if planned else 1

        def end(task):
            return task.left(pace) + (end(self.tasks[task.after]) if self._waits(task) else 0)
        return max((end(task) for task in self.tasks.values()), default=0)

    def text(self):
        """image 62 %, 81 of 283 packages; product 14 %, 24 of 170 steps; 2 min left"""
        labels, parts = {}, []
        for task in self.tasks.values():
            labels.setdefault(task.label, []).append(task)
        for label, tasks in labels.items():
            seconds = sum(task.seconds for task in tasks)
            part = sum(task.seconds * task.fraction() for task in tasks) / seconds if seconds else 1
            if part >= 1:
                continue
            done = sum(task.total if task.ended else min(int(task.done), task.total) for task in tasks)
            total = sum(task.total for task in tasks)
            if all(task.ended or self._waits(task) for task in tasks):
                parts.append(f"{label} waits")
            else:
                counted = f", {done} of {total} {tasks[-1].unit}" if total else ""
                parts.append(f"{label} {int(part * 100)} %{counted}")
        return "; ".join([*parts, f"{duration(self.left())} left"]) if parts else "nearly there"


def main():
    line = Line(prefix="lab: ")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        plan = Plan.of_file(sys.argv[1])
        while True:
            time.sleep(0.3 if moves(sys.stderr) else 1)
            plan.read()
            line.show(plan.text())
    except (KeyboardInterrupt, FileNotFoundError):
        pass
    finally:
        line.clear()


if __name__ == "__main__":
    main()
