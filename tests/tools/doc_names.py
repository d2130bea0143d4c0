"""Names and paths of the project's code that a page mentions, and whether they exist.

Only text in back quotes counts. A dotted name counts if it starts with a room (``gate.report``), or
with a class of ours (``StackInputs.release``); a path if it starts with a folder of the repository.
``classes_in`` finds what reads like a class of ours in a page that is about the code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from tests.tools.rooms_table import rooms

__all__ = ["classes_in", "known_classes", "names_in", "paths_in", "resolves", "unknown_paths"]

ROOT: Final = Path(__file__).parents[2]
_FOLDERS: Final = ("src", "components", "policy-pack", "model-build")
_QUOTED: Final = re.compile(r"`([^`\n]+)`")
_FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_DOTTED: Final = re.compile(r"(?:mobile_ai\.)?([A-Za-z_]\w*(?:\.\w+)+)(?:\(.*\))?")
_CLASS: Final = re.compile(r"([A-Z][a-z]+[A-Za-z]*)(?:(?:\(|\.\w).*)?")
_FILE: Final = re.compile(r".*\.(?:json|js|py|toml|ya?ml|md|txt)")
_PATH: Final = re.compile(r"[\w.<>*-]+/[\w./<>*-]*")
# Made by users and by runs.
_WRITTEN: Final = (
    *("policy-pack/staged", "policy-pack/trust/staged", "policy-pack/waivers", "releases/"),
)


def _quoted(text: str) -> Iterator[str]:
    yield from _QUOTED.findall(_FENCE.sub("", text))


def names_in(text: str) -> set[str]:
    """Return the dotted names of a page that are names of our code."""
    found = (_DOTTED.fullmatch(quoted) for quoted in _quoted(text))
    dotted = {match[1] for match in found if match and not _FILE.fullmatch(match[1])}
    return {name for name in dotted if _is_ours(name)}


def classes_in(text: str) -> set[str]:
    """Return the classes that a page names: `Seal`, `Device(folder, ...)`."""
    return {match[1] for quoted in _quoted(text) if (match := _CLASS.fullmatch(quoted))}


def known_classes() -> set[str]:
    """Return the names of our classes."""
    return set(_classes())


def _is_ours(name: str) -> bool:
    first, second = name.split(".")[:2]
    if first[0].isupper():
        return first in _classes() and "." not in name.removeprefix(f"{first}.{second}")
    return first in rooms() and name not in _other_names()


def resolves(name: str) -> bool:
    """Return whether a dotted name is a module, or something that a module defines."""
    first, *rest = name.split(".")
    if first[0].isupper():
        return any(rest[0] in _defined(node) for node in _classes()[first])
    path = next(p for p in (ROOT / f / "mobile_ai" / first for f in _FOLDERS) if p.is_dir())
    while rest and (path / rest[0]).is_dir():
        path /= rest.pop(0)
    if rest and (path / f"{rest[0]}.py").is_file():
        path /= f"{rest.pop(0)}.py"
    return not rest or _attribute(path if path.is_file() else path / "__init__.py", rest)


def _attribute(module: Path, names: list[str]) -> bool:
    node: ast.AST = _parsed(module)
    for name in names:
        defined = _defined(node)
        if name not in defined:
            return False
        node = defined[name]
    return True


@cache
def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def _defined(node: ast.AST) -> dict[str, ast.AST]:
    """Return the names in the body of a module or a class, and the fields that it is given."""
    found: dict[str, ast.AST] = {}
    for item in getattr(node, "body", ()):
        match item:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                found[item.name] = item
            case ast.ImportFrom() | ast.Import():
                found |= {alias.asname or alias.name: item for alias in item.names}
            case ast.Assign():
                found |= {t.id: item for t in item.targets if isinstance(t, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = item
    return found


@cache
def _classes() -> dict[str, list[ast.ClassDef]]:
    """Return our classes by name."""
    found: dict[str, list[ast.ClassDef]] = {}
    for folder in _FOLDERS:
        for file in (ROOT / folder / "mobile_ai").rglob("*.py"):
            for item in _parsed(file).body:
                if isinstance(item, ast.ClassDef):
                    found.setdefault(item.name, []).append(item)
    return found


@cache
def _other_names() -> frozenset[str]:
    """Return dotted names that start like a room and are something else.

    Settings of stack files (`delivery.domain`) and measured figures (`edge.goodput_overload`).
    """
    schema = (ROOT / "docs/schemas/settings.schema.json").read_text("utf-8")
    keys = {f"{room}.{key}" for room in rooms() for key in re.findall(r'"(\w+)": \{', schema)}
    figures = [file.read_text("utf-8") for file in (ROOT / "benchmarks").glob("*.py")]
    return frozenset(keys | set(re.findall(r'"(\w+\.\w+)"', "\n".join(figures))))


def paths_in(text: str) -> set[str]:
    """Return the paths of a page that start with a folder of ours, or with the name of a room."""
    tops = {path.name for path in ROOT.iterdir() if path.is_dir()} | set(rooms())
    found = {quoted for quoted in _quoted(text) if _PATH.fullmatch(quoted)}
    return {path for path in found if path.split("/")[0] in tops - {"build", ".venv", ".tools"}}


def unknown_paths(text: str) -> set[str]:
    """Return the paths of a page that are not there; of a pattern, the part before it counts."""
    fixed = {path: re.split(r"[^/]*[<*]", path)[0] for path in paths_in(text)}
    return {
        path
        for path, start in fixed.items()
        if not path.startswith(_WRITTEN) and not (ROOT / start).exists()
    }
