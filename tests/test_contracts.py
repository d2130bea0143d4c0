"""Imports keep the contracts of ``pyproject.toml``; no modules import each other in a circle."""

from __future__ import annotations

import graphlib
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from tests.tools.rooms_table import architecture_page, contracts, may_import, rooms

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ["src", "components", "policy-pack", "model-build"]


@pytest.fixture(scope="module")
def graph():
    names = [f"mobile_ai.{room}" for room in rooms()]
    return grimp.build_graph(*names, exclude_type_checking_imports=False, cache_dir=None)


def test_every_contract_is_kept():
    """By the command, in a process of its own: in this one it would close the captured output."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_modules_do_not_import_each_other_in_a_circle(graph):
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    graphlib.TopologicalSorter(imports).prepare()


def test_the_graph_has_every_module(graph):
    files = {
        ".".join(file.relative_to(ROOT / folder).with_suffix("").parts).removesuffix(".__init__")
        for folder in FOLDERS
        for file in (ROOT / folder / "mobile_ai").rglob("*.py")
    }
    assert files == graph.modules


def test_every_room_has_a_contract():
    found = {
        path.name
        for folder in FOLDERS
        for path in (ROOT / folder / "mobile_ai").iterdir()
        if (path / "__init__.py").is_file()
    }
    assert found == set(rooms())
    assert found <= set(contracts())


def test_a_contract_is_about_the_room_that_it_is_named_after():
    for room in rooms():
        contract = contracts()[room]
        assert contract["source_modules"] == [f"mobile_ai.{room}"]
        assert f"mobile_ai.{room}" not in contract["forbidden_modules"]


def test_rooms_import_each_other_in_no_circle():
    allowed = {
        room: {
            other
            for other in rooms()
            if other != room and f"mobile_ai.{other}" not in contracts()[room]["forbidden_modules"]
        }
        for room in rooms()
    }
    graphlib.TopologicalSorter(allowed).prepare()


def test_no_room_imports_the_kit_for_tests(graph):
    inside = {name for name in graph.modules if name.startswith("mobile_ai.testing")}
    importers = set().union(*(graph.find_modules_that_directly_import(name) for name in inside))
    assert importers <= inside


def test_the_map_has_a_row_for_every_room():
    page = architecture_page()
    for room in rooms():
        assert f"mobile_ai/{room}/` |" in page
        assert f"| {may_import(room)} |" in page
