"""Which tests run: each is of `make check` or only of `make check-all`, is for one PostgreSQL or several, and is left
out where it has passed already for this very tree."""
import os

import pytest

from runner import passed

TARGET = int(os.environ.get("PGAF_LAB_TARGET", "17"))


def pytest_addoption(parser):
    parser.addoption("--suite", choices=("check", "all"),
                     help="only tests that have to pass before a change lands, or all")
    parser.addoption("--list-suites", action="store_true", help="print of each test in which it is, for safety.py")
    parser.addoption("--not-again", action="store_true", help="leave out what has passed for this very tree")


def suites_of(item):
    """What a test says of itself goes before what its module says."""
    own = {mark.name for mark in item.own_markers} & {"check", "all"}
    return own or {mark.name for mark in item.iter_markers()} & {"check", "all"}


def suite_of(item):
    names = suites_of(item)
    # one that is marked as neither or as both fails in `make check`, so that somebody decides
    return names.pop() if len(names) == 1 else "check"


def pytest_runtest_setup(item):
    if len(suites_of(item)) != 1:
        pytest.fail("this test has to be marked as check or as all, by itself or by its module", pytrace=False)


def targets_of(item):
    mark = item.get_closest_marker("target")
    return mark.args if mark else (17,)


def group_of(item):
    """Tests of one group run one after the other, and are left out together or not at all."""
    name = passed.name_of(item.nodeid)
    return name.partition("::")[0] if item.get_closest_marker("together") else name


def pytest_itemcollected(item):
    item.add_marker(pytest.mark.xdist_group(group_of(item)))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    suites = {item: suite_of(item) for item in items}
    if config.getoption("--list-suites"):
        print(*(f"\nsuite {suites[item]} {item.nodeid}" for item in items), sep="")
    if not config.getoption("--suite"):
        return
    chosen = [item for item in items if TARGET in targets_of(item)
              and (config.getoption("--suite") == "all" or suites[item] == "check")]
    if config.getoption("--not-again"):
        known = passed.known()
        left = {group_of(item) for item in chosen if passed.key(passed.name_of(item.nodeid)) not in known}
        chosen = [item for item in chosen if group_of(item) in left]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    # the longest first, so that no lane is still at work when the others have ended
    seconds = passed.durations()
    of_group = {}
    for item in chosen:
        of_group[group_of(item)] = of_group.get(group_of(item), 0) + seconds.get(passed.name_of(item.nodeid), 0)
    items[:] = sorted(chosen, key=lambda item: -of_group[group_of(item)])
