"""No product code knows the names of stacks and environments: they are the user's."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("src", "components", "policy-pack", "model-build")
NAMES = {"dev", "prod"}
# The test kit is for a stack that it makes up.
_OTHERS = ("src/mobile_ai/testing/",)


def constants(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and value of every text of a module that is exactly a name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and node.value in NAMES:
            yield node.lineno, str(node.value)


def test_no_module_holds_the_name_of_a_stack_or_an_environment() -> None:
    found = [
        f"{name}:{line}: {value!r}"
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if not (name := path.relative_to(ROOT).as_posix()).startswith(_OTHERS)
        for line, value in constants(path)
    ]

    assert found == []
