"""A test that hangs is ended, and shows where it was."""
import faulthandler
import signal
import sys

import pytest

from waiting import Patience

SECONDS, LOOK_EACH = 900, 5


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    mark = item.get_closest_marker("limit")
    seconds = mark.args[0] if mark else SECONDS
    patience = Patience(seconds)

    def look(*_):
        if patience.is_over():
            signal.setitimer(signal.ITIMER_REAL, 0)
            faulthandler.dump_traceback(file=sys.__stderr__)
            pytest.fail(f"the test has not ended within {seconds} s of an idle machine")

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, LOOK_EACH, LOOK_EACH)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
