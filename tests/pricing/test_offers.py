"""Reading products of the AWS price list."""

from decimal import Decimal
from typing import Any

import pytest

from mobile_ai.pricing import CostError
from mobile_ai.pricing.offers import OFFERS, Offer, offer_of, tiers_of
from mobile_ai.pricing.price import Tier
from tests.pricing.support import shipped

NAT = OFFERS["nat.hour"]


def product(
    usage: str, *prices: tuple[str, str, str], region: str = "eu-central-1", **more: Any
) -> dict[str, Any]:
    family = more.pop("family", "NAT Gateway")
    rows = {
        f"r{i}": {"beginRange": a, "endRange": b, "pricePerUnit": {more.pop("currency", "USD"): c}}
        for i, (a, b, c) in enumerate(prices)
    }
    return {
        "product": {
            "productFamily": family,
            "attributes": {"usagetype": usage, "regionCode": region, **more},
        },
        "terms": {"OnDemand": {"t": {"priceDimensions": rows}}},
    }


def test_a_product_gives_its_tiers_in_order() -> None:
    text = product("EUC1-NatGateway-Hours", ("10", "Inf", "0.04"), ("0", "10", "0.052"))

    assert tiers_of([text], NAT, region="eu-central-1") == (
        Tier(Decimal(10), Decimal("0.052")),
        Tier(None, Decimal("0.04")),
    )


def test_other_regions_and_other_usage_do_not_fit() -> None:
    others = [
        product("EU-NatGateway-Hours", ("0", "Inf", "1"), region="eu-west-1"),
        product("EUC1-RegionalNatGateway-Hours", ("0", "Inf", "1")),
        product("EUC1-Spot-NatGateway-Hours", ("0", "Inf", "1")),
    ]

    assert tiers_of(others, NAT, region="eu-central-1") == ()


def test_an_attribute_that_differs_does_not_fit() -> None:
    text = product("EUC1-LoadBalancerUsage", ("0", "Inf", "1"), operation="LoadBalancing:Network")

    assert tiers_of([text], OFFERS["alb.hour"], region="eu-central-1") == ()


def test_another_family_does_not_fit() -> None:
    text = product("EUC1-NatGateway-Hours", ("0", "Inf", "1"), family="Data Transfer")

    assert tiers_of([text], NAT, region="eu-central-1") == ()


def test_a_prefix_may_be_the_region_itself() -> None:
    text = product("eu-central-1-KMS-Requests", ("0", "Inf", "0.000003"))

    assert tiers_of([text], OFFERS["kms.request"], region="eu-central-1") == (
        Tier(None, Decimal("0.000003")),
    )
    assert tiers_of([text], OFFERS["kms.request.asymmetric"], region="eu-central-1") == ()


def test_a_free_allowance_of_the_account_is_left_out() -> None:
    text = product("EUC1-Requests-Tier1", ("0", "1000000", "0"), ("1000000", "Inf", "0.0000005"))

    assert tiers_of([text], OFFERS["sns.request"], region="eu-central-1") == (
        Tier(None, Decimal("0.0000005")),
    )


def test_two_prices_for_one_thing_are_an_error() -> None:
    texts = [product("EUC1-NatGateway-Hours", ("0", "Inf", p)) for p in ("1", "2")]

    with pytest.raises(CostError, match="2 different prices"):
        tiers_of(texts, NAT, region="eu-central-1")


def test_another_currency_is_an_error() -> None:
    text = product("EUC1-NatGateway-Hours", ("0", "Inf", "1"), currency="CNY")

    with pytest.raises(CostError, match="CNY"):
        tiers_of([text], NAT, region="eu-central-1")


def test_sizes_are_asked_for_by_their_name() -> None:
    machine, database = offer_of("ec2.linux.m7g.large"), offer_of("rds.postgres.multi.db.t4g.small")

    assert machine is not None
    assert machine.usage == "BoxUsage:m7g.large"
    assert database is not None
    assert database.usage == "Multi-AZUsage:db.t4g.small"
    assert offer_of("no.such.item") is None


def test_every_offer_is_of_an_item_that_the_catalogue_has() -> None:
    items = {item for item, _ in shipped().prices}

    assert set(OFFERS) <= items
    assert all(isinstance(offer, Offer) for offer in OFFERS.values())
