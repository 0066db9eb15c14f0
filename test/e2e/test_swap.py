"""pg_upgrade --swap, which PostgreSQL 18 brought: it moves the old cluster's files into the new one. In a laboratory
with PGAF_LAB_TARGET=18."""
import pytest

from driver import Upgrade
from faults import CHECK_FAILED, stopped_at
from hosts import HELPER, TARGET
from test_rollback import Interrupted
from test_trouble import fails, go_on
from test_upgrade import look_into_tablespace, make_tablespace, whole_upgrade

# pg_upgrade of PostgreSQL 17 cannot swap
pytestmark = [pytest.mark.all, pytest.mark.target(18)]


def by_swap(lab):
    upgrade = Upgrade(lab)
    upgrade.start(method="swap")
    upgrade.carry_through()
    return upgrade


# What pg_upgrade's own start of the old server leaves as it is: names, inodes, and what is in users' relations.
OLD_FILES = r"""
cd "$1"
find -L base pg_tblspc/*/PG_15_* -type f -path '*/[0-9]*/*' ! -name pg_internal.init -printf '%p %i\n' | sort
find -L base pg_tblspc/*/PG_15_* -type f -regex '.*/[0-9]+/[1-9][0-9][0-9][0-9][0-9][0-9_a-z.]*' \
    -exec sha256sum {} + | sort
"""


def old_files(lab):
    return lab.sh("node1", "sh", "-c", OLD_FILES, "sh", lab.pgdata)


SET_IMMUTABLE = """
import fcntl, glob, struct, sys
GETFLAGS, SETFLAGS, IMMUTABLE = 0x80086601, 0x40086602, 0x10
for name in glob.glob(sys.argv[1]):
    with open(name) as file:
        flags, = struct.unpack("l", fcntl.ioctl(file, GETFLAGS, bytes(8)))
        flags = flags | IMMUTABLE if sys.argv[2] == "yes" else flags & ~IMMUTABLE
        fcntl.ioctl(file, SETFLAGS, struct.pack("l", flags))
"""


def fails_in_the_middle(lab):
    """At a file of the old cluster that cannot be given another name, among those that pg_upgrade moves."""
    lab.sh("node1", "python3", "-c", SET_IMMUTABLE, f"{lab.pgdata}/base/5/PG_VERSION", "yes")
    fails(lab, "could not rename")
    assert lab.sh("node1", "find", f"{lab.pgdata}/base/moved_for_upgrade", "-type", "f")
    lab.sh("node1", "python3", "-c", SET_IMMUTABLE, f"{lab.pgdata}*/base/5/PG_VERSION", "no")


def test_whole_upgrade(make_lab):
    def look(lab):
        look_into_tablespace(lab)
        # nothing of the primary is there twice, and the standby is built by links all the same
        assert lab.shared_files("node1") == 0 and lab.shared_files("node2") > 0
        assert "moved_for_upgrade" in lab.sh("node1", "ls", f"{lab.pgdata}_pg15/base")

    whole_upgrade(make_lab("swap"), by=by_swap, before=make_tablespace, after=look)


def test_name_is_taken(make_lab):
    """In which pg_upgrade would put the old catalogs aside."""
    lab = make_lab("swap-name")
    lab.sh("node1", "mkdir", f"{lab.pgdata}/base/moved_for_upgrade")
    done = lab.run("node1", HELPER, "check", "--target", str(TARGET), "--method", "swap", "--only", "names_are_free")
    assert done.returncode == CHECK_FAILED and "base/moved_for_upgrade\" exists already" in done.stdout, done.stdout


def test_goes_on(make_lab):
    """After pg_upgrade has ended in the middle of its moves."""
    lab = make_lab("swap-on")
    judges, upgrade = stopped_at(lab, "stop", "after", method="swap")
    fails_in_the_middle(lab)
    go_on(lab, judges, upgrade)


def test_way_back(make_lab):
    """From the middle of pg_upgrade's moves, where its manual takes the old cluster for lost."""
    lab = make_lab("swap-back")
    make_tablespace(lab)
    interrupted = Interrupted(lab, "stop:after", method="swap")
    before = old_files(lab)
    assert len(before.splitlines()) > 900
    fails_in_the_middle(lab)
    assert old_files(lab) != before
    # as far as the old server's start
    lab.run("node1", "env", "PGAF_UPGRADE_FAULT=rollback:stop", HELPER, "rollback", "--reason", "a test", timeout=120)
    assert old_files(lab) == before
    interrupted.roll_back_from("node1")
    lab.wait_settled()
    interrupted.assert_same_bytes()
    interrupted.assert_as_before()
