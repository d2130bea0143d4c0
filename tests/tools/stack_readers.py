"""Functions that parse or edit stack files, found in the source: one module has all of them.

A function parses a stack file if it calls a YAML parser and names such a file, or its `config`. It
edits one if it uses ruamel.yaml, which alone writes YAML back with its comments.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["ROOT", "editors", "parsers"]

ROOT: Final = Path(__file__).parents[2]
_ROOMS: Final = ("src", "components", "policy-pack", "model-build", "benchmarks")
_PARSERS: Final = frozenset({"compose", "load", "load_all", "parse", "safe_load"})
_NAMED: Final = re.compile(r"Pulumi\.(?!yaml)|mobile-ai:[a-z]|config$")
_FILE_NAMES: Final = frozenset({"_CONFIG", "stack_file", "stack_file_name"})
_OTHER: Final = "stacks.yaml"  # the pack's table, whose entries name a `config` too


def parsers(root: Path = ROOT) -> list[str]:
    """Return the modules that parse a stack file."""
    return [name for name, tree in _modules(root) if any(map(_reads, _functions(tree)))]


def editors(root: Path = ROOT) -> list[str]:
    """Return the modules that write YAML back with its comments."""
    return [name for name, tree in _modules(root) if _imports_ruamel(tree)]


def _modules(root: Path) -> Iterator[tuple[str, ast.Module]]:
    for room in _ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            yield path.relative_to(root).as_posix(), ast.parse(path.read_text())


def _functions(tree: ast.Module) -> Iterator[ast.AST]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _imports_ruamel(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and str(node.module).startswith("ruamel")
        for node in ast.walk(tree)
    )


def _reads(function: ast.AST) -> bool:
    nodes = list(ast.walk(function))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)} - _prose(nodes)
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    named = names & _FILE_NAMES or any(_NAMED.match(text) for text in map(str, texts))
    return bool(named) and _OTHER not in texts and any(map(_parses, nodes))


def _prose(nodes: list[ast.AST]) -> set[object]:
    """Return what docstrings say: they name files that are not read."""
    values = [node.value for node in nodes if isinstance(node, ast.Expr)]
    return {value.value for value in values if isinstance(value, ast.Constant)}


def _parses(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    if isinstance(function, ast.Name):
        return function.id in {"YAML", "read_yaml"}
    owner = function.value if isinstance(function, ast.Attribute) else None
    is_yaml = isinstance(owner, ast.Name) and owner.id == "yaml"
    return is_yaml and isinstance(function, ast.Attribute) and function.attr in _PARSERS


if __name__ == "__main__":
    at = Path(sys.argv[1]) if sys.argv[1:] else ROOT
    for kind, found in (("parse", parsers(at)), ("edit", editors(at))):
        print(f"{len(found)} modules {kind} stack files: {', '.join(found)}")
