"""What the README tells to type is typed: an upgrade by its own lines, and of every other command another test."""
import os
import re

import pytest

import readme
from driver import Upgrade
from hosts import HELPER, HERE
from waiting import wait_for

pytestmark = pytest.mark.check

UPGRADE = "An upgrade"
# What this file does not type, by how it begins, and what does. Of the rest an operator's own names are in it.
TYPED_ELSEWHERE = {
    "make demo": "test/suites/test_demo.py::test_demo",
    "make check": None,  # what runs this
    "apt install": "test/packages/test_packages.py::test_life_of_the_packages",
    "dnf install": "test/packages/test_packages.py::test_rpms",
    "make install": "test/suites/test_install.py::test_from_source",
    "make clean": "test/suites/test_install.py::test_from_source",
    "cmake -B build": "test/suites/test_install.py::test_from_source",
    "systemctl enable --now pgaf-upgrade.timer": "test/e2e/test_layouts.py::test_layouts",
    "pgaf-upgrade migrate": "test/e2e/test_migrate.py::test_killed_at_every_step_while_the_old_cluster_goes_on",
    "GRANT EXECUTE ON FUNCTION pgaf_upgrade_approve": "test/suites/test_extension.py::test_regression",
    "GRANT pgaf_upgrade_reader": "test/suites/test_extension.py::test_regression",
    "pgaf-upgrade run --limit-factor": "test/e2e/test_hangs.py::test_hangs",
    "pgaf-upgrade run --without-monitor": "test/e2e/test_monitor_away.py::test_monitor_lost",
    "pg_autoctl enable monitor": "test/e2e/test_monitor_away.py::test_monitor_lost",
    "pg_autoctl reload": "test/e2e/test_monitor_away.py::test_monitor_lost",
    "pgaf-upgrade rollback": "test/e2e/test_rollback.py::test_new_data_given_up",
    "SELECT pgaf_upgrade_rollback": "test/e2e/test_rollback.py::test_rollback",
    "SELECT pgaf_upgrade_start(17, method => 'copy')": "test/e2e/test_rollback.py::test_new_data_given_up",
    "SELECT pgaf_upgrade_start(17, on_failure => 'stay'": "test/e2e/test_give_back.py::test_stay",
    "SELECT pgaf_upgrade_start(17, keep_old_standby": "test/e2e/test_keep.py::test_keep_old_standby",
    "SELECT pgaf_upgrade_release": "test/e2e/test_keep.py::test_keep_old_standby",
    "/usr/lib/postgresql/15/bin/pg_ctl": "test/e2e/test_keep.py::test_keep_old_standby",
}


def test_every_command_is_typed_by_a_test():
    typed_here = readme.commands(UPGRADE)
    assert len(typed_here) > 8
    unknown = [command for command in readme.commands() if command not in typed_here
               and not command.startswith(tuple(TYPED_ELSEWHERE))]
    assert unknown == []
    all_of_it = "\n".join(readme.commands())
    for start, test in TYPED_ELSEWHERE.items():
        assert start in all_of_it, f"the README has no {start} any more"
        if test:
            path, _, name = test.partition("::")
            with open(os.path.join(HERE, "..", "..", path), encoding="utf-8") as file:
                assert f"def {name}(" in file.read(), test


def days_ago(sql):
    """Its dates are of the time at which it was written."""
    return re.sub(r"'20\d\d-\d\d-\d\d (\d\d:\d\d)'", r"(current_date - 2 + time '\1')", sql)


def test_an_upgrade_by_the_readme(make_lab):
    lab = make_lab("readme")
    upgrade = Upgrade(lab)
    for host in lab.hosts:
        lab.sh(host, "install", "-d", "-o", "postgres", "/mnt/backups")
    for command in readme.commands(UPGRADE):
        if command == f"{HELPER} run":
            upgrade.start_helpers()
            upgrade.wait_state("ready", 120)
        elif command.startswith(f"{HELPER} backup"):
            for host in ("monitor", "node2"):
                lab.sh(host, *command.split(), timeout=300)
        elif command.startswith(HELPER):
            for host in lab.hosts:
                lab.sh(host, *command.split(), timeout=300)
        elif command.startswith(("systemctl", "SELECT pgaf_upgrade_waive", "SELECT pgaf_upgrade_retry")):
            continue  # another way, and where something is wrong
        else:
            shown = lab.monitor_sql(days_ago(command))
            if "waiting_for" in command:
                assert shown == "ready|approval: SELECT pgaf_upgrade_approve(1)", shown
            elif "pgaf_upgrade_approve" in command:
                upgrade.wait_finished()
            elif "'parts'" in command:
                assert "Restoring database schemas" in shown, shown
    for host, helper in upgrade.helpers.items():
        assert wait_for(helper, 30) == 0, host
    assert {lab.server_version(host) for host in lab.hosts} == {17}
