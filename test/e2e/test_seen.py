"""What people and programs see of an upgrade: the watch on a terminal and in a log, status for programs, and the
report, of a run that is aborted, under way, and finished."""
import json
import os
import stat
import xml.etree.ElementTree

import pytest

import jsonschema
from prometheus_client.parser import text_string_to_metric_families

from driver import Upgrade
from hosts import HELPER, HERE
from terminal import COLORS, Terminal, width
from waiting import wait_for, wait_until

pytestmark = pytest.mark.check

USAGE, STEP_FAILED, REFUSED, NO_MONITOR = 2, 4, 6, 7
NOTE = "<b>&amp; \"quoted\" 'é'"
XHTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"


def status(lab, host="node1", *options):
    """By --json, which is as docs/status-schema.json says."""
    with open(os.path.join(HERE, "..", "..", "docs", "status-schema.json")) as file:
        schema = json.load(file)
    document = json.loads(lab.sh(host, HELPER, "status", "--json", *options))
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(document)
    return document["run"]


def metrics(text):
    """{name: [(labels, value)]}, read by Prometheus's own parser; each has its HELP and TYPE."""
    families = list(text_string_to_metric_families(text))
    assert families and len({family.name for family in families}) == len(families)
    assert all(family.documentation and family.type == "gauge" for family in families)
    return {family.name: [(sample.labels, sample.value) for sample in family.samples] for family in families}


class Report:
    """The page, which is well-formed."""

    def __init__(self, lab, *options):
        self.text = lab.sh("node2", HELPER, "report", "--html", "-", *options)
        self.root = xml.etree.ElementTree.fromstring(self.text.replace("<!DOCTYPE html>", ""))
        self.verdict = self.root.find(f".//{XHTML}h1").text
        self.words = " ".join(self.root.itertext())

    def table(self, title):
        """The rows of the first table below that heading, as texts."""
        for section in self.root.iter(f"{XHTML}section"):
            heading = section.find(f"{XHTML}h2")
            if heading is not None and heading.text == title:
                body = section.find(f".//{XHTML}tbody")
                return [["".join(cell.itertext()) for cell in row] for row in body]
        raise AssertionError(f"no section {title}")


def assert_nothing_yet(lab):
    assert status(lab) is None
    assert metrics(lab.sh("node1", HELPER, "status", "--prometheus")) == {"pgaf_upgrade_monitor_up": [({}, 1.0)]}
    assert "no upgrade was ever started" in lab.sh("node1", HELPER, "status")
    assert lab.run("node1", HELPER, "report", "--html", "-").returncode == REFUSED
    assert lab.run("node1", HELPER, "status", "--json", "--run", "9").returncode == USAGE
    assert lab.run("node1", HELPER, "status", "--json", "--prometheus").returncode == USAGE
    assert lab.run("node1", HELPER, "report").returncode == USAGE


def assert_aborted(lab):
    lab.monitor_sql("SELECT pgaf_upgrade_start(17, note => $n$" + NOTE + "$n$)")
    lab.monitor_sql("SELECT pgaf_upgrade_abort(1, $r$not <today>$r$)")
    run = status(lab)
    assert (run["state"], run["note"], run["end_reason"], run["writes"]["refused_seconds"]) == ("aborted", NOTE,
                                                                                                "not <today>", None)
    page = Report(lab)
    assert "aborted before anything that serves was changed" in page.verdict
    assert NOTE in page.words and "not <today>" in page.words and "<b>&amp;" not in page.text
    # one that has ended is not watched for long
    ended = lab.run("node1", HELPER, "status", "--watch", timeout=30)
    assert ended.returncode == STEP_FAILED and "\x1b" not in ended.stdout, ended.stdout


def assert_ready(lab):
    """A run that is under way."""
    run = status(lab, "monitor")
    assert run["state"] == "ready" and run["waiting_for"].startswith("approval")
    assert {node["name"]: node["activity"] for node in run["nodes"]} == {"node_1": "waiting", "node_2": "waiting",
                                                                         "monitor": "waiting"}
    found = metrics(lab.sh("monitor", HELPER, "status", "--prometheus"))
    assert dict((labels["state"], value) for labels, value in found["pgaf_upgrade_run_state"])["ready"] == 1
    assert found["pgaf_upgrade_writes_refused"][0][1] == 0
    assert "under way (ready)" in Report(lab).verdict


def assert_watch_ends_by_control_c(lab):
    watch = Terminal(lab, "node1", "NO_COLOR=1", HELPER, "status", "--watch")
    wait_until(20, "it draws", lambda: "waiting for approval" in watch.output)
    watch.type("\x03")
    assert watch.wait(20) == 0
    assert not COLORS.search(watch.output), "colours in spite of NO_COLOR"
    given_back = watch.output.rstrip().count("\x1b[?1049h") == watch.output.count("\x1b[?1049l") == 1
    assert given_back, "the screen is not given back"


def assert_screens(watch):
    screens = watch.screens()
    assert len(screens) > 20
    for lines in screens[:-1]:
        assert len(lines) <= 24
        assert all(width(line) <= 80 for line in lines), lines
    texts = ["\n".join(lines) for lines in screens]
    assert COLORS.search(watch.output)
    refused = [text for text in texts if "writes      REFUSED for" in text]
    assert refused and "redundancy  NONE for" in refused[-1]
    assert any("monitor" in text and "has not answered for" in text for text in texts)
    assert any(">> node_1" in text and "run pg_upgrade" in text for text in texts)
    last = texts[-1]
    for part in "finished", "writes      accepted again, refused for", "redundancy  there again, none for":
        assert part in last, last
    assert last.count("ok ") == 3


