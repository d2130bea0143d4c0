"""Evaluates all rules on a stack: in a preview, on a deployed state, before a commit, in tests.

``judge`` takes all resources at once. ``JudgeSession`` takes them one at a time, as the engine
sends them. Neither opens a file or reads the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.reading import Finding
from mobile_ai.contracts.resource import Resource, stack_of
from mobile_ai.governance.evaluation import applies, apply_to_resource, apply_to_stack
from mobile_ai.governance.facts import Facts
from mobile_ai.governance.rule import Rule
from mobile_ai.governance.rule_context import StackIndex
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.rules.setup import stack_configured
from mobile_ai.governance.stack_policy import Setting
from mobile_ai.governance.verdict import StackVerdict

SettingOf = Callable[[str], Setting]


def judge(
    setting_of: SettingOf,
    resources: Iterable[Resource],
    *,
    now: datetime,
    preview: bool = False,
) -> list[StackVerdict]:
    """Return the verdict of every rule on every resource and on the whole stack.

    Args:
        setting_of: Returns the setting of a stack by its name, or raises ``GovernanceError``.
        resources: The resources, each after its parents and dependencies.
        now: The evaluation time.
        preview: Whether unknown values may still become known.
    """
    session = JudgeSession(setting_of, now=now, preview=preview)
    resources = list(resources)
    verdicts = [verdict for resource in resources for verdict in session.see(resource)]
    return verdicts + session.stack(resources)


class JudgeSession:
    """An evaluation in progress; it accumulates facts about the stack and keeps no verdicts."""

    def __init__(
        self,
        setting_of: SettingOf,
        *,
        now: datetime,
        preview: bool = False,
    ) -> None:
        """Start with no facts (see ``judge`` for the arguments)."""
        self._setting_of = setting_of
        self._now = now
        self._preview = preview
        self._facts: dict[str, Facts | GovernanceError] = {}
        self._rules: dict[str, tuple[Rule, ...]] = {}

    def see(self, resource: Resource) -> list[StackVerdict]:
        """Evaluate one resource by its inputs, after its parents and dependencies."""
        facts = self._facts_of(stack_of(resource.urn))
        if isinstance(facts, GovernanceError):
            return [_unconfigured(facts, resource.urn)]
        facts.admit(resource)
        return [
            apply_to_resource(rule, resource, facts) for rule in self._applicable(resource, facts)
        ]

    def stack(self, resources: Sequence[Resource]) -> list[StackVerdict]:
        """Evaluate the stack rules on all resources with their outputs."""
        stack = stack_of(resources[0].urn) if resources else ""
        facts = self._facts_of(stack)
        if isinstance(facts, GovernanceError):
            return [_unconfigured(facts, "")]
        index = StackIndex(resources)
        levels = facts.setting.config.levels
        rules = [
            item for item in catalogue() if item.kind == "stack" and levels[item.id] != "disabled"
        ]
        return [verdict for rule in rules for verdict in apply_to_stack(rule, index, facts)]

    def facts(self, stack: str) -> Facts:
        """Return the facts collected about a stack.

        Raises:
            GovernanceError: If the stack has no valid setting.
        """
        facts = self._facts_of(stack)
        if isinstance(facts, GovernanceError):
            raise facts
        return facts

    def _facts_of(self, stack: str) -> Facts | GovernanceError:
        if stack not in self._facts:
            try:
                setting = self._setting_of(stack)
                self._facts[stack] = Facts(setting, now=self._now, preview=self._preview)
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


def _unconfigured(error: GovernanceError, urn: str) -> StackVerdict:
    finding = Finding(
        what=error.what, got=error.got, expected=error.expected, next_step=error.next_step
    )
    return StackVerdict(
        rule=stack_configured.id, urn=urn, outcome="fail", level="mandatory", findings=(finding,)
    )
