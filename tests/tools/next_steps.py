"""Every next step of every message, read from the source without running it.

A next step is the argument ``next_step`` or ``remediation``, the first argument of ``advising``,
or what follows "Next:" in a text. Functions that hand a parameter on as a next step are found too,
and their callers read. A placeholder of an f-string whose value is a constant is replaced by it,
and stands as ``{}`` otherwise.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Final

__all__ = ["HOLE", "ROOMS", "Step", "next_steps"]

ROOMS: Final = ("src", "components", "policy-pack", "model-build")
HOLE: Final = "{}"
"""Stands for a value that only a run knows."""
_KEYWORDS: Final = ("next_step", "remediation")
_MARK: Final = "Next:"
_SHELL: Final = re.compile(r'" ?>&2')  # the end of a message in a script
_MOST: Final = 64  # texts of one expression
_DEPTH: Final = 6


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """A next step.

    Attributes:
        file: The module, from the repository.
        line: Line of the expression.
        text: What it says.
    """

    file: str
    line: int
    text: str


@dataclass(frozen=True)
class Module:
    """A parsed module.

    Attributes:
        file: From the repository.
        name: As others import it.
        tree: What it says.
    """

    file: str
    name: str
    tree: ast.Module

    @cached_property
    def values(self) -> dict[str, ast.expr]:
        """The constants of the module."""
        found: dict[str, ast.expr] = {}
        for node in self.tree.body:
            if isinstance(node, ast.Assign):
                found |= {i.id: node.value for i in node.targets if isinstance(i, ast.Name)}
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                found[getattr(node.target, "id", "")] = node.value
        return found

    @cached_property
    def functions(self) -> dict[str, Function]:
        """The functions of the module and of its classes, a class as its ``__init__``."""
        found: dict[str, Function] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[node.name] = node
            if isinstance(node, ast.ClassDef):
                for item in node.body:
                    if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                        found[node.name] = item
        return found

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """Module and name of everything imported by name."""
        return {
            item.asname or item.name: (node.module, item.name)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for item in node.names
        }

    @cached_property
    def owners(self) -> dict[ast.AST, Function]:
        """The innermost function around every node."""
        found: dict[ast.AST, Function] = {}
        for function in ast.walk(self.tree):  # outer ones come first
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                found |= dict.fromkeys(ast.walk(function), function)
        return found


Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """All modules, by the name that others import them by."""

    modules: dict[str, Module] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path) -> Source:
        """Read the rooms of a repository."""
        found = (
            Module(
                file=str(path.relative_to(root)),
                name=".".join(path.relative_to(root / room).with_suffix("").parts),
                tree=ast.parse(path.read_text("utf-8")),
            )
            for room in ROOMS
            for path in sorted((root / room).rglob("*.py"))
        )
        return cls({item.name: item for item in found})

    def function(self, module: Module, name: str) -> tuple[Module, Function] | None:
        """Return the function that a name means in a module, and where it is."""
        if name in module.functions:
            return module, module.functions[name]
        home, original = module.imports.get(name, ("", ""))
        there = self.modules.get(home)
        return self.function(there, original) if there and there is not module else None

    def value(self, module: Module, name: str) -> tuple[Module, ast.expr] | None:
        """Return the constant that a name means in a module, and where it is."""
        if name in module.values:
            return module, module.values[name]
        home, original = module.imports.get(name, ("", ""))
        there = self.modules.get(home)
        return self.value(there, original) if there and there is not module else None


@dataclass(frozen=True)
class Reader:
    """Reads expressions of one module as texts."""

    source: Source
    module: Module

    def texts(self, node: ast.expr | None, depth: int = 0) -> list[str]:
        """Return every text that an expression may be; none for what is read elsewhere."""
        if node is None or depth > _DEPTH:
            return [HOLE]
        if isinstance(node, ast.Constant):
            return [str(node.value)]
        if isinstance(node, ast.Name):
            return self._named(node, depth)
        if isinstance(node, ast.Call):
            return self._called(node, depth)
        parts = [self.texts(item, depth + 1) for item in _parts(node)]
        if not parts:
            return [HOLE]
        joined = isinstance(node, ast.JoinedStr | ast.BinOp)
        return _joined(parts) if joined else [text for part in parts for text in part]

    def _named(self, node: ast.Name, depth: int) -> list[str]:
        owner = self.module.owners.get(node)
        if owner is not None:
            local = [value for name, value in _assigned(owner) if name == node.id]
            if local:
                return [text for value in local for text in self.texts(value, depth + 1)]
            if node.id in _parameters(owner):
                return [HOLE]
        found = self.source.value(self.module, node.id)
        return Reader(self.source, found[0]).texts(found[1], depth + 1) if found else [HOLE]

    def _called(self, node: ast.Call, depth: int) -> list[str]:
        if isinstance(node.func, ast.Attribute):
            return self._of_mapping(node.func, depth)
        found = self.source.function(self.module, getattr(node.func, "id", ""))
        if found is None:
            return [HOLE]
        reader = Reader(self.source, found[0])
        returned = (item.value for item in ast.walk(found[1]) if isinstance(item, ast.Return))
        texts = [text for value in returned if value for text in reader.texts(value, depth + 1)]
        return texts or [HOLE]

    def _of_mapping(self, called: ast.Attribute, depth: int) -> list[str]:
        if called.attr != "get" or not isinstance(called.value, ast.Name):
            return [HOLE]
        found = self.source.value(self.module, called.value.id)
        if found is None or not isinstance(found[1], ast.Dict):
            return [HOLE]
        reader = Reader(self.source, found[0])
        return [text for value in found[1].values for text in reader.texts(value, depth + 1)]


def next_steps(root: Path) -> list[Step]:
    """Return every next step of the repository's messages."""
    source = Source.of(root)
    handed = _handing(source)
    found = {
        Step(module.file, node.lineno, " ".join(text.split()))
        for module in source.modules.values()
        for node in _expressions(source, module, handed)
        for text in Reader(source, module).texts(node)
        if text not in {HOLE, "", "None"}  # handed on: read where it is made
    }
    marked = {step for module in source.modules.values() for step in _marked(source, module)}
    return sorted(found | marked)


