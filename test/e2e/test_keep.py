"""A standby that is kept at the old version as a way back: untouched while everything else is upgraded, able to serve
what was acknowledged before the switch, and rebuilt by a base backup on command, also by a helper that was killed."""
import pytest

from driver import Upgrade
from hosts import OLD_BINDIR
from content import content, fill
from test_link import rebuilt
from test_rollback import Interrupted, roll_back_with_kept
from waiting import wait_until

pytestmark = pytest.mark.check

KEPT = "node3"
WAY_BACK = "/var/tmp/way_back"
# with those of the tablespaces, which are links
FILES = "cd {} && find -L . -type f -exec sha256sum {{}} + | sort -k 2"
# as docs/recovery.md has it, of a copy
SERVE = """set -e
cp -a {pgdata} {copy}
{bindir}/pg_ctl start -w -D {copy} -l {copy}.log -o "-p {port} -c archive_mode=off" >/dev/null
{bindir}/pg_ctl promote -w -D {copy} >/dev/null
"""


def served_by_way_back(lab):
    """The ids of the writer's rows that a copy of the kept standby serves, which is seen to take writes too."""
    port = 5999
    lab.pg(KEPT, SERVE.format(pgdata=lab.pgdata, copy=WAY_BACK, bindir=OLD_BINDIR, port=port))
    psql = f"{OLD_BINDIR}/psql -X -p {port} -d postgres -Atq -f -"
    ids = {int(line) for line in lab.pg(KEPT, psql, input="SELECT id FROM e2e_writes").split()}
    lab.pg(KEPT, psql, input="CREATE TABLE it_takes_writes (i int)")
    lab.pg(KEPT, f"{OLD_BINDIR}/pg_ctl stop -w -D {WAY_BACK} >/dev/null && rm -rf {WAY_BACK}*")
    return ids


def test_keep_old_standby(make_lab):
    """First with a way back while it is kept: it goes on from where it stopped. Then to the end."""
    lab = make_lab("keep", secondaries=2)
    fill(lab)
    interrupted = Interrupted(lab, "pg_upgrade:linking", keep_old_standby="node_3")
    roll_back_with_kept(interrupted)
    judges, upgrade = interrupted.judges, Upgrade(lab)
    interrupted.upgrade.stop_helpers()
    upgrade.start(keep_old_standby="node_3")
    upgrade.start_helpers()
    try:
        upgrade.wait_state("ready", 90)
        times_before = judges.writer.count()
        upgrade.approve()
        wait_until(200, "everything but the kept standby is upgraded", lambda: "which is kept" in (
            (upgrade.status() or {}).get("waiting_for") or ""))
        before = lab.pg(KEPT, FILES.format(lab.pgdata))
        assert lab.sh(KEPT, "cat", f"{lab.pgdata}/PG_VERSION").strip() == "15"
        assert lab.run(KEPT, "pgrep", "-x", "postgres").returncode == 1, "its server runs"
        assert {lab.server_version(host) for host in ("monitor", "node1", "node2")} == {17}
        assert {name: result["standby_method"] for name, result in rebuilt(lab).items() if result} == {"node_2": "link"}
        wait_until(60, "the other standby is a secondary", lambda: lab.monitor_sql(
            "SELECT reportedstate FROM pgautofailover.node WHERE nodename = 'node_2'") == "secondary")

        there = served_by_way_back(lab)
        times = judges.writer.acknowledged()
        times = times[times_before:]
        refused_from = max(zip(times, times[1:]), key=lambda pair: pair[1][1] - pair[0][1])[0][1]
        acknowledged = {number for number, at in times if at <= refused_from}
        missing = acknowledged - there
        assert acknowledged and not missing, f"{len(missing)} acknowledged writes are not on the way back"
        assert "/pg_tblspc/" in before
        assert lab.pg(KEPT, FILES.format(lab.pgdata)) == before, "the kept standby was touched"

        with open(upgrade.logs[KEPT]) as log:
            assert "SELECT pgaf_upgrade_release()" in log.read()
        upgrade.kill_helper(KEPT)
        assert lab.monitor_sql("SELECT pgaf_upgrade_release()") == "node_3"
        upgrade.start_helper(KEPT)
    except BaseException:
        upgrade.stop_helpers()
        raise
    upgrade.wait_finished()
    lab.wait_settled()
    assert rebuilt(lab)["node_3"]["standby_method"] == "basebackup", rebuilt(lab)
    assert content(lab, KEPT) == content(lab, lab.primary())
    assert judges.upgraded() == []
