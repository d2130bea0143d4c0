"""Verdict of a rule on a resource, after waivers and enforcement levels were applied."""

from __future__ import annotations

from typing import Literal, NamedTuple

from mobile_ai.contracts.reading import Finding

JudgementOutcome = Literal["pass", "fail", "unknown", "deferred", "warned", "waived"]
"""Outcome of a rule on a resource, waivers and enforcement applied."""


class StackVerdict(NamedTuple):
    """The result of one rule on one resource.

    A named tuple: a frozen data class takes longer to make, and the pack makes one for each rule
    that a resource passes.

    Attributes:
        rule: The rule's id.
        urn: The resource; empty for the stack as a whole.
        outcome: ``fail`` (a violation), ``unknown`` (undecidable, a value is unknown), ``deferred``
            (unknown at preview, required at ``up``), ``warned``, ``waived`` or ``pass``.
        level: The effective enforcement: ``mandatory`` or ``advisory``.
        findings: The violations, unknowns and warnings; empty for ``pass``.
        note: The waiver that applies, if any.
    """

    rule: str
    urn: str
    outcome: JudgementOutcome
    level: str
    findings: tuple[Finding, ...] = ()
    note: str = ""

    @property
    def denies(self) -> bool:
        """True if this verdict stops the deployment."""
        return self.level == "mandatory" and self.outcome in {"fail", "unknown"}

    @property
    def messages(self) -> tuple[str, ...]:
        """One message per finding: a readable line, then a line with the outcome for parsers."""
        note = f" ({self.note})" if self.note else ""
        return tuple(f"{item}{note}\noutcome: {self.outcome}" for item in self.findings)
