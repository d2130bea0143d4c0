"""How a rule came out, where a pass or a failure is not all there is to say.

The engine knows passed and failed. The pack ends each of its messages with a line
`outcome: <word>`, which this module reads (`governance.verdict`). A message without one is
nobody's judgement and counts as a failure.
"""

import re
from typing import Final

from gate.events import Violation
from gate.report import Outcome

__all__ = ["DENYING", "message_of", "outcome_of"]

DENYING: Final[frozenset[Outcome]] = frozenset({"fail", "unknown"})
_OUTCOMES: Final[dict[str, Outcome]] = {
    "fail": "fail",
    "unknown": "unknown",
    "deferred": "deferred",
    "warned": "warned",
    "waived": "waived",
}
_LINE: Final = re.compile(r"\n?^outcome: (\w+)\s*\Z", re.MULTILINE)


def outcome_of(violation: Violation) -> Outcome:
    """Return how the rule came out."""
    match = _LINE.search(violation.message)
    return _OUTCOMES.get(match.group(1), "fail") if match else "fail"


def message_of(violation: Violation) -> str:
    """Return the message for people, without the line for machines."""
    return _LINE.sub("", violation.message).strip()
