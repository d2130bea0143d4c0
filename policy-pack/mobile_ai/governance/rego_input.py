"""Fields of the Rego `input`: the deployment document, as the component carries it.

Rego leaves an unknown field undefined, so a rule that names one never fires. This check runs before
a module is evaluated and names such fields. Entries of lists (`placement`, `rings`) and paths in
brackets are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "input": frozenset({"apiVersion", "kind", "metadata", "spec"}),
    "input.metadata": frozenset({"name", "labels"}),
    "input.spec": frozenset(
        {
            "aiModel",
            "dataProcessing",
            "placement",
            "rollout",
            "usage",
            "humanOversight",
            "budget",
        }
    ),
    "input.spec.aiModel": frozenset({"id", "version", "sha256", "previous"}),
    "input.spec.aiModel.previous": frozenset({"version", "sha256"}),
    "input.spec.dataProcessing": frozenset({"privacyTier", "dataTypes", "region"}),
    "input.spec.rollout": frozenset(
        {"salt", "stage", "halted", "frozen", "rings", "minAppVersion"}
    ),
    "input.spec.usage": frozenset({"monthlyActiveDevices", "updatesPerMonth", "requestsPerSecond"}),
}
"""Fields by the path of the object that has them; a test holds them to the documents."""

_PATH: Final = re.compile(r"(?<![\w.])input(?:\.[A-Za-z_]\w*)+")
# What is no code: a text in quotes or backticks, and a comment.
_ASIDE: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`|\#[^\n]*')


def unknown_fields(module: str) -> Iterator[tuple[int, str, str]]:
    """Yield line and path of every unknown field of the input, and the fields that exist."""
    code = _ASIDE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), module)
    for match in _PATH.finditer(code):
        path, *names = match[0].split(".")
        for name in names:
            known = FIELDS.get(path)
            if known is None:
                break
            if name not in known:
                line = code.count("\n", 0, match.start()) + 1
                yield line, f"{path}.{name}", f"{path}.{{{', '.join(sorted(known))}}}"
                break
            path = f"{path}.{name}"
