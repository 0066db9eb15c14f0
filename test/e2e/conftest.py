import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from cluster import Lab  # noqa: E402


@pytest.fixture
def make_lab():
    """make_lab(WORD, …) brings a laboratory up whose name no other process uses; it goes with the test."""
    labs = []

    def make(word, **options):
        lab = Lab(word, **options)
        labs.append(lab)
        return lab.up()

    yield make
    for lab in labs:
        # to look at what a failed test has left
        if not os.environ.get("PGAF_E2E_KEEP"):
            lab.down()
