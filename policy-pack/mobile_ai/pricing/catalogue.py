"""Loads the dated price catalogue from the pack's folder and verifies its digest."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.pricing.declared import DECLARED_FILE, declared_prices
from mobile_ai.pricing.errors import CostError
from mobile_ai.pricing.price import Price, Source, read_price

_refused = CostError.advising("restore it, or run `mobile-ai cost prices refresh`")

GLOBAL: Final = "global"
"""Region of a price that is the same everywhere."""
_POINTER: Final = "current.json"
_KEYS: Final = frozenset({"apiVersion", "kind", "date", "currency", "sources", "rows"})


@dataclass(frozen=True, kw_only=True)  # without slots: an index is computed once
class Catalogue:
    """All prices of one day.

    Attributes:
        date: The day.
        currency: Currency of every price (ISO 4217).
        sha256: Digest of the file.
        prices: By item and region.
        declared_sha256: Digest of the pack's declared prices; empty without any.
    """

    date: dt.date
    currency: str
    sha256: str
    prices: Mapping[tuple[str, str], Price]
    declared_sha256: str = ""

    def find(self, item: str, region: str) -> Price | None:
        """Return the row for an item in a region, else the worldwide one, else ``None``."""
        return self.prices.get((item, region)) or self.prices.get((item, GLOBAL))

    def sample(self, item: str) -> Price | None:
        """Return any row of an item, for its service and unit."""
        return self.samples.get(item)

    @cached_property
    def samples(self) -> Mapping[str, Price]:
        """A row of each item, for its service and unit."""
        return {item: price for (item, _), price in self.prices.items()}

    def age_days(self, today: dt.date) -> int:
        """Return the age of the prices in days."""
        return (today - self.date).days


def load_catalogue(folder: Path) -> Catalogue:
    """Return the catalogue that ``current.json`` of a folder names.

    Raises:
        CostError: If a file is missing, has changed since it was pinned, or is malformed.
    """
    pointer = _document(_text(folder / _POINTER), name=_POINTER)
    file, sha256 = pointer.get("file"), pointer.get("sha256")
    if not isinstance(file, str) or Path(file).name != file or not isinstance(sha256, str):
        raise _refused(_POINTER, repr(pointer), "file (a name without folder) and sha256")
    return parse_catalogue(_text(folder / file), sha256=sha256, name=file)


def catalogue_folder(pack: Path) -> Path:
    """Return the folder of a pack's catalogues: its own, or that of the installed package."""
    own = pack / "mobile_ai" / "pricing" / "prices"
    return own if own.is_dir() else Path(__file__).parent / "prices"


@cache
def pack_catalogue() -> Catalogue:
    """Return the prices of the pack that this module is part of.

    Raises:
        CostError: If a file is missing, malformed or does not match its digest.
    """
    return load_prices(Path(__file__).parents[2])


def load_prices(pack: Path) -> Catalogue:
    """Return the catalogue of a pack's folder, with the prices that its owners declare.

    Raises:
        CostError: If a file is missing, malformed or does not match its digest.
    """
    found = load_catalogue(catalogue_folder(pack))
    path = pack / "config" / Path(DECLARED_FILE).name
    if not os.path.lexists(path):
        return found
    text = _text(path)
    declared = declared_prices(text, found.samples, currency=found.currency)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return replace(found, prices={**found.prices, **declared}, declared_sha256=digest)


def parse_catalogue(text: str, *, sha256: str, name: str = "price catalogue") -> Catalogue:
    """Return the catalogue in a text.

    Raises:
        CostError: If the text has another digest, currency, or shape.
    """
    found = hashlib.sha256(text.encode()).hexdigest()
    if found != sha256:
        raise _refused(name, f"sha256 {found}", f"{sha256}: the file was changed by hand")
    value = _document(text, name=name)
    if set(value) != _KEYS or value["kind"] != "PriceCatalogue":
        raise _refused(name, f"keys {sorted(value)}", f"a PriceCatalogue with {sorted(_KEYS)}")
    sources = {key: Source(**item) for key, item in value["sources"].items()}
    prices: dict[tuple[str, str], Price] = {}
    for row in value["rows"]:
        price = read_price(row, sources, currency=value["currency"], name=name)
        if (price.item, price.region) in prices:
            raise _refused(name, f"{price.item} in {price.region} twice", "one row for each")
        prices[price.item, price.region] = price
    return Catalogue(
        date=_day(value["date"], name),
        currency=value["currency"],
        sha256=sha256,
        prices=prices,
    )


def _day(text: Any, name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise _refused(name, f"date {text!r}", "a day such as 2026-11-23") from error


def _document(text: str, *, name: str) -> dict[str, Any]:
    try:
        value = read_json(text, name=name)
    except DocumentError as error:
        raise _refused(name, error.got, error.expected) from error
    if not isinstance(value, dict):
        raise _refused(name, type(value).__name__, "an object")
    return value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(path.name, type(error).__name__, "a text file of the pack") from error
