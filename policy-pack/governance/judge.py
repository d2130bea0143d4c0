"""The one judge: the same judgement for a preview, a deployed state, a commit and a test.

``judge`` takes resources and returns verdicts. ``Session`` is the same one resource at a
time, as an engine hands them over. Neither opens a file or reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from .case import Case, StackIndex, Whole
from .errors import GovernanceError
from .facts import Baseline, Facts
from .reading import Finding, Notes
from .resource import Resource, stack_of
from .rule import Rule
from .rules import catalogue
from .rules.setup import stack_configured
from .setting import Setting
from .verdict import Outcome, Verdict

__all__ = ["Session", "judge"]

SettingOf = Callable[[str], Setting]
_OUTCOME_OF_UNKNOWN: Final[dict[str, Outcome]] = {
    "deny": "unknown",
    "warn": "warned",
    "defer": "deferred",
}


def judge(
    setting_of: SettingOf,
    resources: Iterable[Resource],
    *,
    now: datetime,
    preview: bool = False,
    baseline: Baseline | None = None,
) -> list[Verdict]:
    """Return the verdict of every rule on every resource and on the whole stack.

    Args:
        setting_of: The setting of a stack by its name; raises ``GovernanceError``.
        resources: The resources, each after its parents and dependencies.
        now: The time of the judgement.
        preview: Whether unknown values may still become known.
        baseline: What was deployed before, where known.
    """
    session = Session(setting_of, now=now, preview=preview, baseline=baseline)
    resources = list(resources)
    for resource in resources:
        session.see(resource)
    session.stack(resources)
    return session.verdicts


class Session:
    """A judgement under way.

    Attributes:
        verdicts: Every verdict so far.
    """

    def __init__(
        self,
        setting_of: SettingOf,
        *,
        now: datetime,
        preview: bool = False,
        baseline: Baseline | None = None,
    ) -> None:
        """Start with no facts (see ``judge`` for the arguments)."""
        self.verdicts: list[Verdict] = []
        self._setting_of = setting_of
        self._now = now
        self._preview = preview
        self._baseline = baseline
        self._facts: dict[str, Facts | GovernanceError] = {}
        self._rules: dict[str, tuple[Rule, ...]] = {}

    def see(self, resource: Resource) -> list[Verdict]:
        """Judge one resource by its inputs; parents and dependencies must come before."""
        facts = self._facts_of(stack_of(resource.urn))
        if isinstance(facts, GovernanceError):
            return self._keep([_unconfigured(facts, resource.urn)])
        facts.admit(resource)
        return self._keep(
            [_judge_one(rule, resource, facts) for rule in self._applicable(resource, facts)]
        )

    def stack(self, resources: Sequence[Resource]) -> list[Verdict]:
        """Judge a whole stack by its outputs."""
        stack = stack_of(resources[0].urn) if resources else ""
        facts = self._facts_of(stack)
        if isinstance(facts, GovernanceError):
            return self._keep([_unconfigured(facts, "")])
        index = StackIndex(resources)
        levels = facts.setting.config.levels
        rules = [
            item for item in catalogue() if item.kind == "stack" and levels[item.id] != "disabled"
        ]
        return self._keep(
            [verdict for rule in rules for verdict in _judge_whole(rule, index, facts)]
        )

    def facts(self, stack: str) -> Facts:
        """Return what is known of a stack.

        Raises:
            GovernanceError: If the stack has no valid setting.
        """
        facts = self._facts_of(stack)
        if isinstance(facts, GovernanceError):
            raise facts
        return facts

    def _keep(self, verdicts: list[Verdict]) -> list[Verdict]:
        self.verdicts += verdicts
        return verdicts

    def _facts_of(self, stack: str) -> Facts | GovernanceError:
        if stack not in self._facts:
            try:
                setting = self._setting_of(stack)
                self._facts[stack] = Facts(
                    setting, now=self._now, preview=self._preview, baseline=self._baseline
                )
            except GovernanceError as error:
                self._facts[stack] = error
        return self._facts[stack]

    def _applicable(self, resource: Resource, facts: Facts) -> tuple[Rule, ...]:
        key = f"{facts.setting.stack} {resource.type}"
        if key not in self._rules:
            levels = facts.setting.config.levels
            self._rules[key] = tuple(
                rule
                for rule in catalogue()
                if rule.kind == "resource"
                and levels[rule.id] != "disabled"
                and applies(rule, resource.type)
            )
        return self._rules[key]


def applies(rule: Rule, resource_type: str) -> bool:
    """Return whether a resource rule looks at resources of a type."""
    return any(
        resource_type.startswith(token[:-1]) if token.endswith("*") else resource_type == token
        for token in rule.applies_to
    )


def _judge_one(rule: Rule, resource: Resource, facts: Facts) -> Verdict:
    case = Case(
        resource,
        facts,
        parameters=facts.setting.config.parameters[rule.id],
        advice=rule.remediation,
    )
    _run(rule, case, case.notes)
    return _verdict(rule, resource, case.notes, facts)


def _judge_whole(rule: Rule, index: StackIndex, facts: Facts) -> list[Verdict]:
    whole = Whole(
        index=index,
        facts=facts,
        parameters=facts.setting.config.parameters[rule.id],
        advice=rule.remediation,
        cases={},
    )
    broken = Notes(rule.remediation)
    _run(rule, whole, broken)
    nobody = Resource(type="", name="", urn="", props={})
    noted = [(case.resource, case.notes) for case in whole.cases.values()]
    verdicts = [_verdict(rule, item, notes, facts) for item, notes in [*noted, (nobody, broken)]]
    told = [item for item in verdicts if item.outcome != "pass"]
    return told or [verdicts[-1]]


def _run(rule: Rule, subject: Case | Whole, notes: Notes) -> None:
    try:
        rule.check(subject)
    # Fail closed: whatever goes wrong inside a rule, the resource has not passed it.
    except Exception as error:  # noqa: BLE001
        notes.deny(
            f"rule {rule.id}",
            got=f"{type(error).__name__}: {_safe(error)}",
            expected="a judgement",
            next_step=f"report it to {rule.owner}; nothing passes a rule that fails",
        )


def _safe(error: Exception) -> str:
    # The text of a foreign exception may quote the value it choked on, which may be secret.
    return str(error) if isinstance(error, GovernanceError) else "an error in the rule"


def _verdict(rule: Rule, resource: Resource, notes: Notes, facts: Facts) -> Verdict:
    outcome, findings = _outcome(rule, notes, facts)
    note = _waived_by(rule, resource, facts) if outcome in {"fail", "unknown"} else ""
    return Verdict(
        rule=rule.id,
        urn=resource.urn,
        outcome="waived" if note else outcome,
        level=facts.setting.config.levels[rule.id],
        findings=findings,
        note=note,
    )


def _outcome(rule: Rule, notes: Notes, facts: Facts) -> tuple[Outcome, tuple[Finding, ...]]:
    unknown = tuple(_unknown(path, rule) for path in dict.fromkeys(notes.unknowns))
    if notes.findings:
        return "fail", (*notes.findings, *unknown)
    if unknown:
        # What is deferred at preview has to be known when it is made.
        meaning = "deny" if rule.on_unknown == "defer" and not facts.preview else rule.on_unknown
        return _OUTCOME_OF_UNKNOWN[meaning], unknown
    if notes.warnings:
        return "warned", tuple(notes.warnings)
    return "pass", ()


def _unknown(path: str, rule: Rule) -> Finding:
    next_step = {
        "deny": "give it as a plain value: what decides may not depend on another resource",
        "warn": "give it as a plain value, so that it can be judged",
        "defer": "nothing now; it is judged when it is known, before the resource is made",
    }[rule.on_unknown]
    return Finding(
        what=path or "the resource", got="unknown", expected="a known value", next_step=next_step
    )


def _waived_by(rule: Rule, resource: Resource, facts: Facts) -> str:
    if rule.waivable_by is None:
        return ""
    targets = {resource.urn, _digest_of(resource, facts)} - {""}
    for waiver in facts.records.waivers.get(rule.id, ()):
        days = (waiver.expires - waiver.issued).days
        if (
            waiver.role == rule.waivable_by
            and waiver.stack == facts.setting.stack
            and waiver.target in targets
            and waiver.issued <= facts.now < waiver.expires
            and days <= rule.max_waiver_days
        ):
            return f"waived until {waiver.expires.date()}: {waiver.reason} [{waiver.ticket}]"
    return ""


def _digest_of(resource: Resource, facts: Facts) -> str:
    for urn in (resource.urn, *(item for item, _ in facts.ancestors(resource.urn))):
        model = facts.deployments.get(urn, {}).get("spec")
        if isinstance(model, dict) and isinstance(model.get("aiModel"), dict):
            digest = model["aiModel"].get("sha256")
            return digest if isinstance(digest, str) else ""
    return ""


def _unconfigured(error: GovernanceError, urn: str) -> Verdict:
    finding = Finding(
        what=error.what, got=error.got, expected=error.expected, next_step=error.next_step
    )
    return Verdict(
        rule=stack_configured.id, urn=urn, outcome="fail", level="mandatory", findings=(finding,)
    )
