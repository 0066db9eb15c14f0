"""pg_auto_failover is on guard before the switch and after it: it takes a node in hand while its helper is at work."""
from cluster import NEW_BINDIR, Upgrade, wait_until
from faults import die_at
from judges import Judges

PGREP = "pgrep -x pg_autoctl"


def signal_keepers(lab, signal, *hosts):
    for host in hosts:
        lab.sh(host, "sh", "-c", f"kill -{signal} $({PGREP})")


def rewound_in_verify(lab, upgrade):
    """As pg_rewind begins: the server is gone from one look to the next, and pg_autoctl does not start it yet."""
    program, asked = f"{NEW_BINDIR}/pg_controldata", "/var/lib/postgresql/away"
    lab.sh("node2", "mv", program, f"{program}.real")
    lab.put("node2", program, f"""#!/bin/sh
        if [ "$(cat /proc/$PPID/comm)" = pgaf-upgrade ] && rm {asked} 2>/dev/null; then
            kill -STOP $({PGREP})
            {NEW_BINDIR}/pg_ctl stop -m fast -D {lab.pgdata}
        fi >/dev/null
        exec {program}.real "$@"\n""".replace("\n        ", "\n"), mode="755")
    lab.put("node2", asked, "")
    upgrade.start_helper("node2")
    wait_until(60, "verify looks", lambda: lab.run("node2", "test", "-e", asked).returncode != 0)
    wait_until(30, "verify says what it waits for", lambda: upgrade.exit_codes() or any(
        "may be rewinding" in (row["progress"] or "") for row in upgrade.progress() or []))
    assert "node2" not in upgrade.exit_codes(), upgrade.describe(upgrade.status())
    signal_keepers(lab, "CONT", "node2")


def test_replaced(make_lab):
    lab = make_lab("replaced")
    judges = Judges(lab)
    upgrade = Upgrade(lab)
    upgrade.start()
    upgrade.start_helpers()
    upgrade.wait_state("ready", 90)
    upgrade.kill_helper("node2")
    upgrade.approve()
    die_at(lab, "secondary", "verify", "before")
    rewound_in_verify(lab, upgrade)
    upgrade.wait_finished()
    assert judges.upgraded() == []
