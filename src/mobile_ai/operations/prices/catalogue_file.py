"""Writes a new dated price catalogue beside the old one and makes it current."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.files import write_whole
from mobile_ai.pricing.catalogue import Catalogue, parse_catalogue
from mobile_ai.pricing.price import Source, Tier

_NOTE: Final = "unknown: the ceiling is twice the highest known price of another region"
_UNKNOWN: Final = "none"  # the source of a row without a price
_FACTOR: Final = 2


@dataclass(frozen=True, slots=True)
class NewPrice:
    """Tiers that were read, and their source."""

    tiers: tuple[Tier, ...]
    source: Source


def write_catalogue(
    folder: Path,
    catalogue: Catalogue,
    found: Mapping[tuple[str, str], NewPrice],
    *,
    added: Iterable[tuple[str, str]],
    today: str,
) -> Path:
    """Write a catalogue with new prices under a new name, then point to it.

    Readers see the old catalogue or the new one, never a part: the pointer changes last. The file
    that it named before is removed after that.

    Args:
        folder: The folder of catalogues.
        catalogue: The current one.
        found: New prices by item and region.
        added: Item and region of rows that the catalogue lacks.
        today: The day.
    """
    pointer = json.loads((folder / "current.json").read_text(encoding="utf-8"))
    document = json.loads((folder / pointer["file"]).read_text(encoding="utf-8"))
    rows = {(row["item"], row["region"]): row for row in document.pop("rows")}
    for key in added:
        rows[key] = _unknown_row(catalogue, *key)
    for key, new in found.items():
        rows[key] = _row(catalogue, *key, new=new)
        document["sources"][_source_name(*key)] = {
            "url": new.source.url,
            "date": new.source.date,
            "via": new.source.via,
        }
    used = {row["source"] for row in rows.values()}
    document["sources"] = {
        name: source for name, source in sorted(document["sources"].items()) if name in used
    }
    document["date"] = today
    text = _text(document, [rows[key] for key in sorted(rows)])
    digest = hashlib.sha256(text.encode()).hexdigest()
    parse_catalogue(text, sha256=digest)  # what is written can be read
    name = _free_name(folder, today)
    write_whole(folder / name, text.encode())
    pinned = json.dumps({"file": name, "sha256": digest}, indent=1) + "\n"
    try:
        write_whole(folder / "current.json", pinned.encode())
    except OSError:
        (folder / name).unlink(missing_ok=True)  # nothing points to it
        raise
    (folder / pointer["file"]).unlink(missing_ok=True)
    return folder / name


def _row(catalogue: Catalogue, item: str, region: str, *, new: NewPrice) -> dict[str, Any]:
    row = _head(catalogue, item, region)
    if len(new.tiers) == 1:
        row["price"] = f"{new.tiers[0].price:f}"
    else:
        row["tiers"] = [
            {"upTo": None if tier.up_to is None else f"{tier.up_to:f}", "price": f"{tier.price:f}"}
            for tier in new.tiers
        ]
    return {**row, "source": _source_name(item, region)}


def _unknown_row(catalogue: Catalogue, item: str, region: str) -> dict[str, Any]:
    known = (price for (name, _), price in catalogue.prices.items() if name == item)
    most = max((price.tiers[0].price for price in known if price.known), default=Decimal(0))
    ceiling = {"ceiling": f"{_FACTOR * most:f}", "note": _NOTE} if most else {}
    return {**_head(catalogue, item, region), "price": None, **ceiling, "source": _UNKNOWN}


def _head(catalogue: Catalogue, item: str, region: str) -> dict[str, Any]:
    sample = catalogue.samples[item]
    return {
        "region": region,
        "service": sample.service,
        "item": item,
        "unit": sample.unit,
        "currency": sample.currency,
    }


def _source_name(item: str, region: str) -> str:
    return f"list-{item}-{region}"


def _text(document: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> str:
    head = json.dumps(document, indent=1)[:-2]
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    return f'{head},\n "rows": [\n{lines}\n ]\n}}\n'


def _free_name(folder: Path, today: str) -> str:
    """Return a name for today that no file has: what is current stays whole until the end."""
    names = (f"{today}.json", *(f"{today}-{count}.json" for count in range(2, 1000)))
    return next(name for name in names if not (folder / name).exists())
