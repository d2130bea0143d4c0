"""Prices quantities of one resource at catalogue prices, as lines."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing.line import Line, Status
from mobile_ai.pricing.missing import missing_price
from mobile_ai.pricing.money import ONE, Band
from mobile_ai.pricing.plan import Bill, Plan
from mobile_ai.pricing.price import Price

__all__ = ["Meter"]

_NOTHING: Final = Band.flat(0)
_EVERYBODY: Final[Mapping[str, Decimal]] = {}


class Meter:
    """Creates the lines of one resource.

    Attributes:
        plan: The whole plan.
        resource: The resource.
        region: Region in which it is billed.
    """

    def __init__(self, plan: Plan, resource: Resource, *, region: str | None = None) -> None:
        """Prepare for a resource; ``region`` overrides the region in which it is billed."""
        self.plan = plan
        self.resource = resource
        self.region = plan.region_of(resource) if region is None else region
        owner = plan.deployment_of(resource)
        self._shares: Mapping[str, Decimal] = {owner: ONE} if owner else _EVERYBODY

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
        key = (item, place, quantity)
        if key not in self.plan.bills:  # the same item and quantity recur many times in a plan
            self.plan.bills[key] = _bill(self.plan, item, place, quantity)
        bill = self.plan.bills[key]
        if bill.amount is None:
            return self._line(
                item,
                "unknown",
                region=place,
                quantity=bill.quantity,
                unit=bill.unit,
                ceiling=bill.ceiling,
                reason=missing_price(self.plan.catalogue, item, place),
                shares=shares,
            )
        return self._line(
            item,
            "priced",
            region=place,
            quantity=bill.quantity,
            unit=bill.unit,
            amount=bill.amount,
            source=bill.source,
            declared=bill.declared,
            shares=shares,
        )

    def stated(self, item: str, amount: Band, *, unit: str, source: str) -> Line:
        """Return a line whose price is stated in the configuration."""
        return self._line(
            item,
            "priced",
            unit=unit,
            amount=amount,
            source=source,
        )

    def unbilled(self, item: str, amount: Band, *, unit: str, source: str) -> Line:
        """Return a line that is not invoiced and excluded from totals."""
        return self._line(
            item,
            "priced",
            unit=unit,
            amount=amount,
            billed=False,
            source=source,
        )

    def unknown(
        self,
        item: str,
        reason: str,
        *,
        quantity: Band | None = None,
        ceiling: Decimal | None = None,
    ) -> Line:
        """Return a line of unknown cost."""
        return self._line(
            item,
            "unknown",
            quantity=quantity,
            ceiling=ceiling,
            reason=reason,
        )

    def free(self, reason: str, source: str) -> Line:
        """Return the line of a resource without a charge."""
        return self._line(
            "free",
            "free",
            amount=_NOTHING,
            reason=reason,
            source=source,
        )

    def _line(
        self,
        item: str,
        status: Status,
        *,
        region: str | None = None,
        shares: Mapping[str, Decimal] | None = None,
        **rest: Any,
    ) -> Line:
        return Line(
            urn=self.resource.urn,
            type=self.resource.type,
            name=self.resource.name,
            item=item,
            status=status,
            region=self.region if region is None else region,
            shares=self._shares if shares is None else shares,
            **rest,
        )


def _bill(plan: Plan, item: str, region: str, quantity: Band) -> Bill:
    price = plan.catalogue.find(item, region)
    if price is None or not price.known:
        bound = price.ceiling if price else None
        return Bill(
            quantity=quantity,
            unit=price.unit if price else "",
            ceiling=None if bound is None else bound * quantity.high,
        )
    return Bill(
        quantity=quantity,
        unit=price.unit,
        amount=Band(
            price.cost(quantity.low), price.cost(quantity.typical), price.cost(quantity.high)
        ),
        source=_source_text(price),
        declared=price.declared,
    )


def _source_text(price: Price) -> str:
    named = price.source.via if price.declared else price.source.url
    return f"{named} ({price.source.date})"
