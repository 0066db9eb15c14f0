"""`check --list` is what the guides say of the checks."""
import json
import os
import re
import subprocess

import pytest

from runner.passed import TREE

pytestmark = [pytest.mark.check, pytest.mark.together]


@pytest.fixture(scope="session")
def checks(installed):
    """{name: what the program says of it}, of a host that has neither a node nor a monitor."""
    listed = json.loads(installed.run("pgaf-upgrade", "check", "--list", "--json").stdout)
    return {check["name"]: check for check in listed["checks"]}


def test_the_list_is_for_people_too(installed, checks):
    lines = installed.run("pgaf-upgrade", "check", "--list").stdout.splitlines()
    assert lines[0].split() == ["CHECK", "SEVERITY", "WHERE", "WAIVER", "MEANING"]
    assert [line.split()[0] for line in lines[1:]] == list(checks)


def test_the_list_stands_alone(installed):
    done = installed.run("pgaf-upgrade", "check", "--list", "--diff")
    assert done.returncode == 2 and "--list and --diff" in done.stdout, done.stdout
    done = installed.run("pgaf-upgrade", "check", "--json")
    assert done.returncode == 2 and "--json needs --list" in done.stdout, done.stdout


def written(listed, *options):
    return subprocess.run([os.path.join(TREE, "docs/reference/checks.py"), *options],
                          input=json.dumps({"checks": listed}), text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


def test_the_page_of_checks_says_what_the_list_says(checks):
    done = written(list(checks.values()), "--check")
    assert done.returncode == 0, done.stdout


def test_a_check_that_is_missing_or_changed_on_the_page_is_found(checks):
    new = {**checks["backup"], "name": "new_one"}
    done = written([*checks.values(), new], "--check")
    assert done.returncode != 0 and "no row for: new_one" in done.stdout, done.stdout
    done = written([check for name, check in checks.items() if name != "backup"], "--check")
    assert done.returncode != 0 and "no such check" in done.stdout, done.stdout
    done = written([{**check, "remedy": "Do something else."} for check in checks.values()], "--check")
    assert done.returncode != 0 and "is not what the program says" in done.stdout, done.stdout


def test_every_check_has_an_example():
    with open(os.path.join(TREE, "docs/checks.md"), encoding="utf-8") as file:
        rows = [line for line in file if re.match(r"\| `\w+` \| (error|warning|note)", line)]
    assert len(rows) > 50
    assert [row for row in rows if row.rstrip().endswith("| |")] == []
