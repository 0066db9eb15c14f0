"""What the README tells a stranger to type first."""
import os

import pytest

from hosts import HERE

DEMO = os.path.join(HERE, "..", "demo", "demo.py")


@pytest.mark.check
def test_demo(run):
    run("/usr/bin/python3", DEMO, "--scale", "2")


@pytest.mark.all
def test_whole_demo(run):
    run("/usr/bin/python3", DEMO)
