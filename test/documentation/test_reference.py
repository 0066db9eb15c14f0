"""Manual pages, README and the example of a configuration file name what the program knows, no more and no less."""
import importlib.util
import os
import re
import subprocess

import pytest

from runner.passed import TREE


pytestmark = [pytest.mark.check, pytest.mark.together]


@pytest.fixture(scope="session")
def reference():
    spec = importlib.util.spec_from_file_location("readme", os.path.join(TREE, "docs/reference/readme.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def options_of(text):
    """The long options that a help's own lines begin with."""
    return set(re.findall(r"^ +(?:-\w, *)?(--[a-z][a-z-]*)", text, re.MULTILINE))


def commands_of(installed):
    listed = installed.run("pgaf-upgrade", "--help").stdout.split("\nCommands:\n")[1].split("\n\n")[0]
    return re.findall(r"^  ([a-z-]+) ", listed, re.MULTILINE)


def known_options(installed):
    """As in the manual page: those of a command with its name before them."""
    general = options_of(installed.run("pgaf-upgrade", "--help").stdout)
    assert "--pgdata" in general
    known = set(general)
    for command in commands_of(installed):
        known |= {f"{command} {option}" for option in options_of(installed.run("pgaf-upgrade", command,
                                                                               "--help").stdout)
                  if option not in general}
    return known


def documented_options(reference):
    terms = [reference.plain(term) for term, _ in reference.sections("pgaf-upgrade.1.scd")["OPTIONS"]]
    return {re.sub(r"-\w, ", "", re.sub(r" [A-Z]+$", "", term)) for term in terms}


def test_every_option_is_in_the_manual_page(installed, reference):
    assert documented_options(reference) == known_options(installed)


def test_every_command_is_in_the_manual_page(installed, reference):
    documented = [reference.plain(term) for term, _ in reference.sections("pgaf-upgrade.1.scd")["COMMANDS"]]
    assert sorted(documented) == sorted(commands_of(installed))


def test_every_exit_code_is_in_the_manual_page(reference):
    with open(os.path.join(TREE, "helper/system/error.hpp"), encoding="utf-8") as file:
        codes = re.findall(r"^ +\w+ = (\d+),", file.read(), re.MULTILINE)
    assert [reference.plain(term) for term, _ in reference.sections("pgaf-upgrade.1.scd")["EXIT STATUS"]] == codes


def test_the_readme_says_what_the_manual_page_says():
    done = subprocess.run([os.path.join(TREE, "docs/reference/readme.py"), "--check"], text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def test_no_line_of_the_reference_is_lost_in_the_readme(reference):
    """A term whose text readme.py did not find would be an empty cell."""
    for table in reference.tables().values():
        assert len(table.splitlines()) > 5 and "|  |" not in table.replace("| |\n|---", "")


@pytest.mark.parametrize("page", ["man1/pgaf-upgrade.1", "man5/pgaf-upgrade.conf.5"])
def test_manual_pages_are_clean(installed, page):
    path = os.path.join(installed.share, "man", page)
    done = installed.run("mandoc", "-Tlint", "-Wwarning", path)
    assert (done.returncode, done.stdout) == (0, "")


def test_man_finds_the_pages(installed):
    for section, name, word in ("1", "pgaf-upgrade", "--discard-new-data"), ("5", "pgaf-upgrade.conf", "limit-factor"):
        done = installed.run("mman", section, name)
        assert done.returncode == 0 and word in re.sub(r".\x08", "", done.stdout), done.stdout


def example(installed):
    return installed.run("cat", f"{installed.share}/doc/pgaf-upgrade/examples/pgaf-upgrade.conf").stdout


def test_the_example_has_every_setting(installed, reference):
    settings = re.findall(r"^#([a-z-]+) = ", example(installed), re.MULTILINE)
    documented = [reference.plain(term) for term, _ in reference.sections("pgaf-upgrade.conf.5.scd")["SETTINGS"]]
    general = {option.removeprefix("--") for option in known_options(installed) if option.startswith("--")}
    assert settings == documented
    assert set(settings) == general - {"help", "config"}


def test_the_example_is_taken(installed):
    """As it is, and with every line in effect."""
    for text in example(installed), re.sub(r"^#(?=[a-z-]+ = )", "", example(installed), flags=re.MULTILINE):
        done = installed.run("pgaf-upgrade", "--config", installed.put("/run/example.conf", text), "version")
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("line,said", [
    ("pgdate = /srv/data", 'there is no setting "pgdate"'),
    ("limit-factor = fast", "limit-factor"),
    ("limit-factor = -1", "limit-factor"),
    ("wait-limit = soon", "wait-limit"),
    ("target = 17", "target"),
    ("[run]\nonce = yes", "run.once"),
    ("[chekc]\ntarget = 17", "chekc"),
])
def test_a_wrong_line_of_the_configuration_file_is_refused(installed, line, said):
    path = installed.put("/run/wrong.conf", line + "\n")
    done = installed.run("pgaf-upgrade", "--config", path, "version")
    assert done.returncode == 2 and said in done.stdout and path in done.stdout, done.stdout


def test_a_configuration_file_that_was_named_has_to_exist(installed):
    done = installed.run("pgaf-upgrade", "--config", "/no/such/file", "version")
    assert done.returncode == 2 and "/no/such/file" in done.stdout, done.stdout
