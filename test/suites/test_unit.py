"""The unit tests: what the extension's core and the helper decide, without a host."""
import os
import re

import pytest

AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")


def skipped(said):
    """The names of the tests that were left out."""
    passed = re.search(r"\[  PASSED  \] (\d+) tests", said)
    assert passed and int(passed[1]) > 100, said
    return set(re.findall(r"^\[  SKIPPED \] (\S+)$", said, re.MULTILINE))


@pytest.mark.check
def test_unit_tests(in_product, run):
    """As root and as the owner of PGDATA, who can each show what the other cannot; none is left out by both."""
    on_machine = os.environ.get("PGAF_UNIT_TESTS")  # a build of one's own
    if on_machine:
        skipped(run(on_machine))
        return
    program = "build/test/unit_tests"
    assert not skipped(in_product(program)) & skipped(in_product(*AS_POSTGRES, program))


@pytest.mark.all
@pytest.mark.limit(3600)
def test_under_sanitizers(in_product):
    """By AddressSanitizer and UBSan."""
    in_product("sh", "-ec", "cmake -S . -B /run/sanitize -G Ninja -DSANITIZE=ON && cmake --build /run/sanitize"
                            " && PGAF_FUZZ_INPUTS=1000000 /run/sanitize/test/unit_tests", seconds=3000)
