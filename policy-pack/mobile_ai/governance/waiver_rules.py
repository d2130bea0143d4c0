"""Validity of a waiver: signing role, rule and duration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from mobile_ai.contracts.predicates import PredicateModel, WaiverPredicate
from mobile_ai.contracts.records import Record, Waiver
from mobile_ai.governance.rule_terms import RuleTerms


def why_unfit(waiver: Waiver, rule: RuleTerms | None) -> str:
    """Return the reason why a signed waiver is never valid, empty if it can be.

    Args:
        waiver: The waiver.
        rule: The rule that it names, ``None`` if no such rule exists.
    """
    if rule is None:
        return f"no rule {waiver.content.rule!r}"
    if rule.waivable_by is None:
        return f"{rule.id} is waived by nobody"
    if waiver.role != rule.waivable_by:
        return f"signed as {waiver.role}; {rule.id} is waived by {rule.waivable_by}"
    days = (waiver.content.expires - waiver.content.issued).days
    if days > rule.max_waiver_days:
        return f"{days} days; {rule.id} is waived for {rule.max_waiver_days} at most"
    return ""


def why_of_no_use(record: Record[PredicateModel], rules: Iterable[RuleTerms]) -> str:
    """Return the reason why a record is never valid under some rules, empty if it can be."""
    if not isinstance(record.content, WaiverPredicate):
        return ""
    named = record.content.rule
    return why_unfit(cast("Waiver", record), next((i for i in rules if i.id == named), None))
