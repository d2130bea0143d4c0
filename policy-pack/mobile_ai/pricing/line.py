"""Prices the usage of resources at catalogue prices, as lines of an estimate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing.catalogue import Catalogue
from mobile_ai.pricing.missing import missing_price
from mobile_ai.pricing.plan import Plan
from mobile_ai.pricing.usage import Free, Metered, Stated, Unknown, Usage
from mobile_ai.pricing.values import ONE, Band, cents

Status = Literal["priced", "free", "unknown"]
"""State of a price: known, free of charge, or unknown and excluded from totals."""

_NOTHING: Final = Band.flat(0)


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


def priced_lines(plan: Plan, charges: Iterable[tuple[Resource, Usage]]) -> tuple[Line, ...]:
    """Return a line for each charge of a resource of a plan.

    Raises:
        CostError: If no region is known.
    """
    bills: dict[tuple[str, str, Band], dict[str, Any]] = {}  # a plan repeats items and quantities
    return tuple(_line(plan, resource, usage, bills) for resource, usage in charges)


def _line(
    plan: Plan,
    resource: Resource,
    usage: Usage,
    bills: dict[tuple[str, str, Band], dict[str, Any]],
) -> Line:
    region = plan.region_of(resource) if usage.region is None else usage.region
    owner = plan.deployment_of(resource)
    shares: Mapping[str, Decimal] = {owner: ONE} if owner else {}
    match usage:
        case Metered(item, quantity):
            key = (item, region, quantity)
            if key not in bills:
                bills[key] = _bill(plan.catalogue, *key)
            told = bills[key]
            shares = shares if usage.shares is None else usage.shares
        case Stated(item=item):
            told = {
                "status": "priced",
                "unit": usage.unit,
                "amount": usage.amount,
                "billed": usage.billed,
                "source": usage.source,
            }
        case Unknown(item, reason, quantity, ceiling):
            told = {
                "status": "unknown",
                "quantity": quantity,
                "ceiling": ceiling,
                "reason": reason,
            }
        case Free(reason, source):
            item = "free"
            told = {"status": "free", "amount": _NOTHING, "reason": reason, "source": source}
    return Line(
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        item=item,
        region=region,
        shares=shares,
        **told,
    )


def _bill(catalogue: Catalogue, item: str, region: str, quantity: Band) -> dict[str, Any]:
    """Return the part of a line that the catalogue decides."""
    price = catalogue.find(item, region)
    if price is None or not price.known:
        bound = price.ceiling if price else None
        return {
            "status": "unknown",
            "quantity": quantity,
            "unit": price.unit if price else "",
            "ceiling": None if bound is None else bound * quantity.high,
            "reason": missing_price(catalogue, item, region),
        }
    named = price.source.via if price.declared else price.source.url
    return {
        "status": "priced",
        "quantity": quantity,
        "unit": price.unit,
        "amount": price.band(quantity),
        "source": f"{named} ({price.source.date})",
        "declared": price.declared,
    }
