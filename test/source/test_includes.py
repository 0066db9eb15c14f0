"""What headers of the helper do not bring along."""
import pathlib
import re

import pytest

pytestmark = pytest.mark.check
TREE = pathlib.Path(__file__).resolve().parents[2]


def test_no_header_includes_json():
    """It takes seconds to compile: a source that makes or reads JSON includes it itself, its header json_fwd.hpp."""
    headers = [header for folder in ("helper", "extension") for header in (TREE / folder).rglob("*.hpp")]
    wrong = [str(header.relative_to(TREE)) for header in headers if "nlohmann/json.hpp" in header.read_text()]
    assert wrong == []


def test_step_names_are_constants():
    """core/step_names.hpp has them; as text they stand nowhere that a step is meant."""
    names = re.findall(r'std::string_view k\w+ = "(\w+)";', (TREE / "extension/core/step_names.hpp").read_text())
    assert len(names) == 23
    calls = (r'fault_point|fault_is|FaultWatch \w+|journal_?\.\w+|journal\(\)\.\w+|find_step|step_by_name|\bcarry|'
             r'perform|carry_out|\.undo|begin_step|finish_step|fail_step')
    means_a_step = re.compile(rf'(?:{calls})\([^;"]*"({"|".join(names)})"')
    found = [f"{source.relative_to(TREE)}: {match[0]}" for source in (TREE / "helper").glob("*/*.[ch]pp")
             if source.parent.name != "migrate" for match in means_a_step.finditer(source.read_text())]
    assert found == []
