"""Rules that a company writes in Rego, on the same verified facts.

Every file of the pack's ``rego/`` folder belongs to the package ``mobile.ai.governance``;
its ``deny`` and ``warn`` sets are messages. What cannot be parsed or evaluated raises, and
a rule that raises denies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .canonical import canonical_bytes
from .errors import DocumentError

__all__ = ["RegoResult", "evaluate"]

# A module of another package would be loaded and never asked.
_OURS: Final = re.compile(r"(?m)^package mobile\.ai\.governance\s*$")
_PACKAGE: Final = "data.mobile.ai.governance"


@dataclass(frozen=True, slots=True)
class RegoResult:
    """What the modules said of one document."""

    denials: tuple[str, ...]
    warnings: tuple[str, ...]


def evaluate(
    modules: Mapping[str, str], document: Mapping[str, Any], *, registry: Mapping[str, Any]
) -> RegoResult:
    """Evaluate modules on a document.

    Args:
        modules: Text of each module by its file name; at least one.
        document: The ``input``.
        registry: The ``data.ai_registry``: what was verified, by model and version.

    Raises:
        DocumentError: If a module cannot be parsed or evaluated.
    """
    # Loaded late: most plans are judged without it, and it is a large native library.
    import regopy  # noqa: PLC0415

    interpreter = regopy.Interpreter()
    try:
        for name, text in modules.items():
            if not _OURS.search(text):
                raise ValueError(f"{name} is not of package mobile.ai.governance")  # noqa: TRY301
            interpreter.add_module(name, text)
        interpreter.add_data_json(canonical_bytes({"ai_registry": registry}).decode())
        interpreter.set_input(dict(document))
        return RegoResult(_messages(interpreter, "deny"), _messages(interpreter, "warn"))
    # The library raises its own error type, and plain ones for what it cannot convert.
    except Exception as error:
        raise DocumentError(
            f"rego {', '.join(modules)}",
            got=" ".join(str(error).split())[:200],
            expected="Rego v1 that evaluates",
            next_step="mend the module (`opa check policy-pack/rego`)",
        ) from error


def _messages(interpreter: Any, name: str) -> tuple[str, ...]:
    output = interpreter.query(f"{_PACKAGE}.{name}")
    if not output.ok():
        raise ValueError(f"{name} cannot be evaluated: {output}")
    found = [item for result in output.results for item in result.expressions]
    messages = [message for item in found for message in (item if isinstance(item, list) else [])]
    return tuple(sorted(str(message) for message in messages))
