"""Expectation of a complete run, known before the engine starts and independent of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mobile_ai.governance.evaluation import applies
from mobile_ai.governance.rule import Rule

__all__ = ["Expectation"]


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
