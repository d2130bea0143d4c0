"""What a rule says about a resource, once waivers and levels are counted in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .reading import Finding

__all__ = ["Outcome", "Verdict"]

Outcome = Literal["pass", "fail", "unknown", "deferred", "warned", "waived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of one rule on one resource.

    Attributes:
        rule: The rule's id.
        urn: The resource; empty for the stack as a whole.
        outcome: ``fail`` (something is wrong), ``unknown`` (it could not be told),
            ``deferred`` (it must be known at ``up``), ``warned``, ``waived``, ``pass``.
        level: The effective enforcement: ``mandatory`` or ``advisory``.
        findings: What is wrong, unknown or to be warned of; empty for ``pass``.
        note: Why a violation is waived.
    """

    rule: str
    urn: str
    outcome: Outcome
    level: str
    findings: tuple[Finding, ...] = ()
    note: str = ""

    @property
    def denies(self) -> bool:
        """Whether this stops the deployment."""
        return self.level == "mandatory" and self.outcome in {"fail", "unknown"}

    @property
    def messages(self) -> tuple[str, ...]:
        """One message per finding: a line for people, then the outcome for machines."""
        note = f" ({self.note})" if self.note else ""
        return tuple(f"{item}{note}\noutcome: {self.outcome}" for item in self.findings)
