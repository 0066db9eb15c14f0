"""The laboratory itself."""
import os

import pytest

from hosts import HERE


@pytest.mark.check
def test_laboratory(run):
    """Side by side, without power, interrupted, killed; nothing of it is left on this machine."""
    run(os.path.join(HERE, "..", "lab", "selftest.sh"))
