"""Splits an amount into parts that sum to it exactly.

The parts are rounded down to a unit, and the remaining units go to the largest remainders
(Hamilton's method of apportionment). Integer arithmetic throughout: no digit is lost.
"""

from collections.abc import Hashable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, TypeVar

DIGITS: Final = 15
"""Decimal places of amounts; those with more are refused."""
_CENTS: Final = 2
_Key = TypeVar("_Key", bound=Hashable)


def split(
    amount: Decimal, weights: Mapping[_Key, Decimal], *, digits: int = DIGITS
) -> dict[_Key, Decimal]:
    """Return the parts of an amount in proportion to weights; they sum to it exactly.

    Args:
        amount: May be negative, as a refund is. Has at most ``digits`` decimal places.
        weights: Non-negative, at least one positive. Ties go to the first.
        digits: Decimal places of a part.

    Raises:
        ValueError: A weight is negative, none is positive, or the amount has too many places.
    """
    if any(weight < 0 for weight in weights.values()) or not any(weights.values()):
        raise ValueError(f"weights {dict(weights)}: expected no negative and at least one positive")
    units = _units(abs(amount), digits)
    shares = _integers(weights)
    total = sum(shares.values())
    parts = {key: divmod(units * share, total) for key, share in shares.items()}
    left = units - sum(whole for whole, _ in parts.values())
    most = sorted(parts, key=lambda key: parts[key][1], reverse=True)[:left]
    extra = frozenset(most)
    sign = -1 if amount < 0 else 1
    return {
        key: _exact(sign * (whole + (key in extra)), digits) for key, (whole, _) in parts.items()
    }


def in_cents(amounts: Mapping[_Key, Decimal]) -> dict[_Key, Decimal]:
    """Round amounts to cents that sum to the rounded sum, so that a table adds up.

    Each amount is rounded down or up to a cent.
    """
    total = sum((_units(amount, DIGITS) for amount in amounts.values()), 0)
    wanted = int(_exact(total, DIGITS).quantize(_exact(1, _CENTS), ROUND_HALF_UP).scaleb(_CENTS))
    step = 10 ** (DIGITS - _CENTS)
    parts = {key: divmod(_units(amount, DIGITS), step) for key, amount in amounts.items()}
    left = wanted - sum(whole for whole, _ in parts.values())
    most = frozenset(sorted(parts, key=lambda key: parts[key][1], reverse=True)[:left])
    return {key: _exact(whole + (key in most), _CENTS) for key, (whole, _) in parts.items()}


def _units(amount: Decimal, digits: int) -> int:
    sign, figures, exponent = amount.as_tuple()
    if not isinstance(exponent, int) or exponent < -digits:
        raise ValueError(f"amount {amount}: expected at most {digits} decimal places")
    whole = int("".join(map(str, figures)) or "0") * int(10 ** (exponent + digits))
    return -whole if sign else whole


def _exact(units: int, digits: int) -> Decimal:
    """Return the decimal, built from its digits: arithmetic would round to 28 of them."""
    return Decimal((int(units < 0), tuple(map(int, str(abs(units)))), -digits))


def _integers(weights: Mapping[_Key, Decimal]) -> dict[_Key, int]:
    finest = max(0, *(-_exponent(weight) for weight in weights.values()))
    return {key: _units(weight, finest) for key, weight in weights.items()}


def _exponent(weight: Decimal) -> int:
    exponent = weight.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError(f"weight {weight}: expected a number")  # noqa: TRY004  # NaN is a Decimal
    return exponent
