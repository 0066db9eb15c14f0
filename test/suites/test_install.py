"""What has to be there first, and an installation from source, as docs/install.md has it."""
import subprocess

import pytest

import readme
from runner import passed

# it needs a machine with both PostgreSQLs, which the laboratory's hosts are
BUILDS = ("make install", "make clean", "cmake ")


@pytest.mark.all
@pytest.mark.limit(3600)
def test_from_source(in_tree):
    commands = [command for command in readme.commands(page="docs/install.md") if command.startswith(BUILDS)]
    assert len(commands) == 4, commands
    in_tree("sh", "-exc", "cp -r . /run/sources; cd /run/sources; export CMAKE_BUILD_PARALLEL_LEVEL=2 MAKEFLAGS=-j2\n"
            + "\n".join(commands) + "\npgaf-upgrade version; man -w pgaf-upgrade || ls "
                                    "/usr/local/share/man/man1/pgaf-upgrade.1",
            seconds=3000)


# this machine's own system, from which a package or two have been taken, as a layer that is gone afterwards
LACKS_PACKAGES = """
mount -t tmpfs scratch /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay scratch -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
for folder in /proc /dev; do mount --rbind "$folder" "/mnt/root$folder"; done
exec chroot /mnt/root sh -ec 'dpkg --purge --force-depends libfaketime python3-prometheus-client >/dev/null; cd "$1"
    for time in first second; do echo "the $time time:"; test/install-host-packages.sh tests all; done
    dpkg-query -W -f "\\${Status}\\n" libfaketime python3-prometheus-client' sh "$1"
"""


@pytest.mark.check
def test_packages_of_this_machine():
    done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-ec", LACKS_PACKAGES, "sh",
                           passed.TREE],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
    assert done.returncode == 0, done.stdout
    first, _, second = done.stdout.partition("the second time:\n")
    assert "installing on this machine: " in first and "libfaketime" in first, done.stdout
    assert second == "install ok installed\n" * 2, done.stdout
