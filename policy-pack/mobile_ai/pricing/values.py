"""Values of an estimate: inputs of resources, exact decimals, and bands of three figures.

Reading an unknown input raises `UnknownInputError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from mobile_ai.contracts.reading import UNKNOWN, Secret
from mobile_ai.pricing.errors import CostError, UnknownInputError

ZERO: Final = Decimal(0)
"""No amount."""
ONE: Final = Decimal(1)
"""The whole of a share."""
_CENT: Final = Decimal("0.01")
# Above every plausible value of any field; catches typing errors.
_ABSURD: Final = Decimal(10) ** 15


def decimal_of(given: Any, *, what: str) -> Decimal:
    """Return a number of a plan or a file as an exact decimal.

    Raises:
        CostError: If it is not a number, negative, or above 1e15.
    """
    known = isinstance(given, int | float | str | Decimal) and not isinstance(given, bool)
    try:
        result = Decimal(str(given)) if known else Decimal("NaN")
    except ArithmeticError:
        result = Decimal("NaN")
    if not result.is_finite() or result < 0 or result > _ABSURD:
        raise CostError(
            what,
            got=repr(given),
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

    def figures(self) -> tuple[Decimal, Decimal, Decimal]:
        """Return the low, the typical and the high figure."""
        return self.low, self.typical, self.high

    def to_dict(self) -> dict[str, str]:
        """Return the figures as texts, rounded to the cent."""
        return {key: str(cents(getattr(self, key))) for key in ("low", "typical", "high")}


def value(props: Mapping[str, Any], *path: str) -> Any:
    """Return the value at a path, ``None`` if it is missing.

    Raises:
        UnknownInputError: If it or a parent is unknown.
    """
    found: Any = props
    for key in path:
        found = _opened(found.get(key)) if isinstance(found, Mapping) else None
        if found is UNKNOWN:
            raise UnknownInputError(".".join(path))
    return found


def amount(props: Mapping[str, Any], *path: str, default: int | str = 0) -> Decimal:
    """Return the number at a path, or a default if it is missing.

    Raises:
        UnknownInputError: If it is unknown.
        CostError: If it is not a number in range.
    """
    found = value(props, *path)
    return decimal_of(default if found is None else found, what=".".join(path))


def text(props: Mapping[str, Any], *path: str, default: str = "") -> str:
    """Return the text at a path, or a default if it is missing."""
    found = value(props, *path)
    return found if isinstance(found, str) else default


def flag(props: Mapping[str, Any], *path: str) -> bool:
    """Return whether the value at a path is ``true``."""
    return value(props, *path) is True


def items(props: Mapping[str, Any], *path: str) -> list[Any]:
    """Return the list at a path, empty if it is missing; entries may be unknown."""
    found = value(props, *path)
    if isinstance(found, Sequence) and not isinstance(found, str):
        return [_opened(item) for item in found]
    return []


def mappings(props: Mapping[str, Any], *path: str) -> list[Mapping[str, Any]]:
    """Return the mappings of the list at a path; other entries are skipped (other rules deny them).

    Raises:
        UnknownInputError: If the list or an entry is unknown.
    """
    found = items(props, *path)
    if any(item is UNKNOWN for item in found):
        raise UnknownInputError(".".join(path))
    return [item for item in found if isinstance(item, Mapping)]


def _opened(found: Any) -> Any:
    while isinstance(found, Secret):
        found = found.value
    return found
