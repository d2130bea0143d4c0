"""Turns quantities of one resource into lines, at the catalogue's prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from governance.resource import Resource

from .line import Line
from .money import ONE, Band
from .plan import Plan
from .price import Price

__all__ = ["Meter"]


class Meter:
    """Writes the lines of one resource.

    Attributes:
        plan: The whole plan.
        resource: The resource.
        region: Where it is billed.
    """

    def __init__(self, plan: Plan, resource: Resource, *, region: str | None = None) -> None:
        """Start at a resource; ``region`` where it is billed elsewhere than it stands."""
        self.plan = plan
        self.resource = resource
        self.region = plan.region_of(resource) if region is None else region
        owner = plan.deployment_of(resource)
        self._base = Line(
            urn=resource.urn,
            type=resource.type,
            name=resource.name,
            item="",
            status="unknown",
            region=self.region,
            shares={owner: ONE} if owner else {},
        )

    def line(
        self,
        item: str,
        quantity: Band,
        *,
        region: str | None = None,
        shares: Mapping[str, Decimal] | None = None,
    ) -> Line:
        """Return the line for a month's quantity of an item."""
        place = self.region if region is None else region
        price = self.plan.catalogue.find(item, place)
        if price is None or not price.known:
            return self._unpriced(item, quantity, place, price, shares)
        return replace(
            self._base,
            item=item,
            status="priced",
            region=place,
            quantity=quantity,
            unit=price.unit,
            amount=Band(
                price.cost(quantity.low), price.cost(quantity.typical), price.cost(quantity.high)
            ),
            source=f"{price.source.url} ({price.source.date})",
            shares=self._base.shares if shares is None else shares,
        )

    def stated(self, item: str, amount: Band, *, unit: str, source: str) -> Line:
        """Return a line whose price the configuration states."""
        return replace(
            self._base,
            item=item,
            status="priced",
            unit=unit,
            amount=amount,
            source=source,
        )

    def unbilled(self, item: str, amount: Band, *, unit: str, source: str) -> Line:
        """Return a line that nobody sends a bill for; it is in no total."""
        return replace(
            self._base,
            item=item,
            status="priced",
            unit=unit,
            amount=amount,
            billed=False,
            source=source,
        )

    def unknown(self, item: str, reason: str, *, ceiling: Decimal | None = None) -> Line:
        """Return a line that says what is not known."""
        return replace(
            self._base,
            item=item,
            status="unknown",
            region=self.region,
            ceiling=ceiling,
            reason=reason,
        )

    def free(self, reason: str, source: str) -> Line:
        """Return the line of something that costs nothing by nature."""
        return replace(
            self._base,
            item="free",
            status="free",
            region=self.region,
            amount=Band.flat(0),
            reason=reason,
            source=source,
        )

    def _unpriced(
        self,
        item: str,
        quantity: Band,
        region: str,
        price: Price | None,
        shares: Mapping[str, Decimal] | None,
    ) -> Line:
        bound = price.ceiling if price else None
        return replace(
            self._base,
            item=item,
            status="unknown",
            region=region,
            quantity=quantity,
            unit=price.unit if price else "",
            ceiling=None if bound is None else bound * quantity.high,
            reason=f"no citable price for {item} in {region}",
            shares=self._base.shares if shares is None else shares,
        )
