"""docs/*.md name every check, step, SQLSTATE and exit code that the code has, and only tests that there are."""
import os
import re
import subprocess

import pytest

from runner.passed import TREE

pytestmark = pytest.mark.check


def text_of(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as file:
        return file.read()


def section(page, heading):
    return re.split(r"^## ", text_of(page), flags=re.MULTILINE)[1:][
        [part.split("\n", 1)[0] for part in re.split(r"^## ", text_of(page), flags=re.MULTILINE)[1:]].index(heading)]


def first_cells(text):
    """The first column of its tables, each without its backquotes; several may share a cell."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    return [name.strip(" `") for cell in cells for name in cell.split(",") if "`" in cell or cell.strip().isdigit()]


def checks():
    folder = os.path.join(TREE, "helper/checks")
    found = [name for file in sorted(os.listdir(folder)) if file.endswith(".cpp")
             for name in re.findall(r'\{"(\w+)",\s*Severity::', text_of(f"helper/checks/{file}"))]
    assert len(found) > 50
    return found


def definitions():
    """Role and name of each step."""
    name_of = dict(re.findall(r'(k\w+) = "(\w+)";', text_of("extension/core/step_names.hpp")))
    found = re.findall(r'\{Role::(\w+),\s*steps::(k\w+),\s*Phase::', text_of("extension/core/steps.cpp"))
    assert len(found) > 30
    return [(role, name_of[constant]) for role, constant in found]


def steps():
    return list(dict.fromkeys(name for _, name in definitions()))


def test_every_check_has_its_remedy():
    named = re.findall(r"^\| `(\w+)` \| (?:error|warning|note)", text_of("docs/checks.md"), re.MULTILINE)
    assert sorted(named) == sorted(checks())


def test_every_step_has_its_remedy():
    assert sorted(first_cells(section("docs/trouble.md", "Steps"))) == sorted(steps())


def test_every_sqlstate_has_its_remedy():
    codes = re.findall(r'"(PU\d+)"', text_of("extension/core/errors.hpp"))
    assert len(codes) > 10
    assert [cell for cell in first_cells(section("docs/trouble.md", "SQLSTATE")) if cell.startswith("PU")] == codes


def test_every_exit_code_has_its_remedy():
    codes = re.findall(r"^ +\w+ = (\d+),", text_of("helper/system/error.hpp"), re.MULTILINE)
    assert first_cells(section("docs/trouble.md", "Exit codes")) == codes


def test_the_picture_of_the_order_has_every_step_in_its_order():
    for role in ("Monitor", "Primary", "Secondary"):
        column = {"Monitor": 3, "Primary": 1, "Secondary": 2}[role]
        drawn = [line.split("│")[column].strip() for line in text_of("docs/order.md").splitlines()
                 if line.count("│") == 5]
        wanted = [name for of, name in definitions() if of == role]
        assert [name for name in drawn if name in wanted] == wanted


def names_in_safety():
    """FILE or FILE::NAME of its second column."""
    rows = [line.split("|") for line in section_before("docs/safety.md", "What is not safe").splitlines()
            if line.startswith("| ")]
    return [name for row in rows for name in re.findall(r"`([\w/]+\.\w+(?:::\w+)?)`", row[2])]


def section_before(page, heading):
    return text_of(page).split(f"## {heading}")[0]


def test_what_is_said_to_be_shown_is_shown_by_something():
    names = names_in_safety()
    assert len(names) > 20
    for name in names:
        path, _, inside = name.partition("::")
        assert os.path.exists(os.path.join(TREE, path)), path
        if inside:
            assert re.search(rf"^(def|class) {inside}\b", text_of(path), re.MULTILINE), name


def test_the_page_says_in_which_target_each_test_is():
    done = subprocess.run([os.path.join(TREE, "test/runner/safety.py"), "--check"], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def test_every_claim_is_in_make_check():
    rows = [line for line in section_before("docs/safety.md", "What is not safe").splitlines()
            if line.count("|") == 4][2:]
    assert len(rows) > 20
    # swap needs another PostgreSQL than the image has
    assert [line for line in rows if "`check`" not in line.rsplit("|", 2)[1] and "test_swap.py" not in line] == []


PAGES = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{name}" for name in os.listdir(os.path.join(TREE, "docs"))
                                                 if name.endswith(".md"))]


@pytest.mark.parametrize("page", PAGES)
def test_commands_functions_and_options_of_the_pages_exist(page):
    text, sql = text_of(page), "".join(text_of(f"extension/sql/1.0/{name}") for name in
                                       os.listdir(os.path.join(TREE, "extension/sql/1.0")))
    for function in set(re.findall(r"\b(pgaf_upgrade_\w+)\(", text)):
        assert re.search(rf"\b{function} ?\(", sql), function
    commands = re.findall(r'^ +\{"([a-z]+)", "', text_of("helper/commands/command_table.cpp"), re.MULTILINE)
    assert "rollback" in commands
    for named in re.findall(r"(?:`|^ *[#$] )pgaf-upgrade ((?:--[a-z-]+ [\w.]+ )*)([a-z]+)", text, re.MULTILINE):
        assert named[1] in commands, f"{page}: pgaf-upgrade {' '.join(named)}"
    known = text_of("helper/commands/options.cpp")
    for line in re.findall(r"pgaf-upgrade [^`\n]+", text):
        for option in re.findall(r" --([a-z][a-z-]+)", line):
            assert f'.name = "{option}"' in known, f"{page}: {line}"


def rows_after(text, heading):
    """The cells of a table's rows, by the beginning of its first line."""
    lines = text[text.index(heading):].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_figures_of_the_readme_are_those_of_the_evidence():
    measured, data = {}, ""
    for cells in rows_after(text_of("docs/evidence.md"), "| data | standby | runs |"):
        data = cells[0].removeprefix("pgbench, ") or data
        if cells[1] == "link":
            measured[data] = cells[3:6]
    shown = {cells[0]: cells[1:] for cells in rows_after(text_of("README.md"), "| data | bare ")}
    assert len(shown) > 2 and shown == {name: measured.get(name) for name in shown}
