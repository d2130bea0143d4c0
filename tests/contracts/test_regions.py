"""The shipped table has every public region of AWS, each in the jurisdictions of its country."""

import json
from typing import Any

import botocore.loaders
import pytest

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.regions import shipped_regions

TABLE = shipped_regions()
# Classified partitions: their regions are in no public list of AWS.
_PRIVATE = "aws-iso"


def endpoints() -> dict[str, tuple[str, str]]:
    """Return partition and name of every region, as botocore has them."""
    value = botocore.loaders.create_loader().load_data("endpoints")
    return {
        region: (partition["partition"], row["description"])
        for partition in value["partitions"]
        if not partition["partition"].startswith(_PRIVATE)
        for region, row in partition["regions"].items()
    }


def test_regions_and_partitions_are_those_of_the_aws_client() -> None:
    assert {name: row.partition for name, row in TABLE.regions.items()} == {
        name: partition for name, (partition, _) in endpoints().items()
    }


def test_names_are_those_of_aws() -> None:
    plain = {name: row.name.replace("São", "Sao") for name, row in TABLE.regions.items()}

    assert plain == {name: text for name, (_, text) in endpoints().items()}


@pytest.mark.parametrize(
    ("region", "jurisdictions"),
    [
        ("eu-central-1", {"DE", "EU", "EEA"}),
        ("eusc-de-east-1", {"DE", "EU", "EEA"}),
        ("eu-central-2", {"CH"}),
        ("eu-west-2", {"GB", "UK"}),
        ("us-gov-west-1", {"US"}),
        ("cn-north-1", {"CN"}),
        ("ap-southeast-2", {"AU"}),
        ("eu-middle-1", set()),
    ],
)
def test_region_is_in_the_jurisdictions_of_its_country(
    region: str, jurisdictions: set[str]
) -> None:
    assert TABLE.jurisdictions_of(region) == jurisdictions


def test_every_region_is_in_a_jurisdiction_that_names_it() -> None:
    for region in TABLE.regions:
        for place in (region, *TABLE.jurisdictions_of(region)):
            assert region in TABLE.within([place], name="test")


def test_groups_have_the_members_that_the_treaties_have() -> None:
    assert len(TABLE.groups["EU"]) == 27
    assert TABLE.groups["EEA"] - TABLE.groups["EU"] == {"IS", "LI", "NO"}


@pytest.mark.parametrize("place", ["Europe", "eu", "", None, ["EU"]], ids=repr)
def test_an_unknown_place_is_refused(place: object) -> None:
    with pytest.raises(DocumentError, match="a known region, or one of"):
        TABLE.within(["EU", place], name="test")  # type: ignore[list-item]


def test_locations_reach_the_last_class_that_a_country_needs() -> None:
    assert TABLE.price_classes_of(["eu-west-1", "us-east-1"]) == ("PriceClass_100",)
    assert TABLE.price_classes_of(["ap-northeast-1"]) == ("PriceClass_100", "PriceClass_200")
    assert TABLE.price_classes_of(["sa-east-1"])[-1] == "PriceClass_All"


def test_an_extension_keeps_what_is_shipped() -> None:
    more = TABLE.extended({"eu-middle-1": {"country": "DE"}}, name="test")

    assert more.jurisdictions_of("eu-middle-1") == TABLE.jurisdictions_of("eu-central-1")
    assert {**more.regions} == {**TABLE.regions, "eu-middle-1": more.regions["eu-middle-1"]}
    assert json.loads(more.regions["eu-middle-1"].model_dump_json())["partition"] == "aws"


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        (["eu-middle-1"], "test"),
        ({"Frankfurt": {"country": "DE"}}, "test.Frankfurt"),
        ({"eu-middle-1": {}}, "test.eu-middle-1.country"),
        ({"eu-middle-1": {"country": "Germany"}}, "test.eu-middle-1.country"),
        ({"eu-central-1": {"country": "US"}}, "test.eu-central-1"),
    ],
)
def test_a_malformed_or_moved_region_is_refused_by_its_place(rows: Any, place: str) -> None:
    with pytest.raises(DocumentError) as refused:
        TABLE.extended(rows, name="test")
    assert refused.value.what == place
