"""The rows that an estimate can need: complete against the price models, and mostly priced."""

import ast
import re
from pathlib import Path

from mobile_ai.contracts.resource import Resource
from mobile_ai.governance.rules.money import RULES
from mobile_ai.pricing import estimate, kinds
from mobile_ai.pricing.items import (
    DATABASES,
    EDGE_ITEMS,
    GLOBAL_ITEMS,
    REGIONAL_ITEMS,
    asked_rows,
    regions_of,
)
from mobile_ai.pricing.offers import offer_of
from mobile_ai.pricing.price import Price
from tests.pricing.support import shipped

LISTED = {*REGIONAL_ITEMS, *GLOBAL_ITEMS, *EDGE_ITEMS}
# Names that a price model puts together.
FAMILIES = re.compile(
    r"fargate\.(arm|x86)\.(vcpu|memory)|rds\.(postgres|storage)\..*|s3\.transition\.infrequent"
)
# Without a resource that a stack may declare: no component moves objects to these classes.
CLASSES = {
    "s3.deep-archive.storage",
    "s3.glacier-instant.storage",
    "s3.glacier.storage",
    "s3.intelligent.storage",
}
REGIONS = {
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-west-2",
}
ITEM = re.compile(r"[a-z][a-z0-9]*(\.[a-z0-9-]+)+")
# Stated by the stack file, or no item of a bill.
STATED = {"site.node", "site.storage", "device.energy"}


def named_items() -> set[str]:
    """Every text of the price models that has the form of an item."""
    folder = Path(kinds.__file__).parent
    trees = (ast.parse(path.read_text()) for path in folder.glob("*.py"))
    texts = (node.value for tree in trees for node in ast.walk(tree) if is_text(node))
    return {text for text in texts if ITEM.fullmatch(text)}


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_item_that_a_price_model_names_is_listed() -> None:
    assert named_items() - LISTED - CLASSES - STATED == set()


def test_every_listed_item_is_one_that_a_price_model_names() -> None:
    named = named_items()

    assert {item for item in LISTED if item not in named and not FAMILIES.fullmatch(item)} == set()


def test_plans_ask_for_listed_items_only(dev: list[Resource], prod: list[Resource]) -> None:
    lines = [*estimate(dev, shipped()).lines, *estimate(prod, shipped()).lines]

    asked = {line.item for line in lines if line.status != "free"}
    assert asked - LISTED - STATED == set()


def test_databases_are_those_that_a_rule_allows() -> None:
    (rule,) = (rule for rule in RULES if rule.id == "sizes-allowed")

    assert list(DATABASES) == rule.parameters["database"].default


def test_at_least_95_percent_of_the_rows_have_a_price() -> None:
    rows = asked_rows(shipped())

    known = sum(shipped().prices[row].known for row in rows)
    assert known / len(rows) >= 0.95


def test_ten_regions_are_complete() -> None:
    assert set(regions_of(shipped())) >= REGIONS
    rows = [row for row in asked_rows(shipped()) if row[1] in REGIONS]

    assert [row for row in rows if not shipped().prices[row].known] == []


def test_a_price_is_within_a_factor_of_the_others_of_its_item() -> None:
    """A figure of another unit or service is off by orders of magnitude."""
    for item in REGIONAL_ITEMS:
        prices = [
            price.tiers[0].price
            for (name, region), price in shipped().prices.items()
            if name == item and is_plain(price)
        ]
        assert max(prices) <= 8 * min(prices), item


def is_plain(price: Price) -> bool:
    return price.known and "-" in price.region


def test_the_price_list_can_be_asked_for_all_but_two_items() -> None:
    assert {item for item in REGIONAL_ITEMS if offer_of(item) is None} == {
        "firehose.convert",  # its usage type is not documented
        "transfer.region",  # a price for each pair of regions
    }
