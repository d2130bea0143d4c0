"""Charges of a resource in a month, before they are priced: the values that price models return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from mobile_ai.pricing.values import Band


@dataclass(frozen=True, slots=True)
class Metered:
    """A quantity that the price catalogue prices.

    Attributes:
        item: The catalogue item.
        quantity: Quantity per month.
        region: Region in which it is billed; ``None``: the resource's own.
        shares: Shares of the cost by deployment; ``None``: of the deployment that contains the
            resource.
    """

    item: str
    quantity: Band
    region: str | None = None
    shares: Mapping[str, Decimal] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A cost that the configuration or a measurement states.

    Attributes:
        item: Name of the item.
        amount: Cost per month.
        unit: What the amount is for.
        source: Where it is stated.
        region: Region or site in which it arises.
        billed: Whether it is invoiced to the stack.
    """

    item: str
    amount: Band
    unit: str
    source: str
    region: str
    billed: bool = True


@dataclass(frozen=True, slots=True)
class Unknown:
    """A charge of unknown amount, excluded from totals.

    Attributes:
        item: Name of the item.
        reason: Reason why it is unknown.
        quantity: Quantity per month, if that is known.
        ceiling: Upper bound of its cost; ``None`` if there is none.
        region: Region in which it is billed; ``None``: the resource's own.
    """

    item: str
    reason: str
    quantity: Band | None = None
    ceiling: Decimal | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Free:
    """No charge.

    Attributes:
        reason: Reason why there is none.
        source: Source of the reason.
        region: Region of the resource; ``None``: its own.
    """

    reason: str
    source: str
    region: str | None = None


Usage = Metered | Stated | Unknown | Free
"""One charge of a resource."""
