"""Applies one rule to one resource or stack: fails closed, then applies levels and waivers."""

from __future__ import annotations

from functools import cache
from typing import Final

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.reading import Finding, FindingCollector
from mobile_ai.contracts.resource import Resource
from mobile_ai.governance.facts import Facts
from mobile_ai.governance.rule import Rule
from mobile_ai.governance.rule_context import Case, StackContext, StackIndex
from mobile_ai.governance.verdict import JudgementOutcome, StackVerdict
from mobile_ai.governance.waiver_rules import why_unfit

_OUTCOME_OF_UNKNOWN: Final[dict[str, JudgementOutcome]] = {
    "deny": "unknown",
    "warn": "warned",
    "defer": "deferred",
}


def applies(rule: Rule, resource_type: str) -> bool:
    """Return whether a resource rule evaluates resources of a type (`*` matches a prefix)."""
    tokens, prefixes = _split(rule.applies_to)
    return resource_type in tokens or resource_type.startswith(prefixes)


@cache
def _split(applies_to: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    # Every rule is asked about every type of a plan, twice: 7 % of a preview's judging before.
    exact = frozenset(token for token in applies_to if not token.endswith("*"))
    return exact, tuple(token[:-1] for token in applies_to if token.endswith("*"))


def apply_to_resource(rule: Rule, resource: Resource, facts: Facts) -> StackVerdict:
    """Return the verdict of a resource rule on a resource that it applies to."""
    case = Case(
        resource,
        facts,
        parameters=facts.setting.config.parameters[rule.id],
        advice=rule.remediation,
    )
    _run(rule, case, case.notes)
    return _verdict(rule, resource, case.notes, facts)


def apply_to_stack(rule: Rule, index: StackIndex, facts: Facts) -> list[StackVerdict]:
    """Return a stack rule's verdicts: one per violating resource, or a single pass."""
    whole = StackContext(
        index=index,
        facts=facts,
        parameters=facts.setting.config.parameters[rule.id],
        advice=rule.remediation,
        cases={},
    )
    broken = FindingCollector(rule.remediation)
    _run(rule, whole, broken)
    nobody = Resource(type="", name="", urn="", props={})
    noted = [(case.resource, case.notes) for case in whole.cases.values()]
    verdicts = [_verdict(rule, item, notes, facts) for item, notes in [*noted, (nobody, broken)]]
    told = [item for item in verdicts if item.outcome != "pass"]
    return told or [verdicts[-1]]


def _run(rule: Rule, subject: Case | StackContext, notes: FindingCollector) -> None:
    try:
        rule.check(subject)
    # Fail closed: a resource does not pass a rule that raises.
    except Exception as error:  # noqa: BLE001
        notes.deny(
            f"rule {rule.id}",
            got=f"{type(error).__name__}: {_safe(error)}",
            expected="a judgement",
            next_step=f"report it to {rule.owner}; nothing passes a rule that fails",
        )


def _safe(error: Exception) -> str:
    # The text of any other exception may quote the offending value, which may be a secret.
    return str(error) if isinstance(error, GovernanceError) else "an error in the rule"


def _verdict(rule: Rule, resource: Resource, notes: FindingCollector, facts: Facts) -> StackVerdict:
    outcome, findings = _outcome(rule, notes, facts)
    note = _waived_by(rule, resource, facts) if outcome in {"fail", "unknown"} else ""
    return StackVerdict(
        rule=rule.id,
        urn=resource.urn,
        outcome="waived" if note else outcome,
        level=facts.setting.config.levels[rule.id],
        findings=findings,
        note=note,
    )


def _outcome(
    rule: Rule, notes: FindingCollector, facts: Facts
) -> tuple[JudgementOutcome, tuple[Finding, ...]]:
    if not (notes.findings or notes.unknowns or notes.warnings):
        return "pass", ()
    unknown = tuple(_unknown(path, rule) for path in dict.fromkeys(notes.unknowns))
    if notes.findings:
        return "fail", (*notes.findings, *unknown)
    if unknown:
        # A value that is deferred at preview must be known at `up`.
        meaning = "deny" if rule.on_unknown == "defer" and not facts.preview else rule.on_unknown
        return _OUTCOME_OF_UNKNOWN[meaning], unknown
    return "warned", tuple(notes.warnings)


def _unknown(path: str, rule: Rule) -> Finding:
    next_step = {
        "deny": "give it as a plain value: what decides may not depend on another resource",
        "warn": "give it as a plain value, so that it can be evaluated",
        "defer": "nothing now; it is evaluated when known, before the resource is created",
    }[rule.on_unknown]
    return Finding(
        what=path or "the resource", got="unknown", expected="a known value", next_step=next_step
    )


def _waived_by(rule: Rule, resource: Resource, facts: Facts) -> str:
    if rule.waivable_by is None:
        return ""
    targets = {resource.urn, _digest_of(resource, facts)} - {""}
    for waiver in facts.records.waivers.get(rule.id, ()):
        terms = waiver.content
        if (
            not why_unfit(waiver, rule)
            and terms.stack == facts.setting.stack
            and terms.target in targets
            and terms.counts(facts.now)
        ):
            return f"waived until {terms.expires.date()}: {terms.reason} [{terms.ticket}]"
    return ""


def _digest_of(resource: Resource, facts: Facts) -> str:
    for urn in (resource.urn, *(item for item, _ in facts.ancestors(resource.urn))):
        model = facts.deployments.get(urn, {}).get("spec")
        if isinstance(model, dict) and isinstance(model.get("aiModel"), dict):
            digest = model["aiModel"].get("sha256")
            return digest if isinstance(digest, str) else ""
    return ""
