"""No source of the helper includes one of a floor above its own, or of another room on its floor; helper/CMakeLists.txt
has the floors."""
import pathlib
import re
import shutil

import pytest

pytestmark = pytest.mark.check
TREE = pathlib.Path(__file__).resolve().parents[2]


def floors_of(tree):
    """{room: its floor}, from the ground up; what the extension shares is below all of them."""
    rooms = re.search(r"set\(floors\s+(.*?)\)", (tree / "helper/CMakeLists.txt").read_text(), re.S)[1]
    found = {room: floor for floor, line in enumerate(re.findall(r'"([^"]+)"', rooms)) for room in line.split(",")}
    return {"core": -1, **found}


def wrong_includes(tree):
    floors, wrong = floors_of(tree), []
    for source in sorted((tree / "helper").glob("*/*.[ch]pp")):
        room = source.parent.name
        for included in re.findall(r'^#include "([^"]+)"', source.read_text(), re.M):
            other = included.split("/")[0]
            if other != room and floors.get(other, len(floors)) >= floors[room]:
                wrong.append(f"{source.relative_to(tree)} includes {included}")
    return wrong


def test_no_include_runs_up_a_floor():
    assert wrong_includes(TREE) == []


def test_every_folder_is_a_room():
    folders = {folder.name for folder in (TREE / "helper").iterdir() if folder.is_dir()}
    assert folders == floors_of(TREE).keys() - {"core"}


def test_what_runs_up_is_found(tmp_path):
    shutil.copytree(TREE / "helper", tmp_path / "helper")
    journal = tmp_path / "helper/run/journal.hpp"
    journal.write_text('#include "steps/steps.hpp"\n' + journal.read_text())
    shutil.move(tmp_path / "helper/cluster/port.cpp", tmp_path / "helper/system/port.cpp")
    assert wrong_includes(tmp_path) == ["helper/run/journal.hpp includes steps/steps.hpp",
                                        "helper/system/port.cpp includes cluster/port.hpp"]
