"""Prices that the owners of a policy pack declare: a private discount, or an unlisted region.

``policy-pack/config/prices.json``, reviewed like the rest of the pack's config::

    {"prices": [{"item": "sns.request", "region": "eu-isoe-west-1", "unit": "request",
                 "price": "0.0000006", "source": "<where it stands>",
                 "by": "<who answers for it>", "date": "2026-12-01"}]}

A declared price replaces the published one of its item and region. ``tiers`` may stand instead of
``price``, as in the catalogue.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.pricing.errors import CostError
from mobile_ai.pricing.price import Price, Source, read_price

DECLARED_FILE: Final = "policy-pack/config/prices.json"
"""The pack's file of declared prices, from the root of a checkout."""

_refused = CostError.advising(
    f"correct {DECLARED_FILE}; `mobile-ai cost prices declare --help` shows an entry, "
    "`mobile-ai cost prices show` the items"
)

_TEXTS: Final = ("item", "region", "unit", "source", "by", "date")
_PRICES: Final = ("price", "tiers")
_AMOUNT: Final = r"^[0-9]+(\.[0-9]+)?$"
_PLAIN: Final = re.compile(_AMOUNT, re.ASCII)


def declared_prices(
    text: str, known: Mapping[str, Price], *, currency: str
) -> dict[tuple[str, str], Price]:
    """Return the declared prices by item and region.

    Args:
        text: Content of the file.
        known: A published price of each item, for its service and unit.
        currency: Currency of the catalogue.

    Raises:
        CostError: If an entry is incomplete, names an unknown item, or states no positive price.
    """
    found: dict[tuple[str, str], Price] = {}
    for index, entry in enumerate(_entries(text)):
        where = f"{DECLARED_FILE} prices[{index}]"
        price = _price(entry, known, currency, where)
        if (price.item, price.region) in found:
            raise _refused(where, f"{price.item} in {price.region} twice", "one entry for each")
        found[price.item, price.region] = price
    return found


def _entries(text: str) -> list[Any]:
    try:
        value = read_json(text, name=DECLARED_FILE)
    except DocumentError as error:
        raise _refused(DECLARED_FILE, error.got, error.expected) from error
    entries = value.get("prices") if isinstance(value, dict) else None
    if not isinstance(entries, list) or set(value) - {"$schema", "prices"}:
        raise _refused(DECLARED_FILE, f"{value!r}"[:80], "an object with `prices`, a list")
    return entries


def _price(entry: Any, items: Mapping[str, Price], currency: str, where: str) -> Price:
    if not isinstance(entry, Mapping) or set(entry) - {*_TEXTS, *_PRICES}:
        raise _refused(where, f"{entry!r}", f"keys of {sorted((*_TEXTS, *_PRICES))}")
    texts = {key: entry.get(key) for key in _TEXTS}
    if not all(isinstance(item, str) and item.strip() for item in texts.values()):
        raise _refused(where, f"{texts}", "all of them filled in")
    _require_day(texts["date"], where)
    for amount in _amounts(entry):
        if not isinstance(amount, str) or not _PLAIN.fullmatch(amount):
            raise _refused(where, f"{amount!r}", 'an amount in plain digits, such as "0.0000004"')
    known = items.get(str(texts["item"]))
    if known is None or known.unit != texts["unit"]:
        expected = "an item of the catalogue" if known is None else f"unit {known.unit!r}"
        raise _refused(where, f"{texts['item']} per {texts['unit']}", expected)
    row = {
        **{key: entry[key] for key in ("item", "region", "unit", *_PRICES) if key in entry},
        "service": known.service,
        "currency": currency,
        "source": "declared",
    }
    via = f"declared by {texts['by']}: {texts['source']}"
    source = Source(url=DECLARED_FILE, date=str(texts["date"]), via=via)
    price = read_price(row, {"declared": source}, currency=currency, name=where)
    if not price.known or any(tier.price <= 0 for tier in price.tiers):
        raise _refused(where, f"{entry.get('price', entry.get('tiers'))!r}", "a price above 0")
    return replace(price, declared=True)


def _amounts(entry: Mapping[str, Any]) -> Iterator[Any]:
    """Yield every amount of an entry that has the form of one; the rest is refused later."""
    if "price" in entry:
        yield entry["price"]
    tiers = entry.get("tiers")
    for tier in tiers if isinstance(tiers, list) else ():
        if isinstance(tier, Mapping):
            yield from (tier[key] for key in ("price", "upTo") if tier.get(key) is not None)


def _require_day(text: Any, where: str) -> None:
    try:
        dt.date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise _refused(where, f"date {text!r}", "a day such as 2026-12-01") from error


def declared_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, for editors."""
    amount = {"type": "string", "pattern": _AMOUNT}
    tier = {
        "type": "object",
        "additionalProperties": False,
        "required": ["upTo", "price"],
        "properties": {"upTo": {"anyOf": [amount, {"type": "null"}]}, "price": amount},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Declared prices of a policy pack",
        "type": "object",
        "additionalProperties": False,
        "required": ["prices"],
        "properties": {
            "$schema": {"type": "string"},
            "prices": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": list(_TEXTS),
                    "oneOf": [{"required": ["price"]}, {"required": ["tiers"]}],
                    "properties": {
                        **{key: {"type": "string", "minLength": 1} for key in _TEXTS},
                        "price": amount,
                        "tiers": {"type": "array", "minItems": 1, "items": tier},
                    },
                },
            },
        },
    }
