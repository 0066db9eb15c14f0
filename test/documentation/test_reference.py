"""Manual pages, docs/reference.md and the example of a configuration file name what the program knows, no more and no
less."""
import importlib.util
import json
import os
import re
import subprocess

import pytest

from runner.passed import TREE


pytestmark = [pytest.mark.check, pytest.mark.together]


@pytest.fixture(scope="session")
def reference():
    spec = importlib.util.spec_from_file_location("reference", os.path.join(TREE, "docs/reference/reference.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def known(installed):
    """What the program says of itself."""
    return json.loads(installed.run("pgaf-upgrade", "help", "--json").stdout)


def test_every_page_says_what_the_program_says(known):
    done = subprocess.run([os.path.join(TREE, "docs/reference/reference.py"), "--check"], input=json.dumps(known),
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def changed_by(reference, known):
    return sorted(path for path, text in reference.files(known).items() if text != reference.read(path))


def test_what_is_new_is_missed_everywhere(reference, known):
    option = {**known["options"][0], "name": "new-one", "term": "--new-one DIR"}
    known["commands"][0]["options"].append(option)
    of_option = ["docs/reference.md", "docs/reference/pgaf-upgrade.1.scd", "packaging/pgaf-upgrade.bash-completion"]
    assert changed_by(reference, known) == of_option
    known["options"].append(option)
    assert changed_by(reference, known) == sorted([*of_option, "docs/reference/pgaf-upgrade.conf.5.scd",
                                                   "packaging/pgaf-upgrade.conf"])
    known["exit_codes"].append({"code": 99, "meaning": "new", "remedy": None})
    assert "docs/trouble.md" in changed_by(reference, known)


def test_help_shows_what_programs_are_told(installed, known):
    text = installed.run("pgaf-upgrade", "--help").stdout
    listed = text.split("\nCommands:\n")[1].split("\n\n")[0]
    assert re.findall(r"^  ([a-z-]+) ", listed, re.MULTILINE) == [command["name"] for command in known["commands"]]
    for command in known["commands"]:
        text = installed.run("pgaf-upgrade", command["name"], "--help").stdout
        for option in [*command["options"], *known["options"]]:
            assert f"\n  {option['term']}" in text, option["term"]


def test_every_exit_code_is_told(known):
    with open(os.path.join(TREE, "helper/system/error.hpp"), encoding="utf-8") as file:
        codes = re.findall(r"^ +\w+ = (\d+),", file.read(), re.MULTILINE)
    assert [str(row["code"]) for row in known["exit_codes"]] == codes


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


def test_the_example_has_every_setting(installed, known):
    settings = re.findall(r"^#([a-z-]+) = ", example(installed), re.MULTILINE)
    assert settings == [option["name"] for option in known["options"] if option["setting"]]


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
