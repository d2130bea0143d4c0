"""Rows of the price catalogue: tiered prices, or unknown prices with an optional ceiling."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from mobile_ai.pricing.errors import CostError
from mobile_ai.pricing.values import ZERO, Band, decimal_of

_refused = CostError.advising("run `mobile-ai cost prices refresh`")

_KEYS = frozenset(
    {
        "region",
        "service",
        "item",
        "unit",
        "currency",
        "price",
        "tiers",
        "ceiling",
        "note",
        "source",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Source of a price.

    Attributes:
        url: The published page or offer file.
        date: Date of the price.
        via: Method of retrieval.
    """

    url: str
    date: str
    via: str


@dataclass(frozen=True, slots=True)
class Tier:
    """Price of a unit up to a monthly quantity; ``None`` for the last tier, which is unlimited."""

    up_to: Decimal | None
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Price of an item in a region.

    Attributes:
        region: AWS region, ``edge:<geographic area>`` or ``global``.
        service: The service.
        item: Dotted name of the item.
        unit: Unit of the item.
        currency: ISO 4217 code.
        tiers: Price tiers; empty if the price is unknown.
        ceiling: Upper bound of an unknown price; ``None`` if there is none.
        note: Remark for readers.
        source: Source of the price.
        declared: Whether the pack's owners declare it.
    """

    region: str
    service: str
    item: str
    unit: str
    currency: str
    tiers: tuple[Tier, ...]
    ceiling: Decimal | None
    note: str
    source: Source
    declared: bool = False

    @property
    def known(self) -> bool:
        """True if the price is known."""
        return bool(self.tiers)

    def cost(self, quantity: Decimal) -> Decimal:
        """Return the cost of a monthly quantity, each tier's part at its own price."""
        total = floor = ZERO
        for tier in self.tiers:
            top = quantity if tier.up_to is None else min(quantity, tier.up_to)
            total += max(top - floor, ZERO) * tier.price
            floor = max(floor, top)
        return total

    def band(self, quantity: Band) -> Band:
        """Return the cost of each figure of a monthly quantity."""
        return Band(*(self.cost(figure) for figure in quantity.figures()))


def read_price(row: Any, sources: dict[str, Source], *, currency: str, name: str) -> Price:
    """Return the price that a row of a catalogue states.

    Raises:
        CostError: If the row is incomplete, of another currency, or its tiers are out of order.
    """
    where = f"{name} {row.get('item')} {row.get('region')}" if isinstance(row, dict) else name
    if not isinstance(row, dict) or set(row) - _KEYS or ("price" in row) == ("tiers" in row):
        raise _refused(where, f"{row!r}", f"keys of {sorted(_KEYS)}, price or tiers")
    texts = {key: row.get(key) for key in ("region", "service", "item", "unit", "source")}
    if not all(isinstance(item, str) and item for item in texts.values()):
        raise _refused(where, f"{texts}", "all of them filled in")
    if row.get("currency") != currency:
        raise _refused(
            where, f"currency {row.get('currency')!r}", f"{currency}, like the catalogue"
        )
    if row["source"] not in sources:
        raise _refused(where, f"source {row['source']!r}", f"one of {sorted(sources)}")
    return Price(
        region=row["region"],
        service=row["service"],
        item=row["item"],
        unit=row["unit"],
        currency=currency,
        tiers=_tiers(row, where),
        ceiling=decimal_of(row["ceiling"], what=f"{where} ceiling") if "ceiling" in row else None,
        note=str(row.get("note", "")),
        source=sources[row["source"]],
    )


def _tiers(row: dict[str, Any], where: str) -> tuple[Tier, ...]:
    if "price" in row:
        price = row["price"]
        return () if price is None else (Tier(None, decimal_of(price, what=where)),)
    tiers = tuple(
        Tier(
            None if item["upTo"] is None else decimal_of(item["upTo"], what=f"{where} upTo"),
            decimal_of(item["price"], what=f"{where} tier"),
        )
        for item in row["tiers"]
    )
    borders = [tier.up_to for tier in tiers]
    rising = all(a is not None and (b is None or a < b) for a, b in pairwise(borders))
    if not tiers or borders[-1] is not None or not rising:
        raise _refused(where, f"tiers up to {borders}", "rising borders, the last one open")
    return tiers
