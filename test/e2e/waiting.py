"""How long is waited for what. A limit is what an idle machine of a good speed would take at the most; a slower or a
busier one gets more, in the measure in which it is slower and busier while it is waited."""
import os
import resource
import subprocess
import time

PROCESSORS = len(os.sched_getaffinity(0))
# that the work of slowness() takes on a virtual processor of 2025
REFERENCE_SECONDS = 0.06
MEASURED = "PGAF_SLOWNESS"  # for the processes that this one starts


def _processor_seconds():
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage,
                                                             (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def slowness():
    """How many times more processor time this machine takes than the one of the reference; at least 1."""
    if MEASURED not in os.environ:
        before = _processor_seconds()
        for _ in range(40):
            subprocess.run(["/bin/true"], check=True)
        sum(n * n for n in range(300_000))
        os.environ[MEASURED] = str(max(1.0, (_processor_seconds() - before) / REFERENCE_SECONDS))
    return float(os.environ[MEASURED])


def crowd():
    """How many want to run for each processor; at least 1. Of this moment and of the last minute, whichever is more."""
    with open("/proc/loadavg", encoding="ascii") as file:
        fields = file.read().split()
    return max(1.0, float(fields[0]) / PROCESSORS, int(fields[3].split("/")[0]) / PROCESSORS)


class Patience:
    """A limit of so many seconds. is_over() is to be asked again and again: between two calls only that part of the
    time counts which a process has got for itself."""

    def __init__(self, seconds):
        self._seconds = seconds * slowness()
        self._last = time.monotonic()
        self._left = self._seconds
        # what always moves and never comes to an end is given up, too
        self._left_in_all = 10 * self._seconds

    def is_over(self):
        now = time.monotonic()
        passed, self._last = (now - self._last) / crowd(), now
        self._left -= passed
        self._left_in_all -= passed
        return min(self._left, self._left_in_all) < 0

    def renew(self):
        """Something has moved."""
        self._left = self._seconds


def limit(seconds):
    """The same as a number, for a program that takes one; by what the machine does now, and for what may come."""
    return seconds * slowness() * crowd() * 2


def wait_until(seconds, what, condition, pause=0.5):
    """Returns what condition() returned as soon as that is true."""
    patience, started = Patience(seconds), time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        if patience.is_over():
            raise TimeoutError(f"after {time.monotonic() - started:.0f} s still not so: {what}")
        time.sleep(pause)


def wait_for(process, seconds, what="the process ends"):
    """The exit code of a Popen, as soon as it has ended."""
    wait_until(seconds, what, lambda: process.poll() is not None, pause=0.05)
    return process.returncode
