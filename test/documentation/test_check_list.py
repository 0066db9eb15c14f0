"""`check --list` is what the guides say of the checks."""
import json
import os
import re

import pytest

from runner.passed import TREE

pytestmark = [pytest.mark.check, pytest.mark.together]


@pytest.fixture(scope="session")
def checks(installed):
    """{name: what the program says of it}, of a host that has neither a node nor a monitor."""
    listed = json.loads(installed.run("pgaf-upgrade", "check", "--list", "--json").stdout)
    return {check["name"]: check for check in listed["checks"]}


def rows_of(page, columns):
    """{name: its other cells} of the tables that have so many columns and begin with a name in backquotes."""
    with open(os.path.join(TREE, page), encoding="utf-8") as file:
        rows = [line.strip().strip("|").split(" | ") for line in file if re.match(r"\| `\w+` \|", line)]
    return {row[0].strip(" `"): [cell.strip() for cell in row[1:]] for row in rows if len(row) == columns}


def where(check):
    roles = check["where"]
    return {3: "every node", 2: "data nodes"}.get(len(roles) if "monitor" not in roles or len(roles) == 3 else 0,
                                                  ", ".join(roles))


def test_the_list_is_for_people_too(installed, checks):
    lines = installed.run("pgaf-upgrade", "check", "--list").stdout.splitlines()
    assert lines[0].split() == ["CHECK", "SEVERITY", "WHERE", "WAIVER", "MEANING"]
    assert [line.split()[0] for line in lines[1:]] == list(checks)


def test_the_list_stands_alone(installed):
    done = installed.run("pgaf-upgrade", "check", "--list", "--diff")
    assert done.returncode == 2 and "--list and --diff" in done.stdout, done.stdout
    done = installed.run("pgaf-upgrade", "check", "--json")
    assert done.returncode == 2 and "--json needs --list" in done.stdout, done.stdout


def test_the_readme_says_what_the_list_says(checks):
    told = {name: row for name, row in rows_of("README.md", 4).items() if row[0] in ("error", "warning", "note")}
    assert {name: row[:2] for name, row in told.items()} == {
        name: [check["severity"], where(check)] for name, check in checks.items()}
    assert {name for name, row in told.items() if "cannot be waived" in row[2]} == {
        name for name, check in checks.items() if check["blocks_approval"] and not check["can_be_waived"]}


def test_the_page_for_trouble_says_what_the_list_says(checks):
    told = rows_of("docs/trouble.md", 3)
    assert {name: told[name][0] for name in checks} == {name: check["meaning"] for name, check in checks.items()}
    for name, check in checks.items():
        # it may say more
        assert told[name][1].replace("`", "").startswith(check["remedy"].rstrip(".;")), name
