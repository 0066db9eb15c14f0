"""The extension in real servers, on a host of its own that has no network."""
import pytest


@pytest.mark.check
@pytest.mark.parametrize("major", ["15", "17"])
def test_regression(in_product, major):
    """pg_regress and isolation tests."""
    said = in_product("test/regress.sh", major)
    assert said.count(" tests passed") == 2


@pytest.mark.check
def test_dump_and_restore(in_product):
    in_product("test/dump_restore.sh", "15", "17")


@pytest.mark.check
@pytest.mark.parametrize("major", ["15", "17"])
def test_hba_judge(in_product, major):
    """A real server judges the matching of pg_hba.conf."""
    in_product("python3", "test/hba/judge.py", major)


@pytest.mark.parametrize("major", [pytest.param("15", marks=pytest.mark.all),
                                   pytest.param("17", marks=pytest.mark.check)])
def test_failures_inside(in_product, major):
    """Queries, allocations, signals and time limits that fail inside each function, and what calls leave in memory."""
    in_product("python3", "test/faults/faults.py", major)


@pytest.mark.all
@pytest.mark.limit(3600)
@pytest.mark.parametrize("major", ["15", "17"])
def test_failures_under_sanitizers(in_product, major):
    in_product("python3", "test/faults/faults.py", major, "--sanitize", seconds=3000)
