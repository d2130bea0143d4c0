"""Expectation of a complete run: pack, rules and levels.

It is read from the repository before the engine starts, and independent of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mobile_ai.gate.engine.pack import pack_digest, pack_version
from mobile_ai.gate.project import Project
from mobile_ai.governance.evaluation import applies
from mobile_ai.governance.rule import Rule
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.stack_policy import Setting

__all__ = ["PACK_NAME", "Expectation", "expectation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """The pack that must run, and its rules.

    Attributes:
        pack: The pack's name.
        version: Its version.
        sha256: Digest of its files (see `gate.engine.pack.pack_digest`).
        rules: Every rule by its id.
        levels: The enforcement level in effect, by rule.
        weakenings: Rules set below their default level, as sentences.
    """

    pack: str
    version: str
    sha256: str
    rules: Mapping[str, Rule]
    levels: Mapping[str, str]
    weakenings: tuple[str, ...] = ()

    def of_kind(self, kind: Literal["resource", "stack"]) -> tuple[Rule, ...]:
        """Return the enabled rules of a kind."""
        return tuple(
            rule
            for rule in self.rules.values()
            if rule.kind == kind and self.levels[rule.id] != "disabled"
        )

    def judging(self, token: str) -> tuple[Rule, ...]:
        """Return the resource rules that must report an outcome for resources of a type."""
        return tuple(rule for rule in self.of_kind("resource") if applies(rule, token))


PACK_NAME = "mobile-ai-governance"


def expectation(project: Project, setting: Setting | None) -> Expectation:
    """Return the pack, its version and digest, and every rule that a run must report.

    Args:
        project: The checkout with the pack.
        setting: The stack's settings in the pack; without them the default levels are expected.

    Raises:
        GateError: The folder is not a policy pack.
    """
    rules = {rule.id: rule for rule in catalogue()}
    defaults = {rule.id: rule.enforcement for rule in rules.values()}
    return Expectation(
        pack=PACK_NAME,
        version=pack_version(project.pack),
        sha256=pack_digest(project.pack),
        rules=rules,
        levels=setting.config.levels if setting else defaults,
        weakenings=setting.config.weakenings if setting else (),
    )
