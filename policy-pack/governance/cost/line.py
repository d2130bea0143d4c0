"""One line of an estimate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from .money import Band, cents

__all__ = ["Line", "Status"]

Status = Literal["priced", "free", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one thing of one resource costs in a month.

    Attributes:
        urn: The resource.
        type: Its type token.
        name: Its logical name.
        item: What is counted, as the catalogue names it.
        status: ``priced``, ``free`` by nature, or ``unknown``.
        region: Where the price is of.
        quantity: How much of it in a month, ``None`` where unknown.
        unit: What one of it is.
        amount: The cost, ``None`` for unknown.
        ceiling: Of an unknown cost: surely not more than this; ``None``: no bound is known.
        billed: Whether anybody sends a bill for it; a device's energy is nobody's.
        reason: Why it is free or unknown.
        source: Where the price, or that it is free, was read.
        shares: Parts of the cost by deployment's name; empty: shared by the whole stack.
    """

    urn: str
    type: str
    name: str
    item: str
    status: Status
    region: str = ""
    quantity: Band | None = None
    unit: str = ""
    amount: Band | None = None
    ceiling: Decimal | None = None
    billed: bool = True
    reason: str = ""
    source: str = ""
    shares: Mapping[str, Decimal] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; money as text, rounded to the cent."""
        return {
            "resource": self.name,
            "type": self.type,
            "item": self.item,
            "status": self.status,
            "region": self.region,
            "quantity": None if self.quantity is None else f"{self.quantity.typical:f}",
            "unit": self.unit,
            "amount": self.amount.to_dict() if self.amount else None,
            "ceiling": None if self.ceiling is None else str(cents(self.ceiling)),
            "billed": self.billed,
            "reason": self.reason,
            "source": self.source,
            "deployments": sorted(self.shares),
        }
