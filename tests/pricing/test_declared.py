"""Prices that a pack's owners declare."""

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mobile_ai.pricing import Catalogue, CostError, estimate
from mobile_ai.pricing.catalogue import load_prices
from mobile_ai.pricing.declared import declared_prices, declared_schema
from tests.pricing.support import PRICES, UNPRICED, resource, shipped

ENTRY = {
    "item": "athena.scan",
    "region": "ap-southeast-6",
    "unit": "TB",
    "price": "4.5",
    "source": "agreement 2026-17",
    "by": "finops@example.com",
    "date": "2026-12-01",
}


def text_of(*entries: dict[str, Any]) -> str:
    return json.dumps({"prices": list(entries)})


def pack(folder: Path, *entries: dict[str, Any]) -> Catalogue:
    """The prices of a pack with declared ones."""
    shutil.copytree(PRICES, folder / "mobile_ai" / "pricing" / "prices")
    (folder / "config").mkdir()
    (folder / "config" / "prices.json").write_text(text_of(*entries))
    return load_prices(folder)


def test_a_declared_price_fills_a_gap_and_says_who_declared_it(tmp_path: Path) -> None:
    found = estimate([UNPRICED], pack(tmp_path, ENTRY))

    (line,) = found.lines
    assert (line.status, line.declared) == ("priced", True)
    assert line.amount is not None
    assert line.amount.typical == Decimal("0.45")
    (told,) = found.declared()
    assert told.startswith("athena.scan in ap-southeast-6, declared by finops@example.com: ")
    assert told.endswith("agreement 2026-17 (2026-12-01)")


def test_a_declared_price_replaces_a_published_one(tmp_path: Path) -> None:
    discount = {**ENTRY, "region": "eu-central-1"}
    queries = resource("aws:athena/workgroup:Workgroup", {})

    catalogue = pack(tmp_path, discount)
    (line,) = estimate([queries], catalogue).lines

    assert line.amount is not None
    assert line.amount.typical == Decimal("0.45")
    assert len(catalogue.declared_sha256) == 64


def test_a_pack_without_the_file_has_published_prices_only() -> None:
    assert shipped().declared_sha256 == ""
    assert not any(price.declared for price in shipped().prices.values())


def test_an_entry_with_tiers_is_read() -> None:
    tiers = [{"upTo": "10", "price": "5"}, {"upTo": None, "price": "4"}]
    entry = {key: value for key, value in ENTRY.items() if key != "price"} | {"tiers": tiers}

    (price,) = declared_prices(text_of(entry), shipped().samples, currency="USD").values()

    assert price.cost(Decimal(20)) == 90


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([{**ENTRY, "price": "0"}], "a price above 0"),
        ([{**ENTRY, "price": None}], "plain digits"),
        ([{**ENTRY, "price": "-1"}], "plain digits"),
        ([{**ENTRY, "price": "nan"}], "plain digits"),
        ([{**ENTRY, "price": "1e400"}], "plain digits"),
        ([{**ENTRY, "price": "1e-400"}], "plain digits"),
        ([{**ENTRY, "price": " 5"}], "plain digits"),
        ([{**ENTRY, "price": "1_0"}], "plain digits"),
        ([{**ENTRY, "price": "\u0663"}], "plain digits"),
        ([{**ENTRY, "price": "5\n"}], "plain digits"),
        ([{**ENTRY, "price": "9" * 40}], "a number from 0"),
        ([{**ENTRY, "price": "cheap"}], "plain digits"),
        ([{**ENTRY, "unit": "GB"}], "unit 'TB'"),
        ([{**ENTRY, "item": "no.such.item"}], "an item of the catalogue"),
        ([{**ENTRY, "by": " "}], "filled in"),
        ([{**ENTRY, "date": "soon"}], "a day"),
        ([{**ENTRY, "note": "x"}], "keys of"),
        ([{key: value for key, value in ENTRY.items() if key != "price"}], "price or tiers"),
        ([ENTRY, ENTRY], "twice"),
        (["text"], "keys of"),
    ],
)
def test_an_entry_that_cannot_be_right_is_refused_with_its_place(
    entries: list[Any], message: str
) -> None:
    with pytest.raises(CostError, match=message) as refused:
        declared_prices(text_of(*entries), shipped().samples, currency="USD")

    assert "policy-pack/config/prices.json prices[" in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"prices": {}}', '{"prices": [], "x": 1}'])
def test_another_file_is_refused(text: str) -> None:
    with pytest.raises(CostError, match=r"policy-pack/config/prices\.json"):
        declared_prices(text, shipped().samples, currency="USD")


def test_the_schema_takes_what_the_reader_takes() -> None:
    validator = jsonschema.Draft202012Validator(declared_schema())
    tiers = {key: value for key, value in ENTRY.items() if key != "price"}

    assert validator.is_valid({"prices": [ENTRY]})
    assert validator.is_valid({"prices": [{**tiers, "tiers": [{"upTo": None, "price": "1"}]}]})
    assert not validator.is_valid({"prices": [tiers]})
    assert not validator.is_valid({"prices": [{**ENTRY, "by": ""}]})
    assert not validator.is_valid({"prices": [{**ENTRY, "note": "x"}]})
