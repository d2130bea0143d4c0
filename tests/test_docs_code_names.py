"""Names of modules and their members in docstrings, comments and the changelog exist."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [ROOT / name for name in ("src", "components", "policy-pack", "model-build")]
TEXTS = [
    *(path for folder in SOURCES for path in sorted(folder.rglob("*.py"))),
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "__main__.py")),
]
NAME = re.compile(r"`(mobile_ai(?:\.\w+)+)(?:\(\))?`")
NAMED = sorted({name for path in TEXTS for name in NAME.findall(path.read_text("utf-8"))})


@cache
def place(module: str) -> Path | None:
    """Return the file of a module, or the folder of a package without one."""
    for folder in SOURCES:
        path = folder / module.replace(".", "/")
        for candidate in (path.with_suffix(".py"), path / "__init__.py", path):
            if candidate.exists():
                return candidate
    return None


def exists(name: str) -> bool:
    """Return whether a name is a module, or occurs in the module before its last dot."""
    module, _, member = name.rpartition(".")
    file = place(module)
    found = file and file.is_file() and re.search(rf"\b{member}\b", file.read_text("utf-8"))
    return bool(place(name) or found)


def test_names_are_found_at_all() -> None:
    assert len(NAMED) > 20


@pytest.mark.parametrize("name", NAMED)
def test_a_name_exists(name: str) -> None:
    assert exists(name)


def test_a_name_that_moved_does_not_exist() -> None:
    assert exists("mobile_ai.stack.reader")
    assert exists("mobile_ai.testing.Scene")
    assert not exists("mobile_ai.governance.cost")
    assert not exists("mobile_ai.stack.reader.NoSuchThing")
