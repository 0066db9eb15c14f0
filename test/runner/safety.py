#!/usr/bin/python3
"""docs/safety.md says of each claim and of each test in which target of make it is: as the tests themselves are marked.

    safety.py            writes that into docs/safety.md
    safety.py --check    says whether it is there already
"""
import collections
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TEST = os.path.join(HERE, "..")
PAGE = os.path.join(TEST, "..", "docs", "safety.md")
TABLE = "## Every test"
# what the claims name beside tests, and the test that runs it
RUNS = {"sql/": "test/suites/test_extension.py::test_regression",
        "test/specs/": "test/suites/test_extension.py::test_regression",
        "test/dump_restore.sh": "test/suites/test_extension.py::test_dump_and_restore",
        "test/hba/judge.py": "test/suites/test_extension.py::test_hba_judge",
        "test/faults/faults.py": "test/suites/test_extension.py::test_failures_inside",
        # every upgrade looks by these
        "test/e2e/judges.py": "test/e2e/test_faults.py", "test/e2e/customized.py": "test/e2e/test_faults.py"}


def suites():
    """{file::test without its parameters: the suites of its cases}, as they are collected."""
    listed = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-c", os.path.join(TEST, "pytest.ini"),
                             "--collect-only",
                             "--list-suites"], cwd=TEST, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = collections.defaultdict(collections.Counter)
    for suite, nodeid in re.findall(r"^suite (\w+) (.*)$", listed, re.MULTILINE):
        found["test/" + nodeid.partition("[")[0]][suite] += 1
    return found


def targets(names, known):
    """Of the tests that are named, as a cell."""
    names = [next((test for path, test in RUNS.items() if name.startswith(path)), name) for name in names]
    of = {suite for name in names for test, its in known.items() if test == name or test.startswith(name + "::")
          for suite in its}
    return ", ".join(f"`{target}`" for suite, target in (("check", "check"), ("all", "check-all")) if suite in of)


def named(cell):
    """FILE or FILE::NAME of a claim's second column."""
    return re.findall(r"`([\w/]+\.\w+(?:::\w+)?)`", cell)


def rows(known):
    """A row a file."""
    files = collections.defaultdict(lambda: {"check": [], "all": []})
    for test, its in sorted(known.items()):
        path, _, name = test.partition("::")
        for suite, number in its.items():
            some = f" ({number} of {its.total()})" if number < its.total() else ""
            files[path][suite].append(f"`{name.removeprefix('test_')}`{some}")
    for path, its in sorted(files.items()):
        yield f"| `{path.removeprefix('test/')}` | {', '.join(its['check'])} | {', '.join(its['all'])} |"


def page(text, known):
    """The page as it has to be."""
    before = text.partition(TABLE)[0].rstrip() + "\n"
    lines = []
    for line in before.splitlines():
        cells = line.split("|")
        if len(cells) == 5 and named(cells[2]):
            cells[3] = f" {targets(named(cells[2]), known)} "
        lines.append("|".join(cells))
    return "\n".join([*lines, "", TABLE, "",
                      "`make check` runs the tests of the second column, `make check-all` those of both. Written by "
                      "`test/runner/safety.py`.",
                      "", "| `test/` | `make check` | only `make check-all` |", "|---|---|---|", *rows(known), ""])


def main():
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    wanted = page(text, suites())
    if "--check" in sys.argv[1:]:
        if text != wanted:
            print("docs/safety.md is not what the tests are marked as: run test/runner/safety.py")
        return int(text != wanted)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
