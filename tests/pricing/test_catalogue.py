"""The price catalogue: what is in it, and what it refuses."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.pricing import CostError, load_catalogue, parse_catalogue
from mobile_ai.pricing.items import asked_rows, regions_of
from mobile_ai.pricing.price import Tier
from tests.pricing.support import PRICES, catalogue_of, shipped, shipped_text

LEFT_OUT = "left out"
REGIONS = {
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-west-2",
}


def document(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "region": "eu-central-1",
        "service": "kms",
        "item": "kms.key",
        "unit": "key-month",
        "currency": "USD",
        "price": "1.00",
        "source": "page",
    }
    row |= changes.pop("row", {})
    value = {
        "apiVersion": "mobile-ai/v1",
        "kind": "PriceCatalogue",
        "date": "2026-11-23",
        "currency": "USD",
        "sources": {"page": {"url": "https://example.com", "date": "2026-11-01", "via": "read"}},
        "rows": [{key: item for key, item in row.items() if item != LEFT_OUT}],
    }
    return {**value, **changes}


def test_every_known_price_names_a_page_and_a_day() -> None:
    for price in shipped().prices.values():
        if price.known:
            assert price.source.url.startswith("https://")
            assert len(price.source.date) == 10


def test_the_catalogue_covers_the_commercial_regions() -> None:
    assert set(regions_of(shipped())) >= REGIONS


def test_every_row_that_an_estimate_can_need_is_there_known_or_not() -> None:
    assert set(asked_rows(shipped())) <= set(shipped().prices)


def test_an_unknown_price_says_so_and_is_no_zero() -> None:
    price = shipped().find("athena.scan", "ap-southeast-6")

    assert price is not None
    assert not price.known
    assert price.ceiling == Decimal(18)
    assert "unknown" in price.note


def test_a_worldwide_price_holds_in_every_region() -> None:
    assert shipped().find("waf.acl", "eu-west-1") == shipped().find("waf.acl", "global")


def test_a_price_that_nothing_states_is_not_found() -> None:
    assert shipped().find("kms.key", "eu-central-1") is not None
    assert shipped().find("no.such.item", "eu-central-1") is None


def test_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    pointer = json.loads((PRICES / "current.json").read_text())
    (tmp_path / "current.json").write_text(json.dumps(pointer))
    (tmp_path / pointer["file"]).write_text(shipped_text().replace("0.149", "0.140", 1))

    with pytest.raises(CostError, match="changed by hand"):
        load_catalogue(tmp_path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CostError, match=r"current\.json"):
        load_catalogue(tmp_path)


def test_a_pointer_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "current.json").write_text('{"file": "../secret.json", "sha256": "x"}')

    with pytest.raises(CostError, match="without folder"):
        load_catalogue(tmp_path)


def test_another_digest_is_refused() -> None:
    with pytest.raises(CostError, match="sha256"):
        parse_catalogue(shipped_text(), sha256="0" * 64)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"currency": "EUR"}, "EUR"),
        ({"source": "nobody"}, "nobody"),
        ({"region": ""}, "filled in"),
        ({"price": "-1"}, "number from 0"),
        ({"price": "NaN"}, "number from 0"),
        ({"price": "cheap"}, "number from 0"),
        ({"price": LEFT_OUT}, "price or tiers"),
        ({"surprise": 1}, "keys of"),
        ({"price": LEFT_OUT, "tiers": []}, "rising"),
        ({"price": LEFT_OUT, "tiers": [{"upTo": "10", "price": "1"}]}, "last one open"),
        (
            {
                "price": LEFT_OUT,
                "tiers": [
                    {"upTo": "10", "price": "1"},
                    {"upTo": "5", "price": "1"},
                    {"upTo": None, "price": "1"},
                ],
            },
            "rising",
        ),
    ],
)
def test_a_row_that_cannot_be_right_is_refused(row: dict[str, Any], message: str) -> None:
    with pytest.raises(CostError, match=message):
        catalogue_of(document(row=row))


def test_two_rows_for_one_price_are_refused() -> None:
    value = document()

    with pytest.raises(CostError, match="twice"):
        catalogue_of({**value, "rows": value["rows"] * 2})


def test_a_catalogue_without_a_day_is_refused() -> None:
    with pytest.raises(CostError, match="date"):
        catalogue_of(document(date="yesterday"))


def test_age_is_counted_in_days() -> None:
    catalogue = catalogue_of(document())

    assert catalogue.age_days(catalogue.date.replace(day=30)) == 7


@pytest.mark.parametrize(
    ("gigabytes", "usd"),
    [
        # First 10 TB at 0.085, next 40 at 0.080, next 100 at 0.060 (CloudFront's page).
        ("0", "0"),
        ("1", "0.085"),
        ("10239", "870.315"),
        ("10240", "870.40"),
        ("10241", "870.48"),
        ("51200", "4147.20"),
        ("51201", "4147.26"),
        ("153600", "10291.20"),
        ("153601", "10291.24"),
    ],
)
def test_a_tiered_month_is_exact_at_every_border(gigabytes: str, usd: str) -> None:
    price = shipped().find("cloudfront.egress", "edge:europe")

    assert price is not None
    assert price.cost(Decimal(gigabytes)) == Decimal(usd)


def test_the_last_tier_is_open() -> None:
    price = shipped().find("cloudfront.egress", "edge:us")

    assert price is not None
    assert price.tiers[-1] == Tier(None, Decimal("0.020"))
