"""Compares the price list with the catalogue, for every row that an estimate can need."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobile_ai.operations.prices.catalogue_file import NewPrice, write_catalogue
from mobile_ai.operations.prices.sources import ProductSource
from mobile_ai.pricing.catalogue import Catalogue, load_catalogue
from mobile_ai.pricing.errors import CostError
from mobile_ai.pricing.items import REGIONAL_ITEMS, regions_of
from mobile_ai.pricing.missing import missing_price
from mobile_ai.pricing.offers import offer_of, tiers_of
from mobile_ai.pricing.price import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """Result of a refresh.

    Attributes:
        changes: A line for each price that differs from the catalogue.
        unknown: A sentence for each row that still has no price.
        written: The new catalogue file; ``None`` if nothing was written.
    """

    changes: tuple[str, ...]
    unknown: tuple[str, ...]
    written: Path | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "changes": list(self.changes),
            "unknown": list(self.unknown),
            "written": None if self.written is None else self.written.name,
        }


def refresh_prices(
    folder: Path,
    source: ProductSource,
    *,
    regions: Iterable[str],
    services: Iterable[str],
    write: bool,
    today: str,
) -> Refresh:
    """Return price changes against a catalogue; write a new one if requested.

    Nothing is written until every product has been read.

    Args:
        folder: ``policy-pack/mobile_ai/pricing/prices``.
        source: The price list.
        regions: Regions to refresh; empty for all regions of the catalogue. A region that the
            catalogue lacks gets a row for each item, unknown ones too.
        services: Services of the catalogue; empty for all.
        write: Write a catalogue dated today and make it current.
        today: The day.

    Raises:
        CostError: If the catalogue is invalid, a service is unknown, or a response is ambiguous.
    """
    catalogue = load_catalogue(folder)
    wanted = _rows(catalogue, tuple(regions), frozenset(services))
    found: dict[tuple[str, str], NewPrice] = {}
    for item, region in wanted:
        offer = offer_of(item)
        if offer is None or not source.covers(offer):
            continue
        tiers = tiers_of(source.products(offer, region), offer, region=region)
        known = catalogue.prices.get((item, region))
        if tiers and (known is None or tiers != known.tiers):
            found[item, region] = NewPrice(tiers, source.source(offer, region, today=today))
    added = [row for row in wanted if row not in catalogue.prices]
    written = None
    if write and (found or added):
        written = write_catalogue(folder, catalogue, found, added=added, today=today)
    left = [row for row in wanted if row not in found and not _known(catalogue, row)]
    return Refresh(
        changes=tuple(_told(catalogue, row, found[row].tiers) for row in sorted(found)),
        unknown=tuple(missing_price(catalogue, *row) for row in left),
        written=written,
    )


def _rows(
    catalogue: Catalogue, regions: tuple[str, ...], services: frozenset[str]
) -> list[tuple[str, str]]:
    """Return item and region of the rows to refresh, sorted."""
    places = regions or regions_of(catalogue)
    names = {price.service for price in catalogue.prices.values()}
    if not services <= names:
        raise CostError(
            "--service",
            got=", ".join(sorted(services - names)),
            expected=f"one of {', '.join(sorted(names))}",
            next_step="name a service that `mobile-ai cost prices show` lists",
        )
    listed = {(item, region) for item in REGIONAL_ITEMS for region in places}
    present = {row for row in catalogue.prices if row[1] in places and offer_of(row[0])}
    return sorted(
        row for row in listed | present if not services or _service(catalogue, row[0]) in services
    )


def _service(catalogue: Catalogue, item: str) -> str:
    price = catalogue.sample(item)
    return price.service if price else ""


def _known(catalogue: Catalogue, row: tuple[str, str]) -> bool:
    price = catalogue.prices.get(row)
    return price is not None and price.known


def _told(catalogue: Catalogue, row: tuple[str, str], tiers: tuple[Tier, ...]) -> str:
    item, region = row
    known = catalogue.prices.get(row)
    sample = catalogue.samples[item]
    before = " / ".join(f"{tier.price:f}" for tier in known.tiers) if known else ""
    after = " / ".join(f"{tier.price:f}" for tier in tiers)
    return f"{item} {region}: {before or 'unknown'} -> {after} {sample.currency} per {sample.unit}"
