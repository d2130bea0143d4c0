"""Amounts and quantities as exact decimals, with low, typical and high figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from mobile_ai.pricing.errors import CostError

__all__ = ["ONE", "ZERO", "Band", "cents", "decimal_of"]

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
_CENT: Final = Decimal("0.01")
# Above every plausible value of any field; catches typing errors.
_ABSURD: Final = Decimal(10) ** 15


def decimal_of(value: Any, *, what: str) -> Decimal:
    """Return a number of a plan or a file as an exact decimal.

    Raises:
        CostError: If it is not a number, negative, or above 1e15.
    """
    known = isinstance(value, int | float | str | Decimal) and not isinstance(value, bool)
    try:
        result = Decimal(str(value)) if known else Decimal("NaN")
    except ArithmeticError:
        result = Decimal("NaN")
    if not result.is_finite() or result < 0 or result > _ABSURD:
        raise CostError(
            what,
            got=repr(value),
            expected=f"a number from 0 to {_ABSURD:.0e}",
            next_step="correct the value; nothing was summed",
        )
    return result


def cents(amount: Decimal) -> Decimal:
    """Return an amount rounded to the cent, half up; for display only."""
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Band:
    """An uncertain figure.

    Attributes:
        low: Value that it is unlikely to fall below.
        typical: Value used for planning.
        high: Value that it is unlikely to exceed.
    """

    low: Decimal
    typical: Decimal
    high: Decimal

    def __post_init__(self) -> None:
        """Refuse figures that are negative or not in ascending order."""
        if not ZERO <= self.low <= self.typical <= self.high:
            raise CostError(
                "band",
                got=f"{self.low}, {self.typical}, {self.high}",
                expected="0 <= low <= typical <= high",
                next_step="correct the assumption (docs/cost.md, Assumptions)",
            )

    @classmethod
    def flat(cls, value: Decimal | int | str) -> Band:
        """Return the band of an exact figure."""
        exact = Decimal(value)
        return cls(exact, exact, exact)

    @classmethod
    def of(cls, low: str, typical: str, high: str) -> Band:
        """Return the band of three decimal texts."""
        return cls(Decimal(low), Decimal(typical), Decimal(high))

    @classmethod
    def total(cls, bands: Iterable[Band]) -> Band:
        """Return the sum of some bands, figure by figure."""
        low = typical = high = ZERO
        for band in bands:
            low += band.low
            typical += band.typical
            high += band.high
        return cls(low, typical, high)

    def __add__(self, other: Band) -> Band:
        """Add figure by figure."""
        return Band(self.low + other.low, self.typical + other.typical, self.high + other.high)

    def __mul__(self, other: Band | Decimal | int) -> Band:
        """Multiply figure by figure, or by one exact factor."""
        if isinstance(other, Band):
            return Band(self.low * other.low, self.typical * other.typical, self.high * other.high)
        return Band(self.low * other, self.typical * other, self.high * other)

    def __truediv__(self, divisor: Decimal | int) -> Band:
        """Divide every figure by one exact number."""
        return Band(self.low / divisor, self.typical / divisor, self.high / divisor)

    def at_most(self, limit: Decimal) -> Band:
        """Return the band with every figure capped."""
        return Band(min(self.low, limit), min(self.typical, limit), min(self.high, limit))

    def to_dict(self) -> dict[str, str]:
        """Return the figures as texts, rounded to the cent."""
        return {key: str(cents(getattr(self, key))) for key in ("low", "typical", "high")}
