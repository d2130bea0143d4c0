"""Public constants and type aliases state what they are, in a docstring below them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PLACES = ("src", "components", "policy-pack", "model-build")
ROOMS = (
    "cli", "components", "contracts", "delivery", "edge", "gate", "model_build", "operations",
    "pricing", "signing", "stack", "testing",
)  # fmt: skip


def undocumented(text: str) -> Iterator[str]:
    """Yield the public names that a module assigns without a docstring below them."""
    body = ast.parse(text).body
    for item, below in zip(body, [*body[1:], None], strict=True):
        if isinstance(item, ast.Assign):
            names = [each.id for each in item.targets if isinstance(each, ast.Name)]
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            names = [item.target.id]
        else:
            continue
        value = ast.unparse(item.value) if item.value else ""
        # An option or a group of the command line has a help text, a type variable no meaning.
        is_told = "typer." in value or value.startswith("TypeVar(")
        described = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if not is_told and not described:
            yield from (name for name in names if not name.startswith("_"))


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_constant_says_what_it_is(room):
    files = [file for place in PLACES for file in (ROOT / place / "mobile_ai" / room).rglob("*.py")]
    assert files
    found = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        if not file.name.endswith("_pb2.py")
        for name in undocumented(file.read_text("utf-8"))
    ]
    assert found == [], "state it in one line below, or mark it private with an underscore"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("LIMIT = 3", ["LIMIT"]),
        ("LIMIT: Final = 3\nother()", ["LIMIT"]),
        ('LIMIT = 3\n"""Bytes."""', []),
        ("_LIMIT = 3", []),
        ("app = typer.Typer()", []),
        ("Name = Annotated[str, typer.Option()]", []),
        ("Name = Annotated[str, Field()]", ["Name"]),
        ("T = TypeVar('T')", []),
    ],
)
def test_only_public_names_without_a_help_text_are_found(text, names):
    assert list(undocumented(text)) == names
