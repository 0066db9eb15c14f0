"""The unit tests: what the extension's core and the helper decide, without a host."""
import os
import re

import pytest


@pytest.mark.check
def test_unit_tests(in_product, run):
    on_machine = os.environ.get("PGAF_UNIT_TESTS")  # a build of one's own
    said = run(on_machine) if on_machine else in_product("build/test/unit_tests")
    passed = re.search(r"\[  PASSED  \] (\d+) tests", said)
    assert passed and int(passed[1]) > 100, said


@pytest.mark.all
@pytest.mark.limit(3600)
def test_under_sanitizers(in_product):
    """By AddressSanitizer and UBSan."""
    in_product("sh", "-ec", "cmake -S . -B /run/sanitize -G Ninja -DSANITIZE=ON && cmake --build /run/sanitize"
                            " && PGAF_FUZZ_INPUTS=1000000 /run/sanitize/test/unit_tests", seconds=3000)
