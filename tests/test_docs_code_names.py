"""Names of modules and their members in docstrings, comments and the changelog exist."""

import re
from pathlib import Path

import pytest

from tests.tools.doc_names import resolves

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [ROOT / name for name in ("src", "components", "policy-pack", "model-build")]
TEXTS = [
    *(path for folder in SOURCES for path in sorted(folder.rglob("*.py"))),
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "__main__.py")),
]
NAME = re.compile(r"`(mobile_ai(?:\.\w+)+)(?:\(\))?`")
NAMED = sorted({name for path in TEXTS for name in NAME.findall(path.read_text("utf-8"))})


def exists(name: str) -> bool:
    """Return whether a name below the namespace is a module, or something that one defines."""
    return resolves(name.removeprefix("mobile_ai."))


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
