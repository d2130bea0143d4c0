"""Tables of cases: a rule, a plan, and the expected outcome."""

import re
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.governance.config import load_config
from mobile_ai.governance.evaluation import applies, apply_to_resource, apply_to_stack
from mobile_ai.governance.facts import Facts
from mobile_ai.governance.rule import Rule
from mobile_ai.governance.rule_context import StackIndex
from mobile_ai.governance.rules import catalogue
from mobile_ai.testing import Scene, Signers, changed, make_version

__all__ = ["SCENE", "Case", "edit", "fails", "passes", "says", "with_version"]

SCENE: Final = Scene()
_WORST: Final = ("fail", "unknown", "waived", "deferred", "warned", "pass")
Subject = str | Resource


@dataclass(frozen=True, kw_only=True)
class Case:
    """A rule on a plan: ``changed`` resources replace or join those of the passing plan."""

    rule: str
    outcome: str
    label: str
    scene: Scene = SCENE
    changed: tuple[Resource, ...] = ()
    whole: tuple[Resource, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        # Keys, and so digests, differ in every process; test names must not.
        label = re.sub(r"[0-9a-f]{20,}", "digest", self.label)
        return f"{self.rule}-{self.outcome}-{label}"

    @cached_property
    def plan(self) -> list[Resource]:
        return self.scene.resources(*self.changed)

    @cached_property
    def facts(self) -> Facts:
        facts = Facts(
            self.scene.setting("dev"),
            now=self.scene.now,
            preview=self.scene.preview,
        )
        for resource in self.plan:
            facts.admit(resource)
        return facts

    def apply(self, rule: Rule) -> str:
        """Return the worst outcome of the rule on the changed resources, or on the plan."""
        facts = self._facts_for(rule)
        if rule.kind == "stack":
            index = StackIndex(self.plan)
            found = {item.outcome for item in apply_to_stack(rule, index, facts)}
        else:
            subjects = self.changed or tuple(self.plan)
            found = {
                apply_to_resource(rule, item, facts).outcome
                for item in subjects
                if applies(rule, item.type)
            }
        return next((item for item in _WORST if item in found), "not applicable")

    def _facts_for(self, rule: Rule) -> Facts:
        # A rule outside the catalogue has its own parameters.
        others = [item for item in catalogue() if item.id != rule.id]
        if rule in catalogue():
            return self.facts
        facts = copy(self.facts)
        config = load_config(self.scene.config, [*others, rule], name="test config")
        facts.setting = replace(facts.setting, config=config)
        return facts


def subject(of: Subject) -> Resource:
    return SCENE.sample(of) if isinstance(of, str) else of


def says(outcome: str, rule: str, of: Subject, *path: str | int, to: Any) -> Case:
    resource = changed(subject(of), *path, to=to)
    label = f"{resource.type.rpartition(':')[2]}.{'.'.join(map(str, path))}={to!r:.40}"
    return Case(rule=rule, outcome=outcome, label=label, changed=(resource,))


def fails(rule: str, of: Subject, *path: str | int, to: Any) -> Case:
    """Return a case in which the rule fails with one changed property."""
    return says("fail", rule, of, *path, to=to)


def passes(rule: str, of: Subject, *path: str | int, to: Any) -> Case:
    """Return a case in which the rule passes with one changed property."""
    return says("pass", rule, of, *path, to=to)


def edit(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    """Return a function that changes one path of a nested value."""

    def change(values: dict[str, Any]) -> None:
        place: Any = values
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to

    return change


def with_version(**edits: Any) -> Scene:
    """Return the scene with a model version that is edited before signing."""
    return Scene(version=make_version(Signers.shared(), **edits))


def join(*tables: Sequence[Case]) -> list[Case]:
    """Return the cases of several tables."""
    return [case for table in tables for case in table]
