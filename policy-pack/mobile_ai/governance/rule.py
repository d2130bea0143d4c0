"""Rules of the policy pack: metadata around a check function.

Families of rules are modules of ``mobile_ai.governance.rules``; each lists its rules in ``RULES``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from mobile_ai.governance.rule_terms import Enforcement, Parameter, Weaker

if TYPE_CHECKING:
    from mobile_ai.governance.rule_context import Case, StackContext

__all__ = [
    "Enforcement",
    "Group",
    "Kind",
    "OnUnknown",
    "Parameter",
    "Rule",
    "Severity",
    "Weaker",
    "resource_rule",
    "stack_rule",
]

Group = Literal["responsible_ai", "finops", "security", "delivery"]
"""Family of a rule in reports."""
Kind = Literal["resource", "stack"]
"""Subject of a rule: one resource, or the whole stack."""
Severity = Literal["low", "medium", "high", "critical"]
"""Severity of a violation in reports; it decides nothing."""
OnUnknown = Literal["deny", "warn", "defer"]
"""Outcome of a rule that read an unknown value; ``defer`` denies at update instead."""


_OWNERS: Mapping[str, str] = {
    "responsible_ai": "responsible-ai",
    "finops": "finops",
    "security": "platform-security",
    "delivery": "mobile-delivery",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the pack.

    Attributes:
        id: Kebab-case, stable: waivers, configs and reports name it.
        title: One sentence that is true when the rule passes.
        group: The family it belongs to.
        kind: ``resource`` rules block a resource before it is made; ``stack`` rules hold
            only what needs the whole.
        severity: Severity of a violation.
        enforcement: The level where the config says nothing.
        frameworks: The controls it serves, such as ``EU AI Act Art. 10``.
        remediation: Fix of a violation, as an instruction.
        applies_to: Type tokens; one that ends in ``*`` is a prefix.
        on_unknown: Outcome for an unknown property that it reads.
        waivable_by: The role whose signature can waive it, or ``None``: nobody's.
        max_waiver_days: Longest validity of a waiver of it.
        owner: Team responsible for the rule; by default that of its group.
        review_by: Date of its next review.
        parameters: Parameters that a config may set.
        check: The judgement.
    """

    id: str
    title: str
    group: Group
    kind: Kind
    severity: Severity
    frameworks: tuple[str, ...]
    remediation: str
    check: Callable[[Any], None]
    enforcement: Enforcement = "mandatory"
    applies_to: tuple[str, ...] = ()
    on_unknown: OnUnknown = "deny"
    waivable_by: str | None = None
    max_waiver_days: int = 90
    owner: str = ""
    review_by: date = date(2027, 6, 30)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Name the owner of the group by default, and make the parameters read-only."""
        object.__setattr__(self, "owner", self.owner or _OWNERS[self.group])
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))

    @property
    def defaults(self) -> dict[str, Any]:
        """The default of every parameter."""
        return {name: parameter.default for name, parameter in self.parameters.items()}


def resource_rule(
    *, applies_to: tuple[str, ...], **parts: Any
) -> Callable[[Callable[[Case], None]], Rule]:
    """Make a function the check of a resource rule; ``parts`` are the fields of ``Rule``."""
    return lambda check: Rule(kind="resource", applies_to=applies_to, check=check, **parts)


def stack_rule(**parts: Any) -> Callable[[Callable[[StackContext], None]], Rule]:
    """Make a function the check of a stack rule; ``parts`` are the fields of ``Rule``."""
    return lambda check: Rule(kind="stack", check=check, **parts)
