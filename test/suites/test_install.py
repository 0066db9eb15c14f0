"""Installed from source, as the README has it."""
import pytest

import readme

# it needs a machine with both PostgreSQLs, which the laboratory's hosts are
BUILDS = ("make install", "make clean", "cmake ")


@pytest.mark.all
@pytest.mark.limit(3600)
def test_from_source(in_tree):
    commands = [command for command in readme.commands() if command.startswith(BUILDS)]
    assert len(commands) == 4, commands
    in_tree("sh", "-exc", "cp -r . /run/sources; cd /run/sources; export CMAKE_BUILD_PARALLEL_LEVEL=2 MAKEFLAGS=-j2\n"
            + "\n".join(commands) + "\npgaf-upgrade version; man -w pgaf-upgrade || ls "
                                    "/usr/local/share/man/man1/pgaf-upgrade.1",
            seconds=3000)
