"""Outcome of a rule, parsed from its message.

The engine distinguishes only passed and failed. The pack ends each of its messages with a line
`outcome: <word>` (`governance.verdict`). A message without that line does not come from the pack's
rules and counts as a failure.
"""

import re
from typing import Final

from mobile_ai.gate.engine.events import Violation
from mobile_ai.gate.report.report import RuleOutcome

__all__ = ["DENYING", "message_of", "outcome_of"]

DENYING: Final[frozenset[RuleOutcome]] = frozenset({"fail", "unknown"})
_OUTCOMES: Final[dict[str, RuleOutcome]] = {
    "fail": "fail",
    "unknown": "unknown",
    "deferred": "deferred",
    "warned": "warned",
    "waived": "waived",
}
_LINE: Final = re.compile(r"\n?^outcome: (\w+)\s*\Z", re.MULTILINE)


def outcome_of(violation: Violation) -> RuleOutcome:
    """Return the outcome of the rule."""
    match = _LINE.search(violation.message)
    return _OUTCOMES.get(match.group(1), "fail") if match else "fail"


def message_of(violation: Violation) -> str:
    """Return the message without the outcome line."""
    return _LINE.sub("", violation.message).strip()
