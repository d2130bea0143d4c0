"""Refreshing the price catalogue, from the query API and from a bulk offer file."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from mobile_ai.operations.prices import OfferFile, PriceListApi, Refresh, refresh_prices
from mobile_ai.pricing import CostError, load_catalogue
from mobile_ai.pricing.items import REGIONAL_ITEMS
from tests.pricing.support import PRICES

TODAY = "2026-12-02"
ATHENA = {"regions": ["ap-southeast-6"], "services": ["athena"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PRICES, tmp_path / "prices"))


def product(usage: str, region: str, *prices: tuple[str, str, str]) -> dict[str, Any]:
    rows = {
        f"r{i}": {"beginRange": begin, "endRange": end, "pricePerUnit": {"USD": price}}
        for i, (begin, end, price) in enumerate(prices)
    }
    return {
        "product": {"sku": usage, "attributes": {"usagetype": usage, "regionCode": region}},
        "terms": {"OnDemand": {"t": {"priceDimensions": rows}}},
    }


SCANNED = product("APS9-DataScannedInTB", "ap-southeast-6", ("0", "Inf", "5.0000000000"))


class Client:
    """A price list of some products by service, which counts how often it is asked."""

    def __init__(self, products: Mapping[str, list[dict[str, Any]]], error: str = "") -> None:
        self.list = products
        self.error = error
        self.asked: list[tuple[str, str]] = []

    def get_paginator(self, name: str) -> "Client":
        assert name == "get_products"
        return self

    def paginate(self, *, ServiceCode: str, Filters: list[dict[str, str]]) -> list[dict[str, Any]]:  # noqa: N803
        if self.error:
            raise ClientError({"Error": {"Code": self.error, "Message": "no"}}, "GetProducts")
        region = next(item["Value"] for item in Filters if item["Field"] == "regionCode")
        self.asked.append((ServiceCode, region))
        rows = [
            json.dumps(item)
            for item in self.list.get(ServiceCode, [])
            if item["product"]["attributes"]["regionCode"] == region
        ]
        return [{"PriceList": rows[:1]}, {"PriceList": rows[1:]}]


def refreshed(folder: Path, client: Client, *, write: bool = True, **only: Any) -> Refresh:
    chosen = {"regions": [], "services": [], **only}
    return refresh_prices(folder, PriceListApi(client), write=write, today=TODAY, **chosen)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_refresh_shows_what_changed_and_writes_only_if_asked(folder: Path) -> None:
    before = content(folder)

    found = refreshed(folder, Client({"AmazonAthena": [SCANNED]}), write=False, **ATHENA)

    assert found.changes == ("athena.scan ap-southeast-6: unknown -> 5.0000000000 USD per TB",)
    assert (found.unknown, found.written) == ((), None)
    assert content(folder) == before


def test_a_refresh_writes_a_dated_file_that_loads_and_is_current(folder: Path) -> None:
    found = refreshed(folder, Client({"AmazonAthena": [SCANNED]}), **ATHENA)

    assert found.written == folder / f"{TODAY}.json"
    assert sorted(content(folder)) == [f"{TODAY}.json", "current.json"]
    catalogue = load_catalogue(folder)
    price = catalogue.find("athena.scan", "ap-southeast-6")
    assert price is not None
    assert (str(price.tiers[0].price), price.ceiling) == ("5.0000000000", None)
    assert (price.source.date, price.source.via) == (TODAY, "GetProducts of the price list")
    assert catalogue.date.isoformat() == TODAY


@pytest.mark.parametrize("at", [1, 2])
def test_a_disk_that_fills_leaves_the_catalogue_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    before, calls = content(folder), iter(range(1, 9))
    flush = os.fsync

    def full(handle: int) -> None:
        if next(calls) == at:
            raise OSError(errno.EFBIG, "File too large")
        flush(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="File too large"):
        refreshed(folder, Client({"AmazonAthena": [SCANNED]}), **ATHENA)

    assert content(folder) == before


def test_a_second_refresh_changes_nothing(folder: Path) -> None:
    refreshed(folder, Client({"AmazonAthena": [SCANNED]}), **ATHENA)
    before = content(folder)

    found = refreshed(folder, Client({"AmazonAthena": [SCANNED]}), **ATHENA)

    assert (found.changes, found.written) == ((), None)
    assert content(folder) == before


def test_a_further_refresh_of_the_day_keeps_the_current_file_whole_until_the_end(
    folder: Path,
) -> None:
    refreshed(folder, Client({"AmazonAthena": [SCANNED]}), **ATHENA)
    dearer = product("APS9-DataScannedInTB", "ap-southeast-6", ("0", "Inf", "6"))

    found = refreshed(folder, Client({"AmazonAthena": [dearer]}), **ATHENA)

    assert found.written == folder / f"{TODAY}-2.json"
    assert sorted(content(folder)) == [f"{TODAY}-2.json", "current.json"]


def test_what_stays_unknown_is_listed_with_its_commands(folder: Path) -> None:
    found = refreshed(folder, Client({}), **ATHENA)

    (unknown,) = found.unknown
    assert "no price for athena.scan (athena, per TB) in ap-southeast-6" in unknown
    assert "`mobile-ai cost prices declare athena.scan --region ap-southeast-6`" in unknown


def test_a_region_that_the_catalogue_lacks_gets_a_row_for_every_item(folder: Path) -> None:
    there = product("XXN1-DataScannedInTB", "xx-north-1", ("0", "Inf", "5"))

    found = refreshed(folder, Client({"AmazonAthena": [there]}), regions=["xx-north-1"])

    assert len(found.unknown) == len(REGIONAL_ITEMS) - 1
    catalogue = load_catalogue(folder)
    rows = {item: catalogue.prices[item, "xx-north-1"] for item in REGIONAL_ITEMS}
    assert {item for item, price in rows.items() if price.known} == {"athena.scan"}
    assert all(price.known or price.ceiling for price in rows.values())


def test_a_query_is_sent_once(folder: Path) -> None:
    client = Client({})

    refreshed(folder, client, regions=["eu-north-1"], services=["lambda", "logs"])

    assert sorted(client.asked) == [("AWSLambda", "eu-north-1"), ("AmazonCloudWatch", "eu-north-1")]


def test_a_service_that_does_not_exist_is_refused(folder: Path) -> None:
    with pytest.raises(CostError, match="one of alb, "):
        refreshed(folder, Client({}), services=["lambada"])


def test_two_prices_for_one_row_are_refused_and_nothing_is_written(folder: Path) -> None:
    before = content(folder)
    second = product("APS8-DataScannedInTB", "ap-southeast-6", ("0", "Inf", "7"))

    with pytest.raises(CostError, match="2 different prices"):
        refreshed(folder, Client({"AmazonAthena": [SCANNED, second]}), **ATHENA)

    assert content(folder) == before


def test_an_account_without_the_right_is_told_what_to_do(folder: Path) -> None:
    with pytest.raises(CostError, match="pricing:GetProducts"):
        refreshed(folder, Client({}, error="AccessDeniedException"), **ATHENA)


def offer_file(folder: Path, **changes: Any) -> Path:
    """A bulk offer file of Athena with one product."""
    value = {
        "formatVersion": "v1.0",
        "offerCode": "AmazonAthena",
        "version": "20261120000000",
        "publicationDate": "2026-11-20T00:00:00Z",
        "products": {"S": SCANNED["product"]},
        "terms": {"OnDemand": {"S": SCANNED["terms"]["OnDemand"]}},
        **changes,
    }
    path = folder / "index.json"
    path.write_text(json.dumps(value))
    return path


def test_an_offer_file_fills_rows_of_its_service_with_its_version(
    folder: Path, tmp_path: Path
) -> None:
    source = OfferFile(offer_file(tmp_path))

    found = refresh_prices(
        folder, source, regions=["ap-southeast-6"], services=[], write=True, today=TODAY
    )

    assert [line.split(":")[0] for line in found.changes] == ["athena.scan ap-southeast-6"]
    price = load_catalogue(folder).prices["athena.scan", "ap-southeast-6"]
    assert price.source.date == "2026-11-20"
    assert price.source.url.endswith("/AmazonAthena/20261120000000/ap-southeast-6/index.json")


@pytest.mark.parametrize(
    "changes",
    [
        {"offerCode": None},
        {"products": []},
        {"terms": None},
        {"products": {"S": {"attributes": None}}},
    ],
)
def test_another_file_is_refused_and_nothing_is_written(
    folder: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    before = content(folder)

    with pytest.raises(CostError, match=r"offer file index\.json"):
        refresh_prices(
            folder,
            OfferFile(offer_file(tmp_path, **changes)),
            regions=["ap-southeast-6"],
            services=[],
            write=True,
            today=TODAY,
        )

    assert content(folder) == before


def test_the_pointer_has_the_digest_of_the_file(folder: Path) -> None:
    refreshed(folder, Client({"AmazonAthena": [SCANNED]}), **ATHENA)

    pointer = json.loads((folder / "current.json").read_text())
    digest = hashlib.sha256((folder / pointer["file"]).read_bytes()).hexdigest()
    assert pointer["sha256"] == digest


def recorded(usage: str, **changes: Any) -> str:
    """Return a product as GetProducts answers it (format aws_v1): JSON in a list of texts."""
    attributes = {
        "servicecode": "AmazonAthena",
        "location": "Asia Pacific (New Zealand)",
        "locationType": "AWS Region",
        "group": "Athena Queries",
        "usagetype": usage,
        "operation": "",
        "regionCode": "ap-southeast-6",
        "servicename": "Amazon Athena",
    }
    return json.dumps(
        {
            "product": {"productFamily": "Athena Queries", "attributes": attributes, "sku": "S1"},
            "serviceCode": "AmazonAthena",
            "terms": changes.get("terms", {"OnDemand": {"S1.T1": term(("0", "Inf", "5.00"))}}),
            "version": "20261120173845",
            "publicationDate": "2026-11-20T17:38:45Z",
        }
    )


def term(*prices: tuple[str, str, str], currency: str = "USD") -> dict[str, Any]:
    return {
        "priceDimensions": {
            f"S1.T1.{number}": {
                "unit": "Terabytes",
                "endRange": end,
                "description": f"{currency} {price} per Terabyte",
                "appliesTo": [],
                "rateCode": f"S1.T1.{number}",
                "beginRange": begin,
                "pricePerUnit": {currency: price},
            }
            for number, (begin, end, price) in enumerate(prices)
        },
        "sku": "S1",
        "effectiveDate": "2026-11-01T00:00:00Z",
        "offerTermCode": "T1",
        "termAttributes": {},
    }


def offered(*prices: tuple[str, str, str], currency: str = "USD") -> dict[str, Any]:
    return {"OnDemand": {"S1.T1": term(*prices, currency=currency)}}


RESERVED = {"Reserved": {"S1.R1": term(("0", "Inf", "3.00"))}}
ONE = {"S1.T1": term(("0", "Inf", "5.00"))}
OTHER = {"S1.T2": term(("0", "Inf", "4.00"))}


def asked_of_aws(folder: Path, *pages: list[str]) -> Refresh:
    """Refresh from answers that botocore checks against the API's model, page by page."""
    client = boto3.client(
        "pricing",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    expected = {
        "ServiceCode": "AmazonAthena",
        "Filters": [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "ap-southeast-6"}],
    }
    with Stubber(client) as stubber:
        for number, page in enumerate(pages):
            answer: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": page}
            if number + 1 < len(pages):
                answer["NextToken"] = f"page-{number + 1}"
            before = {"NextToken": f"page-{number}"} if number else {}
            stubber.add_response("get_products", answer, {**expected, **before})
        found = refresh_prices(folder, PriceListApi(client), write=False, today=TODAY, **ATHENA)
        stubber.assert_no_pending_responses()
    return found


