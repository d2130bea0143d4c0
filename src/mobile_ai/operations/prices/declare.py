"""Writes a declared price into the pack's config."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.files import write_whole
from mobile_ai.contracts.regions import shipped_regions
from mobile_ai.pricing.catalogue import catalogue_folder, load_catalogue
from mobile_ai.pricing.declared import DECLARED_FILE, declared_prices
from mobile_ai.pricing.errors import CostError

_SCHEMA: Final = "../../docs/schemas/declared-prices.json"


def declare_price(pack: Path, entry: Mapping[str, str]) -> Path:
    """Add an entry to a pack's declared prices, or replace that of its item and region.

    Nothing is written unless the whole file is valid with it.

    Args:
        pack: The pack's folder.
        entry: ``item``, ``region``, ``price``, ``source``, ``by`` and ``date``; the unit is the
            catalogue's.

    Raises:
        CostError: If the file or the entry is invalid.
    """
    catalogue = load_catalogue(catalogue_folder(pack))
    sample = catalogue.sample(entry["item"])
    if sample is None:
        raise CostError(
            f"item {entry['item']!r}",
            got="an unknown item",
            expected="an item of the catalogue",
            next_step="`mobile-ai cost prices show` lists the items",
        )
    places = {place for _, place in catalogue.prices} | set(shipped_regions().regions)
    if entry["region"] not in places:
        raise CostError(
            f"region {entry['region']!r}",
            got="an unknown region",
            expected="a region of AWS, or another place that has prices",
            next_step="name one that `mobile-ai cost prices show` lists; for a region of your own, "
            f"write the entry to {DECLARED_FILE}",
        )
    path = pack / "config" / Path(DECLARED_FILE).name
    text = path.read_text(encoding="utf-8") if path.exists() else '{"prices": []}'
    declared_prices(text, catalogue.samples, currency=catalogue.currency)  # what is there
    kept = [item for item in json.loads(text)["prices"] if _key(item) != _key(entry)]
    prices = [*kept, {**entry, "unit": sample.unit}]
    value: dict[str, Any] = {"$schema": _SCHEMA, "prices": sorted(prices, key=_key)}
    new = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    declared_prices(new, catalogue.samples, currency=catalogue.currency)
    write_whole(path, new.encode())
    return path


def _key(entry: Mapping[str, Any]) -> tuple[str, str]:
    return entry["item"], entry["region"]
