"""Lint of the tests: habits that make a test slow, or its result a matter of luck.

Refused are a sleep outside of ``tests/waiting.py``, random values without a seed, the wall clock
where a module is imported (its constants would differ between workers), and an assertion on a
measured time, which says how busy the machine is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

__all__ = ["problems_in_test"]

Problem = tuple[int, str]
"""A line number and what is wrong there."""

_CLOCKS: Final = {"time.time", "time.monotonic", "time.perf_counter", "time.process_time"}
_WALL: Final = {"time.time", "datetime.now", "datetime.utcnow", "date.today"}
_SLEEPS: Final = {"time.sleep", "asyncio.sleep", "anyio.sleep", "trio.sleep"}
_LUCK: Final = {"os.urandom", "uuid.uuid1", "uuid.uuid4"}
_SEEDED: Final = {"random.Random", "numpy.random.default_rng"}


def problems_in_test(text: str) -> list[Problem]:
    """Return the problems of a test module, by line."""
    tree = ast.parse(text)
    modules = _imported(tree)
    found = [*_calls(tree, modules), *_at_import(tree, modules), *_timed(tree, modules)]
    return sorted(set(found))


def _imported(tree: ast.Module) -> dict[str, str]:
    """Return the full name of every imported name: `dt` is `datetime`, `uuid4` is `uuid.uuid4`."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {item.asname or item.name: item.name for item in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {item.asname or item.name: f"{node.module}.{item.name}" for item in node.names}
    return names


def _called(node: ast.AST, modules: dict[str, str]) -> str:
    """Return the full name of what a node calls, of the modules that are imported; else ''."""
    if not isinstance(node, ast.Call):
        return ""
    parts, at = [], node.func
    while isinstance(at, ast.Attribute):
        parts, at = [at.attr, *parts], at.value
    known = isinstance(at, ast.Name) and at.id in modules
    return ".".join([modules[at.id], *parts]) if known else ""


def _calls(tree: ast.Module, modules: dict[str, str]) -> Iterator[Problem]:
    for node in ast.walk(tree):
        name = _called(node, modules)
        if name in _SLEEPS and not _yields(node):
            yield node.lineno, f"{name}; wait with until() or take time with stall()"
        elif name in _SEEDED and not (node.args or node.keywords):
            yield node.lineno, f"{name} without a seed; give one"
        elif name in _LUCK or (
            name.startswith(("random.", "numpy.random.", "secrets.")) and name not in _SEEDED
        ):
            yield (
                node.lineno,
                f"{name} gives other values in every run; use a generator with a seed",
            )


def _yields(node: ast.AST) -> bool:
    """Return whether a call of a sleep only lets others run: `asyncio.sleep(0)`."""
    given = node.args[0] if isinstance(node, ast.Call) and node.args else None
    return isinstance(given, ast.Constant) and given.value == 0


def _at_import(tree: ast.Module, modules: dict[str, str]) -> Iterator[Problem]:
    for node in _outside_functions(tree):
        name = _called(node, modules).removeprefix("datetime.")
        if name in _WALL:
            yield (
                node.lineno,
                f"{name} at import; read the clock in a fixture, or name a fixed time",
            )


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what runs at import: all but the bodies of functions; decorators do run."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in child.decorator_list:
                yield from ast.walk(decorator)
        elif not isinstance(child, ast.Lambda):
            yield child
            yield from _outside_functions(child)


def _timed(tree: ast.Module, modules: dict[str, str]) -> Iterator[Problem]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            names = _measured(function, modules)
            for node in ast.walk(function):
                if isinstance(node, ast.Assert) and _uses(node.test, names, modules):
                    yield node.lineno, "an assertion on a measured time; assert what happened"


def _measured(function: ast.AST, modules: dict[str, str]) -> set[str]:
    """Return the names of a function that hold a time of a clock, or a difference of such."""
    names: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and _uses(node.value, names, modules):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _uses(node: ast.AST, names: set[str], modules: dict[str, str]) -> bool:
    """Return whether an expression is about a time: of a clock, or of a name that holds one."""
    if isinstance(node, ast.Compare | ast.BinOp | ast.BoolOp):
        return any(_uses(part, names, modules) for part in ast.iter_child_nodes(node))
    return _called(node, modules) in _CLOCKS or (isinstance(node, ast.Name) and node.id in names)
