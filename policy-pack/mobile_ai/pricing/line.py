"""One line of an estimate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from mobile_ai.pricing.money import Band, cents

__all__ = ["Line", "Status"]

Status = Literal["priced", "free", "unknown"]
"""State of a price: known, free of charge, or unknown and excluded from totals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Monthly cost of one catalogue item of one resource.

    Attributes:
        urn: The resource.
        type: Its type token.
        name: Its logical name.
        item: The catalogue item.
        status: ``priced``, ``free`` or ``unknown``.
        region: Region of the price.
        quantity: Quantity per month, ``None`` if unknown.
        unit: Unit of the quantity.
        amount: The cost, ``None`` if unknown.
        ceiling: Upper bound of an unknown cost; ``None`` if there is none.
        billed: Whether the cost is invoiced to the stack; a device's energy is not.
        reason: Reason why it is free or unknown.
        source: Source of the price, or of the reason why it is free.
        declared: Whether the pack's owners declare its price.
        shares: Shares of the cost by deployment; empty if shared by the whole stack.
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
    declared: bool = False
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
            "declared": self.declared,
            "deployments": sorted(self.shares),
        }
