"""What is printed while tests run: a line a test as it ends, and one at least every ten seconds. Only where run.py runs
them, which reads the results; a bare pytest prints what pytest prints."""
import json
import os
import sys
import threading
import time

import pytest

from runner import passed

SILENCE = 10
COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ
COLOURS = {"passed": "32", "FAILED": "31;1", "skipped": "33"}


def span(seconds):
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


class Results:
    """Of one pytest session, and of its lanes."""

    def __init__(self, config):
        self._config = config
        self._lock = threading.RLock()
        self._total, self._running, self._seconds, self._worst = 0, {}, {}, {}
        self._outcomes, self._failures, self._broken = {}, [], []
        self._printed, self._ended, self._on_line = time.monotonic(), threading.Event(), False

    # -- what is printed --

    def say(self, text):
        with self._lock:
            if self._on_line:
                print("\r\033[K", end="")
                self._on_line = False
            print(text, flush=True)
            self._printed = time.monotonic()

    def _keep_talking(self):
        while not self._ended.wait(1):
            with self._lock:
                if sys.stdout.isatty():
                    width = os.get_terminal_size(sys.stdout.fileno()).columns
                    print(f"\r\033[K{self._state()[:width - 1]}", end="", flush=True)
                    self._on_line = True
                elif time.monotonic() - self._printed >= SILENCE - 1:
                    self.say(f"{time.strftime('%H:%M:%S')}  {self._state()}")

    def _state(self):
        now = time.monotonic()
        running = ", ".join(f"{os.path.basename(name)} for {now - since:.0f} s"
                            for name, since in self._running.items())
        failed = f", {len(self._failures)} failed" if self._failures else ""
        return f"{len(self._outcomes)} of {self._total}{failed}; runs: {running or 'nothing yet'}"

    # -- what pytest tells --

    def pytest_sessionstart(self, session):
        threading.Thread(target=self._keep_talking, daemon=True).start()

    def pytest_collection_finish(self, session):
        self._total = max(self._total, len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node, ids):
        self._total = len(ids)

    def pytest_collectreport(self, report):
        if report.failed:
            self._broken.append(report.nodeid)
            self.say(f"{report.nodeid} cannot be collected:\n{report.longreprtext}")

    def pytest_runtest_logstart(self, nodeid, location):
        with self._lock:
            self._running[passed.name_of(nodeid)] = time.monotonic()

    def pytest_runtest_logreport(self, report):
        name = passed.name_of(report.nodeid)
        with self._lock:
            self._seconds[name] = self._seconds.get(name, 0) + report.duration
            if report.failed or report.skipped or report.when == "call":
                outcome = {"passed": "passed", "failed": "FAILED", "skipped": "skipped"}[report.outcome]
                if self._worst.get(name) != "FAILED":
                    self._worst[name] = outcome
            if report.failed:
                self.say(self._failure(name, report))
            if report.when == "teardown":
                self._has_ended(name)

    @staticmethod
    def _failure(name, report):
        parts = [f"{'=' * 30} {name} ({report.when})", report.longreprtext]
        return "\n".join(parts + [f"--- {title}\n{text.rstrip()}" for title, text in report.sections if text.strip()])

    def _has_ended(self, name):
        self._running.pop(name, None)
        outcome = self._outcomes[name] = self._worst.get(name, "FAILED")
        if outcome == "FAILED":
            self._failures.append(name)
        passed.write([passed.key(name)] if outcome == "passed" else [], {name: round(self._seconds[name], 1)})
        shown = f"\033[{COLOURS[outcome]}m{outcome:7}\033[0m" if COLOURED else f"{outcome:7}"
        self.say(f"{time.strftime('%H:%M:%S')}  {shown}  {span(self._seconds[name]):>8}  {name}")

    def pytest_internalerror(self, excrepr):
        self.say(str(excrepr))

    def pytest_sessionfinish(self, session, exitstatus):
        self._ended.set()
        if self._running:
            self.say("stopped in " + ", ".join(self._running))
        with open(os.environ["PGAF_RESULTS"], "w", encoding="utf-8") as file:
            json.dump({"outcomes": self._outcomes, "seconds": self._seconds, "failed": self._broken + self._failures},
                      file)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    is_lane = hasattr(config, "workerinput")
    if "PGAF_RUN" not in os.environ or is_lane or config.option.collectonly:
        return
    # in the place of pytest's own
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter:
        config.pluginmanager.unregister(reporter)
    # pytest-xdist goes on to ask its own
    of_lanes = config.pluginmanager.getplugin("terminaldistreporter")
    if of_lanes:
        of_lanes.write_line = of_lanes.rewrite = lambda *_, **__: None
    config.pluginmanager.register(Results(config), "pgaf-results")