def _expressions(
    source: Source, module: Module, handed: dict[tuple[str, str], str]
) -> Iterator[ast.expr]:
    """Yield what a module gives as a next step: by keyword, by `advising`, or by a parameter."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield from (item.value for item in node.keywords if item.arg in _KEYWORDS)
            name = getattr(node.func, "attr", "") or getattr(node.func, "id", "")
            if name == "advising" and node.args:
                yield node.args[0]
            there = source.function(module, name) if isinstance(node.func, ast.Name) else None
            if there and (parameter := handed.get((there[0].name, name), "")):
                yield from _argument(node, there[1], parameter)
        elif isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") in _KEYWORDS:
            yield from [node.value] if node.value else []


def _handing(source: Source) -> dict[tuple[str, str], str]:
    """Return the functions that hand a parameter on as a next step, with its name."""
    found = {}
    for module in source.modules.values():
        for name, function in module.functions.items():
            known = _parameters(function)
            for node in _expressions(source, module, {}):
                if module.owners.get(node) is function and getattr(node, "id", "") in known:
                    found[module.name, name] = node.id  # type: ignore[attr-defined]
            for node in ast.walk(function):
                if isinstance(node, ast.JoinedStr) and (last := _last_hole(node)) in known:
                    found[module.name, name] = last
            if "next_step" in known:
                found[module.name, name] = "next_step"
    return found


def _last_hole(node: ast.JoinedStr) -> str:
    """Return the name that ends a text as "Next: {name}"."""
    texts = [item.value for item in node.values if isinstance(item, ast.Constant)]
    last = node.values[-1]
    if texts and str(texts[-1]).rstrip().endswith(_MARK) and isinstance(last, ast.FormattedValue):
        return getattr(last.value, "id", "")
    return ""


def _argument(call: ast.Call, function: Function, parameter: str) -> Iterator[ast.expr]:
    names = [item.arg for item in (*function.args.posonlyargs, *function.args.args)]
    if names[:1] == ["self"]:
        names = names[1:]
    if parameter in names and names.index(parameter) < len(call.args):
        yield call.args[names.index(parameter)]
    yield from (
        item.value for item in call.keywords if item.arg == parameter and parameter not in _KEYWORDS
    )


def _marked(source: Source, module: Module) -> Iterator[Step]:
    """Yield what follows "Next:" in the texts of a module, docstrings aside."""
    apart = _docstrings(module.tree) | {
        part
        for node in ast.walk(module.tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and node not in apart:
            for text in Reader(source, module).texts(node):
                for said in text.split(_MARK)[1:]:
                    words = " ".join(_SHELL.split(said)[0].split("\n\n")[0].split())
                    if words not in {HOLE, ""}:
                        yield Step(module.file, node.lineno, words)


def _docstrings(tree: ast.Module) -> set[ast.AST]:
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def _parts(node: ast.expr) -> list[ast.expr]:
    """Return the parts of a text, or the texts that an expression chooses from."""
    match node:
        case ast.JoinedStr():
            return [i.value if isinstance(i, ast.FormattedValue) else i for i in node.values]
        case ast.BinOp(op=ast.Add()):
            return [node.left, node.right]
        case ast.IfExp():
            return [node.body, node.orelse]
        case ast.BoolOp():
            return node.values
    return []


def _assigned(function: Function) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            yield from ((i.id, node.value) for i in node.targets if isinstance(i, ast.Name))


def _parameters(function: Function) -> set[str]:
    given = function.args
    return {item.arg for item in (*given.posonlyargs, *given.args, *given.kwonlyargs)}


def _joined(parts: Iterable[list[str]]) -> list[str]:
    return ["".join(part) for _, part in zip(range(_MOST), product(*parts), strict=False)]
