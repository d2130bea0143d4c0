"""Writes the sample of the Rego input into the guide to rules."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from mobile_ai.components.plan.documents import deployment_document
from mobile_ai.governance.rules.rego import input_of
from mobile_ai.stack.reader import read_settings

__all__ = ["rego_input", "rules_guide"]

_ROOT: Final = Path(__file__).parents[2]
_PAGE: Final = _ROOT / "docs/adding-a-rule.md"
_SAMPLE: Final = re.compile(r"(?<=^```json\n)(?:(?!```).*\n)*", re.MULTILINE)
_WIDTH: Final = 140


def rego_input() -> dict[str, Any]:
    """Return the input for the first deployment of the stack `dev`."""
    settings = read_settings("dev", root=_ROOT)
    return input_of(deployment_document(settings, settings.deployments[0]))


def rules_guide() -> str:
    """Return the guide with today's sample, one line for each object that fits it."""
    return _SAMPLE.sub(_written(rego_input()) + "\n", _PAGE.read_text("utf-8"), count=1)


def _written(value: Any, indent: str = "") -> str:
    line = json.dumps(value)
    if len(indent) + len(line) <= _WIDTH or not isinstance(value, dict | list):
        return line
    inner = f"{indent}  "
    if isinstance(value, list):
        items = [_written(item, inner) for item in value]
    else:
        items = [f"{json.dumps(key)}: {_written(item, inner)}" for key, item in value.items()]
    first, last = ("[", "]") if isinstance(value, list) else ("{", "}")
    return f"{first}\n{inner}" + f",\n{inner}".join(items) + f"\n{indent}{last}"
