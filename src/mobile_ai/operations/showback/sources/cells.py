"""Group keys and exact amounts of Cost Explorer queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from mobile_ai.operations.showback.errors import ShowbackError

_HALF_A_CENT: Final = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class Key:
    """Group key of charges: a ``TAG`` or a ``DIMENSION``."""

    type: str
    name: str

    def value(self, text: str) -> str:
        """Return the value in a group's key; a tag's is written after its name and a dollar."""
        if self.type != "TAG":
            return text
        name, dollar, value = text.partition("$")
        if not dollar or name != self.name:
            raise odd(f"group {text!r}", f"{self.name}$<value>")
        return value

    def filter(self, value: str) -> dict[str, Any]:
        """Return the expression for the charges of one value; empty: those without the tag."""
        wanted = {"Values": [value]} if value else {"MatchOptions": ["ABSENT"]}
        field = "Tags" if self.type == "TAG" else "Dimensions"
        return {field: {"Key": self.name, **wanted}}


KEYS: Final = (
    Key("TAG", "mobile-ai:environment"),
    Key("TAG", "mobile-ai:project"),
    Key("TAG", "mobile-ai:app"),
    Key("TAG", "mobile-ai:team"),
    Key("DIMENSION", "SERVICE"),
    Key("DIMENSION", "RECORD_TYPE"),
)
"""Group keys of Cost Explorer; tags first, since only they are filtered by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """The days that are asked for.

    Attributes:
        start: First day, ``YYYY-MM-DD``.
        end: The day after the last.
        granularity: ``MONTHLY`` or ``DAILY``.
    """

    start: str
    end: str
    granularity: str = "MONTHLY"


@dataclass(frozen=True, slots=True)
class Amounts:
    """Billed and effective cost, exact."""

    billed: Decimal = Decimal(0)
    effective: Decimal = Decimal(0)

    def __add__(self, other: "Amounts") -> "Amounts":
        """Add both."""
        return Amounts(self.billed + other.billed, self.effective + other.effective)

    def agrees(self, other: "Amounts") -> bool:
        """Tell whether both are the same to the cent."""
        return (
            abs(self.billed - other.billed) < _HALF_A_CENT
            and abs(self.effective - other.effective) < _HALF_A_CENT
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The charges of one period that agree in the keys that were asked for.

    Attributes:
        start: First day.
        end: The day after the last.
        values: By key; empty where a resource lacks the tag.
        amounts: Their sum.
        currency: Of the sum.
        estimated: Whether AWS may still change it.
    """

    start: str
    end: str
    values: Mapping[Key, str]
    amounts: Amounts
    currency: str
    estimated: bool


def odd(got: str, expected: str) -> ShowbackError:
    """Return the error about an answer that nobody expects."""
    return ShowbackError(
        "Cost Explorer", got=got, expected=expected, next_step="report it; nothing was written"
    )
