"""The terms of a rule that a pack config and a waiver refer to: its level and its parameters.

A module of its own, so that the reader of a config depends on no rule: the rules are handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Enforcement = Literal["mandatory", "advisory", "disabled"]
"""Level of a rule: mandatory denies, advisory warns, disabled does not run."""
# Which way a parameter loosens its rule: a longer list, a shorter one, a larger number, …;
# `never` where the default is as loose as it gets, `other` where any change may loosen. `regions`
# and `price-classes` are lists of places, compared with the home jurisdiction of the config.
Weaker = Literal["more", "fewer", "higher", "lower", "other", "never", "regions", "price-classes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A figure or a list that a stack's pack config may set.

    Attributes:
        default: Its value where the config says nothing; its type is the parameter's.
        doc: Meaning and unit.
        weaker: The direction in which a change loosens the rule and so is reported.
    """

    default: Any
    doc: str
    weaker: Weaker


class RuleTerms(Protocol):
    """A rule as its config and its waivers see it; ``mobile_ai.governance.rule.Rule`` is one."""

    @property
    def id(self) -> str:
        """Kebab-case identifier."""

    @property
    def title(self) -> str:
        """One sentence that is true when the rule passes."""

    @property
    def enforcement(self) -> Enforcement:
        """The level where the config says nothing."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters that a config may set, by name."""

    @property
    def waivable_by(self) -> str | None:
        """The role that may sign a waiver; ``None`` for a rule that cannot be waived."""

    @property
    def max_waiver_days(self) -> int:
        """The longest term of a waiver, in days."""