USAGE = "APS9-DataScannedInTB"
PRICE = ("athena.scan ap-southeast-6: unknown -> 5.00 USD per TB",)


@pytest.mark.parametrize(
    ("pages", "changes"),
    [
        ([[recorded("APS9-DML")], [recorded(USAGE)]], PRICE),
        ([[], [recorded(USAGE)], []], PRICE),
        ([[recorded(USAGE, terms={**RESERVED, "OnDemand": ONE})]], PRICE),
        ([[recorded(USAGE, terms=RESERVED), recorded(USAGE)]], PRICE),
        ([[recorded(USAGE, terms={})]], ()),
        ([[recorded(USAGE, terms=offered(("0", "Inf", "0.0000000000")))]], ()),
        (
            [
                [
                    recorded(USAGE),
                    recorded(USAGE, terms=offered(("0", "Inf", "0"))),
                ]
            ],
            PRICE,
        ),
        ([[recorded(USAGE, terms={"OnDemand": {**ONE, "S1.T2": ONE["S1.T1"]}})]], PRICE),
        (
            [[recorded(USAGE, terms=offered(("9", "Inf", "4"), ("0", "9", "5")))]],
            ("athena.scan ap-southeast-6: unknown -> 5 / 4 USD per TB",),
        ),
        (
            [[recorded(USAGE, terms=offered(("1", "Inf", "5"), ("0", "1", "0")))]],
            ("athena.scan ap-southeast-6: unknown -> 5 USD per TB",),
        ),
    ],
    ids=[
        *("two pages", "empty pages", "reserved too", "reserved alone", "no terms"),
        *("free", "free beside", "same twice", "tiers", "allowance"),
    ],
)
def test_an_answer_of_the_real_api_is_read(
    folder: Path, pages: list[list[str]], changes: tuple[str, ...]
) -> None:
    assert asked_of_aws(folder, *pages).changes == changes


@pytest.mark.parametrize(
    ("terms", "word"),
    [
        ({"OnDemand": {**ONE, **OTHER}}, "2 different prices"),
        (offered(("0", "Inf", "36.3"), currency="CNY"), "CNY"),
        (offered(("0", "Inf", "5.1"), currency="EUR"), "EUR"),
        (offered(("0", "10", "5"), ("20", "Inf", "4")), "without a gap"),
        (offered(("0", "10", "5")), "without a gap"),
        (offered(), "without a gap"),
        (offered(("0", "Inf", "NaN")), "NaN"),
        (offered(("0", "Inf", "-5")), "-5"),
        (offered(("0", "Inf", "1e400")), "1e400"),
        (offered(("zero", "Inf", "5")), "beginRange"),
        ({"OnDemand": {"t": {}}}, "malformed"),
        ({"OnDemand": []}, "malformed"),
    ],
)
def test_an_answer_that_is_no_one_price_is_refused(
    folder: Path, terms: dict[str, Any], word: str
) -> None:
    with pytest.raises(CostError, match=word):
        asked_of_aws(folder, [recorded(USAGE, terms=terms)])
