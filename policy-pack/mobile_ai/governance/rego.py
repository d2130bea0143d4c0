"""Evaluates custom Rego rules on the same verified facts as the built-in rules.

Every file of the pack's ``rego/`` folder declares the package ``mobile.ai.governance``; its
``deny`` and ``warn`` sets hold messages. A module that cannot be parsed or evaluated raises, and a
rule that raises denies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from mobile_ai.contracts.canonical import canonical_bytes
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.governance.rego_lint import problems, silent

# A module of another package would be loaded and never queried.
_OURS: Final = re.compile(r"(?m)^package mobile\.ai\.governance\s*$")
_SHOWN: Final = 300  # characters of an error
_PACKAGE: Final = "data.mobile.ai.governance"


@dataclass(frozen=True, slots=True)
class RegoResult:
    """Messages of the modules for one document."""

    denials: tuple[str, ...]
    warnings: tuple[str, ...]


def evaluate(
    modules: Mapping[str, str], document: Mapping[str, Any], *, registry: Mapping[str, Any]
) -> RegoResult:
    """Evaluate modules on a document.

    Args:
        modules: Text of each module by its file name; at least one.
        document: The ``input``.
        registry: The ``data.ai_registry``: verified model versions, by model and version.

    Raises:
        DocumentError: If a module cannot be parsed or evaluated.
    """
    try:
        interpreter = _interpreter(tuple(modules.items()), canonical_bytes(dict(registry)))
        interpreter.set_input(dict(document))
        found = _query(interpreter)
    # regopy raises its own error type, and built-in ones for values it cannot convert.
    except Exception as error:
        raise DocumentError(
            f"rego {', '.join(modules)}",
            got=" ".join(str(error).split())[:_SHOWN],
            expected="Rego v1 that evaluates",
            next_step="fix the module (`opa check policy-pack/rego`)",
        ) from error
    return RegoResult(_messages(found.get("deny")), _messages(found.get("warn")))


@lru_cache(maxsize=4)
def _interpreter(modules: tuple[tuple[str, str], ...], registry: bytes) -> Any:
    # Imported lazily: a large native library that most plans do not need.
    import regopy  # noqa: PLC0415

    interpreter = regopy.Interpreter()
    for name, text in modules:
        if not _OURS.search(text):
            raise ValueError(f"{name} is not of package mobile.ai.governance")
        if wrong := next(problems(text), None):
            raise ValueError(f"{name}, {wrong}")
        interpreter.add_module(name, text)
    if quiet := next(silent(dict(modules)), None):
        raise ValueError(quiet)
    interpreter.add_data_json(f'{{"ai_registry":{registry.decode()}}}')
    return interpreter


def _query(interpreter: Any) -> dict[str, Any]:
    output = interpreter.query(_PACKAGE)
    if not output.ok() or not output.results:
        raise ValueError(f"the package cannot be evaluated: {output}")
    found: dict[str, Any] = output.results[0].expressions[0]
    return found


def _messages(found: Any) -> tuple[str, ...]:
    return tuple(sorted(str(message) for message in found or ()))
