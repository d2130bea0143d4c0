"""Lint of the prose in docstrings, comments, messages and pages; run by ``make lint``.

    python -m tests.tools.words

Prints ``path:line: problem`` for every docstring (of a module, class, function or attribute) and
every ``help=``, ``description=`` and ``doc=`` text that is a question, and for every refused
wording; exits 1 if there is any. Files are those that Git tracks.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypeGuard

__all__ = ["REFUSED", "main", "problems_in_page", "problems_in_python"]

REFUSED: Final = {
    r"dear(?:er|est)": "higher or highest cost",
    r"mend(?:s|ed|ing)?": "fix",
    r"in no (?:sum|total)": "excluded from totals",
    r"(?:gone|goes) on with": "resumed by, or continues with",
    r"below nothing nothing": "children of a missing value are missing",
    r"(?:is|are|be) had": "is available, is obtained, or was found",
    r"put(?:s|ting)? (?:\w+ ){0,2}aside": "quarantine",
    r"the door": "ingestion channel",
    r"papers agree": "the evidence files are consistent",
    r"stays? nothing|nothing stays": "nothing is kept",
    r"tells? what": "detect or report",
    r"hand(?:s|ed)? over": "deliver or pass",
    r"takes? (?:events|them) in|takes? in events": "ingest",
    r"not of one track": "shared by stable and canary",
    r"nobody (?:tells|told|knows|reads)": "unknown, or unread",
    r"stands? twice": "is repeated",
}
"""Refused wording, as regular expressions over whole words, and what to write instead."""

_WORDS: Final = "What|Who|Whose|Whom|How|Which|Where|When|Why|Whether|Is|Are|Do|Does|Can|If"
_OPENING: Final = re.compile(rf"\s*({_WORDS})\b")
_FIRST_SENTENCE: Final = re.compile(r"[^.?!]*(?:[.?!](?!\s|$)[^.?!]*)*[.?!]?")
# Between two words of a phrase: white space, also a line break with the next comment's sign.
_GAP: Final = r"(?:\s+(?:#\s*)?)"
_PATTERNS: Final = {
    re.compile(rf"\b(?:{pattern.replace(' ', _GAP)})\b", re.IGNORECASE): instead
    for pattern, instead in REFUSED.items()
}
# Parsing every file would take seconds: only those that this finds something in are parsed.
_SUSPECT: Final = re.compile(
    rf"""(?i:{"|".join(pattern.pattern for pattern in _PATTERNS)})"""
    rf"""|["']\s*(?:{_WORDS})\b|"{{3}}[^"]*\?"""
)
_PAGES: Final = ("docs/*.md", "README.md", "CONTRIBUTING.md", "CHANGELOG.md")

# Of keyword arguments; of a flag, "Whether ..." says what it decides.
_SHOWN: Final = {"help": "help text", "description": "description", "doc": "description"}

Problem = tuple[int, str]
"""A line number and what is wrong there."""


def problems_in_python(text: str, *, messages: bool = True) -> Iterator[Problem]:
    """Yield the problems of a module's docstrings, comments and string literals.

    Args:
        text: The source.
        messages: Whether to check string literals: those of tests are data.
    """
    if _SUSPECT.search(text) is None:
        return
    nodes = list(ast.walk(ast.parse(text)))
    documentation = _documentation(nodes)
    for node in documentation.values():
        yield from _question(node, "docstring")
        yield from _refused(str(node.value), node.lineno)
    for kind, node in _keyword_texts(nodes):
        yield from _question(node, kind)
    for line, comment in _comments(text):
        yield from _refused(comment, line)
    literals = (node for node in nodes if _is_text(node) and id(node) not in documentation)
    for node in literals if messages else ():
        yield from ((node.lineno, problem) for _, problem in _refused(str(node.value), 0))


def problems_in_page(text: str) -> Iterator[Problem]:
    """Yield the problems of a page."""
    yield from _refused(text, 1)


def main(root: Path) -> int:
    """Print the problems of every tracked file below a folder; return 1 if there are any."""
    found = False
    for path in _tracked(root, "*.py"):
        text = (root / path).read_text(encoding="utf-8")
        problems = problems_in_python(text, messages=not path.startswith("tests/"))
        for line, problem in sorted(problems):
            print(f"{path}:{line}: {problem}")
            found = True
    for path in _tracked(root, *_PAGES):
        for line, problem in problems_in_page((root / path).read_text(encoding="utf-8")):
            print(f"{path}:{line}: {problem}")
            found = True
    return int(found)


def _tracked(root: Path, *patterns: str) -> list[str]:
    command = ["git", "ls-files", "-z", "--", *patterns]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return [path for path in listed.split("\0") if path and (root / path).is_file()]


def _question(node: ast.Constant, kind: str) -> Iterator[Problem]:
    text = str(node.value)
    opening = _OPENING.match(text)
    first = _FIRST_SENTENCE.match(text.strip())
    if opening is not None:
        yield node.lineno, f"{kind} opens with {opening[1]!r}; state what it is or does"
    elif first is not None and first[0].endswith("?"):
        yield node.lineno, f"{kind} opens with a question; state what it is or does"


def _refused(text: str, first_line: int) -> Iterator[Problem]:
    for pattern, instead in _PATTERNS.items():
        for match in pattern.finditer(text):
            line = first_line + text.count("\n", 0, match.start())
            words = " ".join(match[0].replace("#", " ").split())
            yield line, f"{words!r}; write: {instead}"


def _keyword_texts(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ast.Constant]]:
    """Yield the strings that are shown to users as help, with their kind."""
    for node in nodes:
        if isinstance(node, ast.keyword) and node.arg in _SHOWN:
            # Of joined strings, the first part.
            text = node.value.values[0] if isinstance(node.value, ast.JoinedStr) else node.value
            if _is_text(text) and not str(text.value).startswith("Whether "):
                yield _SHOWN[node.arg], text


def _documentation(nodes: Iterable[ast.AST]) -> dict[int, ast.Constant]:
    """Return every string that is a statement, by identity: docstrings, also of attributes."""
    found = (node.value for node in nodes if isinstance(node, ast.Expr))
    return {id(value): value for value in found if _is_text(value)}


def _is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield comments with their first line; those on consecutive lines are one."""
    block: list[str] = []
    last = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if block and line != last + 1:
            yield last - len(block) + 1, "\n".join(block)
            block = []
        block.append(token.string)
        last = line
    if block:
        yield last - len(block) + 1, "\n".join(block)


if __name__ == "__main__":
    sys.exit(main(Path.cwd()))