def assert_log(log):
    with open(log) as file:
        text = file.read()
    assert "\x1b" not in text and all(width(line) < 500 for line in text.splitlines())
    order = ["run 2 to PostgreSQL 17", "writes are refused", "node_1 pg_upgrade: done after",
             "writes are accepted again, refused for",
             "the monitor does not answer", "the monitor answers again", "run 2: finished"]
    places = [text.find(part) for part in order]
    assert -1 not in places and places == sorted(places), dict(zip(order, places))


def assert_finished(lab, identifiers):
    run = status(lab, "node2")
    assert run["state"] == "finished" and run["steps_done"] == run["steps_total"] and run["waiting_for"] is None
    assert 0 < run["writes"]["refused_seconds"] < run["redundancy"]["none_seconds"] < run["elapsed_seconds"]
    assert run["writes"]["refused_seconds"] < run["redundancy"]["back_after_seconds"] < run["elapsed_seconds"]
    assert run["writes"]["expected_refused_seconds"] < run["redundancy"]["expected_back_after_seconds"]
    found = metrics(lab.sh("node2", HELPER, "status", "--prometheus"))
    assert found["pgaf_upgrade_writes_refused_seconds"] == [({"run": "2"}, run["writes"]["refused_seconds"])]
    assert sum(value for labels, value in found["pgaf_upgrade_steps"]
               if labels["state"] == "done") == run["steps_total"]

    page = Report(lab)
    assert page.verdict == "PostgreSQL 15 to 17: upgraded"
    nodes = {row[0]: row for row in page.table("Versions and identifiers")}
    assert set(nodes) == {"node_1", "node_2", "monitor"}
    for host, name in (("node1", "node_1"), ("node2", "node_2")):
        assert nodes[name][3].startswith("15.") and " → 17." in nodes[name][3]
        assert nodes[name][4] == "2.0 → 2.2"
        assert nodes[name][5:7] == [identifiers[host], lab.system_identifier(host)]
    assert len(page.table("Every event")) == int(lab.monitor_sql("SELECT count(*) FROM pgaf_upgrade_events()"))
    assert {row[4] for row in page.table("Steps")} == {"done"}
    pictures = list(page.root.iter(f"{SVG}svg"))
    drawn = " ".join(pictures[0].itertext())
    assert all(word in drawn for word in ("node_1", "node_2", "monitor", "pg_upgrade", "refused ", "none for "))
    assert pictures[0].find(f".//{SVG}rect[@class='shade refused']") is not None
    assert "postgresql.conf" in page.words and "pg_hba.conf" in page.words
    # and still of the one before
    assert "aborted" in Report(lab, "--run", "1").verdict


def assert_files(lab):
    path = "/var/lib/postgresql/seen.prom"
    lab.sh("node1", HELPER, "status", "--prometheus", "--output", path)
    assert metrics(lab.sh("node1", "cat", path))
    assert stat.S_IMODE(int(lab.sh("node1", "stat", "-c", "%a", path), 8)) == 0o644
    assert lab.sh("node1", "sh", "-c", f"ls -A {os.path.dirname(path)} | grep seen").split() == ["seen.prom"]
    for wrong in ("/dev/null", "/nowhere/page.html", "/etc"):
        assert lab.run("node1", HELPER, "report", "--html", wrong).returncode == USAGE
    assert lab.sh("node1", "stat", "-c", "%F", "/dev/null").strip() == "character special file"


def assert_without_monitor(lab):
    lab.sh("monitor", "systemctl", "stop", "pgautofailover")
    try:
        away = lab.run("node1", HELPER, "status", "--prometheus")
        assert away.returncode == NO_MONITOR and metrics(away.stdout) == {"pgaf_upgrade_monitor_up": [({}, 0.0)]}
        assert lab.run("node1", HELPER, "status", "--json").returncode == NO_MONITOR
        assert lab.run("node1", HELPER, "--wait-limit", "1", "status", "--watch", timeout=30).returncode == NO_MONITOR
    finally:
        lab.sh("monitor", "systemctl", "start", "pgautofailover")


def test_seen(make_lab):
    lab = make_lab("seen")
    identifiers = {host: lab.system_identifier(host) for host in lab.data_nodes}
    lab.monitor_sql("CREATE EXTENSION pgaf_upgrade")
    assert_nothing_yet(lab)
    assert_aborted(lab)

    upgrade = Upgrade(lab)
    upgrade.start()
    watch = Terminal(lab, "node2", HELPER, "status", "--watch")
    log = os.path.join(lab.logs, "watch")
    watcher = lab.start("monitor", HELPER, "status", "--watch", log=log)
    upgrade.start_helpers()
    upgrade.wait_state("ready", 120)
    assert_ready(lab)
    assert_watch_ends_by_control_c(lab)
    upgrade.approve()
    upgrade.wait_finished()
    assert wait_for(watcher, 30) == 0
    assert watch.wait(30) == 0
    assert_screens(watch)
    assert_log(log)
    assert_finished(lab, identifiers)
    assert_files(lab)
    assert_without_monitor(lab)
