"""Every step of every kind of node, killed or without power at every point of it, and the same command again."""
import pytest

from fault_matrix import all_cases, record, sample
from faults import carry_out
from hosts import TARGET

METHOD = "link" if TARGET == 17 else "swap"


def upgrades(cases):
    """{upgrade: its cases}"""
    found = {}
    for case in cases:
        found.setdefault(case.upgrade, []).append(case)
    return found


def assert_upgraded(cases, wrong, seconds):
    missed = [f"{case.role} {case.step} {case.moment}" for case in cases if seconds[case] is None]
    assert not wrong and not missed, f"not reached: {missed}; " + "; ".join(wrong)


@pytest.mark.check
@pytest.mark.target(17, 18)
@pytest.mark.limit(2400)
@pytest.mark.parametrize("name", upgrades(sample()))
def test_sample(name):
    """Every step killed in its middle; and the power cut in the steps of the switch."""
    cases = upgrades(sample())[name]
    assert_upgraded(cases, *carry_out(name, cases, METHOD))


@pytest.mark.all
@pytest.mark.limit(2400)
@pytest.mark.parametrize("name", upgrades(all_cases()))
def test_matrix(name):
    cases = upgrades(all_cases())[name]
    wrong, seconds = carry_out(name, cases)
    record(cases, wrong, seconds)
    assert_upgraded(cases, wrong, seconds)
