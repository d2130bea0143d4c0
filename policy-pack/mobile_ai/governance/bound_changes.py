"""Next steps of the rules on bounds: the command that proposes another bound."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any, Final

from mobile_ai.contracts.reading import Property
from mobile_ai.governance.rule_context import Case

CHANGE: Final = (
    "keep to `bounds` of policy-pack/stacks.yaml, or have {1} change it: "
    "`mobile-ai roots propose STACK 'bounds.{0}' VALUE`"
)
"""Next step of a rule as pages list it; takes the field and who answers for it."""
# What YAML reads as a text without quotes; a word such as `yes` is quoted too.
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*[:@./-][A-Za-z0-9._/-]*[A-Za-z0-9_/-]")
_LONGEST: Final = 256
_UNKNOWN: Final = "VALUE"


def change(case: Case, field: str, value: Any, owner: str = "security") -> str:
    """Return the command that allows a value, with the values as the plan has them.

    Args:
        case: The case, whose stack it is for.
        field: Path below ``bounds``.
        value: JSON value, or the property that holds it; ``VALUE`` stands for an unknown one.
        owner: Who answers for the field.
    """
    path, argument = shlex.quote(f"bounds.{field}"), _argument(value)
    return (
        f"keep to `bounds` of policy-pack/stacks.yaml, or have {owner} change it: "
        f"`mobile-ai roots propose {case.facts.setting.stack} {path} {argument}`"
    )


def key_of(text: str) -> str:
    """Return a key of a mapping as a path of ``mobile-ai roots propose`` names it."""
    odd = not text or len(text) > _LONGEST or not text.isprintable() or set(text) & set("[]'`")
    return "[KEY]" if odd else f"[{text}]"


def _argument(value: Any) -> str:
    if isinstance(value, Property):
        value = None if value.pending else value.plain()
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        text = value
    else:
        text = _UNKNOWN if value is None else json.dumps(value)
    is_safe = len(text) <= _LONGEST and text.isprintable() and not set(text) & set("'`")
    return shlex.quote(text) if is_safe else _UNKNOWN
