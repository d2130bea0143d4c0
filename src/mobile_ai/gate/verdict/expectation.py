"""Expectation of a complete run: pack, rules and levels.

It is read from the repository before the engine starts, and independent of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mobile_ai.gate.engine.pack import PolicyPack
from mobile_ai.governance.rule import Rule
from mobile_ai.governance.rules import catalogue

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


PACK_NAME = "mobile-ai-governance"


def expectation(pack: PolicyPack) -> Expectation:
    """Return the pack, and every rule that a run must report.

    Without the stack's settings the default levels are expected.
    """
    rules = {rule.id: rule for rule in catalogue()}
    defaults = {rule.id: rule.enforcement for rule in rules.values()}
    config = pack.setting.config if pack.setting else None
    return Expectation(
        pack=PACK_NAME,
        version=pack.version,
        sha256=pack.sha256,
        rules=rules,
        levels=config.levels if config else defaults,
        weakenings=config.weakenings if config else (),
    )
