"""The count of files that a run enters, on a program of three files."""

import importlib
import sys
from pathlib import Path

import pytest

from tests.tools.gate_stops import product_file, recorded

PROGRAM = {
    "steps": """
from synthetic import figures, shown
SIZE = figures.double(1)  # a call during an import

def run():
    total = figures.double(2)
    total += sum(map(figures.double, [1, 2]))
    return shown.text(total)
""",
    "figures": """
def double(value):
    return _sum(value, value)

def _sum(one, other):
    return one + other
""",
    "shown": """
def text(value):
    from synthetic import figures
    return str(figures.double(value))
""",
}


@pytest.fixture
def program(tmp_path, monkeypatch):
    folder = tmp_path / "synthetic"
    folder.mkdir()
    for name, text in PROGRAM.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "synthetic"]:
        del sys.modules[name]


def stops_of(folder):
    def name_of(path):
        return Path(path).stem if Path(path).parent == folder else ""

    with recorded(name_of) as stops:
        importlib.import_module("synthetic.steps").run()
    return stops


def test_each_file_is_entered_once_in_order(program):
    assert stops_of(program).files == ("steps", "figures", "shown")


def test_calls_of_one_pair_of_files_count_as_one_entry(program):
    assert stops_of(program).edges["steps", "figures"] == 3


def test_entry_from_a_further_file_is_a_return(program):
    assert stops_of(program).returns == {"figures": 1}


def test_calls_during_an_import_are_excluded(program):
    with recorded(lambda path: Path(path).stem if Path(path).parent == program else "") as stops:
        importlib.import_module("synthetic.steps")
    assert not stops.edges


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/policy-pack/mobile_ai/pricing/values.py", "pricing/values.py"),
        ("/a/src/mobile_ai/sandbox/engine/locate.py", ""),
        ("/usr/lib/python3.11/json/decoder.py", ""),
    ],
)
def test_files_of_the_product_without_the_sandbox_count(path, name):
    assert product_file(path) == name
