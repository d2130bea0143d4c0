"""Queries the AWS price list; I/O layer of `mobile_ai.pricing.offers`."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from rich.console import Console
from rich.progress import Progress

from mobile_ai.pricing.catalogue import load_catalogue
from mobile_ai.pricing.offers import Offer, offer_of, tiers_of
from mobile_ai.pricing.price import Price, Tier

_API_REGION: Final = "us-east-1"  # the price list answers in few regions, for all
_ATTEMPTS: Final = 8
_URL: Final = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/{}/current/{}/index.json"


def refresh_prices(
    folder: Path, *, regions: Iterable[str], write: bool, client: Any = None
) -> list[str]:
    """Return price changes against a catalogue; write a new one if requested.

    Args:
        folder: ``policy-pack/mobile_ai/pricing/prices``.
        regions: Regions to query; empty for all regions of the catalogue.
        write: Write a catalogue dated today and make it current.
        client: A ``pricing`` client; default: one with retries.

    Raises:
        CostError: If the catalogue is invalid, or a response is ambiguous.
    """
    catalogue = load_catalogue(folder)
    asked = client or _client()
    wanted = frozenset(regions)
    rows = [
        (row, offer)
        for row in catalogue.prices.values()
        if (offer := offer_of(row.item))
        and (not wanted or row.region in wanted)
        and "-" in row.region
    ]
    found: dict[tuple[str, str], tuple[Tier, ...]] = {}
    with Progress(console=Console(stderr=True), transient=True) as bar:
        for row, offer in bar.track(rows, description="asking the price list"):
            tiers = tiers_of(_products(asked, offer, row.region), offer, region=row.region)
            if tiers and tiers != row.tiers:
                found[row.item, row.region] = tiers
    if write and found:
        _write(folder, found)
    return [_told(catalogue.prices[key], tiers) for key, tiers in sorted(found.items())]


def _client() -> Any:
    config = Config(retries={"max_attempts": _ATTEMPTS, "mode": "adaptive"})
    return boto3.client("pricing", region_name=_API_REGION, config=config)


def _products(client: Any, offer: Offer, region: str) -> Iterator[str]:
    filters = [
        {"Type": "TERM_MATCH", "Field": key, "Value": value}
        for key, value in {"regionCode": region, **offer.attributes}.items()
    ]
    pages = client.get_paginator("get_products")
    for page in pages.paginate(ServiceCode=offer.service, Filters=filters):
        yield from page["PriceList"]


def _told(row: Price, tiers: tuple[Tier, ...]) -> str:
    before = " / ".join(f"{tier.price:f}" for tier in row.tiers) or "unknown"
    after = " / ".join(f"{tier.price:f}" for tier in tiers)
    return f"{row.item} {row.region}: {before} -> {after} {row.currency} per {row.unit}"


def _write(folder: Path, found: dict[tuple[str, str], tuple[Tier, ...]]) -> None:
    """Write a catalogue dated today with the new tiers and make it current by digest."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    pointer = json.loads((folder / "current.json").read_text(encoding="utf-8"))
    document = json.loads((folder / pointer["file"]).read_text(encoding="utf-8"))
    for row in document["rows"]:
        tiers = found.get((row["item"], row["region"]))
        if tiers is not None:
            for key in ("price", "ceiling", "note"):
                row.pop(key, None)
            row["tiers"] = [
                {"upTo": t.up_to and f"{t.up_to:f}", "price": f"{t.price:f}"} for t in tiers
            ]
            row["source"] = _source(document, row["item"], row["region"], today)
    document["date"] = today
    rows = document.pop("rows")
    head = json.dumps(document, indent=1)[:-2]
    text = head + ',\n "rows": [\n' + ",\n".join(f"  {json.dumps(r)}" for r in rows) + "\n ]\n}\n"
    (folder / f"{today}.json").write_text(text, encoding="utf-8")
    pinned = {"file": f"{today}.json", "sha256": hashlib.sha256(text.encode()).hexdigest()}
    (folder / "current.json").write_text(json.dumps(pinned, indent=1) + "\n", encoding="utf-8")


def _source(document: dict[str, Any], item: str, region: str, today: str) -> str:
    offer = offer_of(item)
    service = offer.service if offer else ""
    name = f"{service}-{region}"
    url = _URL.format(service, region)
    document["sources"][name] = {"url": url, "date": today, "via": "GetProducts of the price list"}
    return name
