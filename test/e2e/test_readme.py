"""What README and docs/ show is typed: an upgrade by the README's own lines, every other command by another test."""
import os
import re

import pytest

import readme
from driver import Upgrade
from hosts import HELPER, HERE
from waiting import wait_for

pytestmark = pytest.mark.check

UPGRADE = "An upgrade"
# of docs/monitoring.md, after an upgrade
REPORT = "The report"
# What this file does not type, by how it begins, and what does. Of the rest an operator's own names are in it.
TYPED_ELSEWHERE = {
    "make demo": "test/suites/test_demo.py::test_demo",
    "make check": None,  # what runs this
    "make format": None,  # a developer's; test/source/test_sources.py says what it has to come to
    "apt install": "test/packages/test_packages.py::test_life_of_the_packages",
    "dnf install": "test/packages/test_packages.py::test_rpms",
    "make install": "test/suites/test_install.py::test_from_source",
    "make clean": "test/suites/test_install.py::test_from_source",
    "cmake -B build": "test/suites/test_install.py::test_from_source",
    "systemctl enable --now pgaf-upgrade.timer": "test/e2e/test_layouts.py::test_layouts",
    "pgaf-upgrade rehearse": "test/e2e/test_rehearse.py::test_on_the_monitor",
    "pgaf-upgrade migrate": "test/e2e/test_migrate.py::test_killed_at_every_step_while_the_old_cluster_goes_on",
    "GRANT EXECUTE ON FUNCTION pgaf_upgrade_approve": "test/suites/test_extension.py::test_regression",
    "GRANT pgaf_upgrade_reader": "test/suites/test_extension.py::test_regression",
    "SELECT pgaf_upgrade_start(17, 'orders'": "test/suites/test_extension.py::test_regression",
    "SELECT * FROM pgaf_upgrade_plan(17)": "test/suites/test_extension.py::test_regression",
    "SELECT ordinal, node, step, waits_for FROM pgaf_upgrade_plan": "test/e2e/test_by_hand.py::test_by_hand",
    "SELECT pgaf_upgrade_approve(not_before": "test/suites/test_extension.py::test_regression",
    "SELECT pgaf_upgrade_abort": "test/e2e/test_give_back.py::test_operator_ends_the_run_instead",
    "SELECT pgaf_upgrade_acknowledge":
        "test/e2e/test_redundancy.py::test_what_no_data_depends_on_holds_up_nothing",
    "SELECT state, writes_refused": "test/suites/test_extension.py::test_regression",
    "SELECT result FROM pgaf_upgrade.step WHERE name = 'rebuild'": "test/e2e/test_link.py::test_seed",
    "pgaf-upgrade backup": "test/e2e/test_backup.py::test_taken_proved_and_recorded",
    "pgaf-upgrade status": "test/e2e/test_seen.py::test_seen",
    "pgaf-upgrade report": "test/e2e/test_seen.py::test_seen",
    "pgaf-upgrade run --limit-factor": "test/e2e/test_hangs.py::test_hangs",
    "pgaf-upgrade run --without-monitor": "test/e2e/test_monitor_away.py::test_monitor_lost",
    "pg_autoctl enable monitor": "test/e2e/test_monitor_away.py::test_monitor_lost",
    "pg_autoctl reload": "test/e2e/test_monitor_away.py::test_monitor_lost",
    # as the new cluster of that test is made
    "pg_autoctl create": "test/e2e/test_migrate.py::test_killed_at_every_step_while_the_old_cluster_goes_on",
    "initdb -D": "test/e2e/test_migrate.py::test_killed_at_every_step_while_the_old_cluster_goes_on",
    "pg_autoctl show state": None,  # pg_auto_failover's, which test/lab asks for what it answers
    "pgaf-upgrade rollback": "test/e2e/test_rollback.py::test_new_data_given_up",
    "SELECT pgaf_upgrade_rollback": "test/e2e/test_rollback.py::test_rollback",
    "SELECT pgaf_upgrade_start(17, method => 'copy')": "test/e2e/test_rollback.py::test_new_data_given_up",
    "SELECT pgaf_upgrade_start(17, on_failure => 'stay'": "test/e2e/test_give_back.py::test_stay",
    "SELECT pgaf_upgrade_start(17, keep_old_standby": "test/e2e/test_keep.py::test_keep_old_standby",
    "SELECT pgaf_upgrade_release": "test/e2e/test_keep.py::test_keep_old_standby",
    "/usr/lib/postgresql/15/bin/pg_ctl": "test/e2e/test_keep.py::test_keep_old_standby",
    "pgaf-upgrade cleanup": "test/e2e/test_cleanup.py::test_killed_at_every_moment",
}


def test_every_command_is_typed_by_a_test():
    typed_here = readme.commands(UPGRADE) + readme.commands(REPORT, "docs/monitoring.md")
    assert len(typed_here) > 8
    unknown = [command for command in readme.all_commands() if command not in typed_here
               and not command.startswith(tuple(TYPED_ELSEWHERE))]
    assert unknown == []
    all_of_it = "\n".join(readme.all_commands())
    for start, test in TYPED_ELSEWHERE.items():
        assert start in all_of_it, f"no page has {start} any more"
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
    for command in readme.commands(UPGRADE) + readme.commands(REPORT, "docs/monitoring.md"):
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
