"""The API reference is built from docstrings, and every public name has one."""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.tools import reference
from tests.tools.rooms_table import rooms

ROOT = Path(__file__).resolve().parents[1]
MODULES = [
    path
    for room in reference.ROOMS
    for place in find_spec(room).submodule_search_locations
    for path in sorted(Path(place).rglob("*.py"))
    if "proto" not in path.parts
]
Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
FACADES = ("mobile_ai.delivery.client", "mobile_ai.gate", "mobile_ai.pricing", "mobile_ai.testing")


def functions_and_classes(body: list[ast.stmt]) -> Iterator[Named]:
    return (node for node in body if isinstance(node, Named))


def undocumented(module: Path) -> set[str]:
    """Return a module's functions and classes without an underscore that have no docstring."""
    items = functions_and_classes(ast.parse(module.read_text("utf-8")).body)
    return {
        item.name for item in items if not item.name.startswith("_") and not ast.get_docstring(item)
    }


def listed(module: Path) -> set[str]:
    """Return the names of a module's `__all__` if the module defines every one of them."""
    body = ast.parse(module.read_text("utf-8")).body
    assigned = (node for node in body if isinstance(node, ast.Assign | ast.AnnAssign))
    defined = {node.name for node in functions_and_classes(body)}
    names: set[str] = set()
    for node in assigned:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if ast.unparse(target) == "__all__":
                names = set(ast.literal_eval(node.value))
            defined.add(ast.unparse(target))
    return names if names <= defined else set()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_public_function_and_class_has_a_docstring(module: Path) -> None:
    assert undocumented(module) == set()


@pytest.mark.parametrize("room", sorted(rooms()))
def test_an_underscore_alone_says_what_is_private(room: str) -> None:
    """`__all__` is for names that a module passes on (docs/adr/0040)."""
    (place,) = find_spec(f"mobile_ai.{room}").submodule_search_locations
    modules = sorted(Path(place).rglob("*.py"))
    assert len(modules) > 1
    assert [path.name for path in modules if path.name != "__init__.py" and listed(path)] == []


@pytest.mark.slow
def test_the_reference_shows_every_name_that_a_room_offers(tmp_path: Path) -> None:
    rooms = [find_spec(name) for name in FACADES]
    reference.build(tmp_path, *(f"{room.name}" for room in rooms), "!mobile_ai[.].*[.].*[.]")
    for room in rooms:
        page = (tmp_path / f"{room.name.replace('.', '/')}.html").read_text("utf-8")
        tree = ast.parse(Path(room.origin).read_text("utf-8"))
        names = next(
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        )
        assert [name for name in names if f'id="{name}"' not in page] == []


def test_a_module_that_cannot_be_imported_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "unfinished"
    package.mkdir()
    (package / "__init__.py").write_text('"""A package."""\n')
    (package / "broken.py").write_text("import a_module_that_nobody_wrote\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RuntimeError, match=r"unfinished\.broken"):
        reference.build(tmp_path / "out", "unfinished")
