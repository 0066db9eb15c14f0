"""The sources, looked at by the same programs on every machine: those of the laboratory's image."""
import os

import pytest

from runner.passed import TREE, files_of_tree


def files_by(suffixes, shebang=None):
    def is_one(name):
        if name.endswith(suffixes):
            return True
        if not shebang or "." in os.path.basename(name):
            return False
        with open(os.path.join(TREE, name), "rb") as file:
            return shebang in file.readline()

    found = [name for name in files_of_tree() if os.path.isfile(os.path.join(TREE, name)) and is_one(name)]
    assert found
    return found


@pytest.mark.check
def test_format_of_cpp(in_tree):
    in_tree("clang-format", "--dry-run", "-Werror", *files_by((".cpp", ".hpp")))


@pytest.mark.check
def test_shell(in_tree):
    in_tree("shellcheck", "-x", *files_by((".sh",), b"bash"))


@pytest.mark.check
def test_python(in_tree):
    files = files_by((".py",), b"python")
    in_tree("sh", "-ec", 'python3 -m pyflakes "$@"; python3 -m pycodestyle --max-line-length=120 "$@"', "sh", *files)


@pytest.mark.all
@pytest.mark.limit(7200)
def test_clang_tidy(in_tree):
    """But extension/src/pg, which is left to the compiler: PostgreSQL's macros are not ours to mend."""
    in_tree("sh", "-ec", """
        cmake -S . -B /run/build -G Ninja
        run-clang-tidy -quiet -p /run/build '/(helper|extension/core|test/unit)/' 2>/dev/null
        clang-tidy --quiet extension/src/*.cpp -- -std=c++20 -Iextension""", suite="trixie", seconds=6000)
