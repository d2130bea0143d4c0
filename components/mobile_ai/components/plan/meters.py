"""Meters of the burn rate: what of a stack can spike, at the prices of the catalogue."""

from typing import Final

import pulumi

from mobile_ai.components.aws.names import physical_name
from mobile_ai.components.budget.burn_rate_plan import Meter, MeteredFunction, usage_meters
from mobile_ai.components.plan.arguments import aws_scope
from mobile_ai.pricing import Catalogue, CostError
from mobile_ai.pricing.catalogue import pack_catalogue
from mobile_ai.stack.load import StackInputs

_CHEAPEST_CLASS: Final = "PriceClass_100"
_CHEAPEST_EDGES: Final = ("edge:europe", "edge:us")
_COMPUTE: Final = {"amd64": "lambda.x86", "arm64": "lambda.arm"}
_MB_OF_GB: Final = 1024
_MS_OF_SECOND: Final = 1000


def stack_meters(inputs: StackInputs, *, distribution_arn: pulumi.Output[str]) -> list[Meter]:
    """Return the meters of a stack, at list prices of the first tier.

    Raises:
        CostError: The catalogue has neither a price nor a ceiling of what is metered.
    """
    catalogue, delivery = pack_catalogue(), inputs.settings.delivery
    edges = {place for _, place in catalogue.prices if place.startswith("edge:")}
    if delivery.price_class == _CHEAPEST_CLASS:
        edges &= {*_CHEAPEST_EDGES}
    return usage_meters(
        aws_scope(inputs),
        distribution_id=distribution_arn.apply(lambda arn: arn.rpartition("/")[2]),
        prices={
            "cdn_gb": max(_price(catalogue, "cloudfront.egress", edge) for edge in edges),
            "cdn_request": max(
                _price(catalogue, "cloudfront.request.https", edge) for edge in edges
            ),
            # Streams with shards cost less for the same bytes.
            "stream_gb": _price(catalogue, "kinesis.ondemand.in", inputs.settings.region),
        },
        functions=_functions(inputs, catalogue),
    )


def _functions(inputs: StackInputs, catalogue: Catalogue) -> list[MeteredFunction]:
    return [
        {
            "name": physical_name(aws_scope(inputs), item.app, item.model),
            "region": place.region,
            "usd_per_call": _price(catalogue, "lambda.request", place.region),
            "usd_per_ms": _price(catalogue, _COMPUTE[place.architecture], place.region)
            * place.memory_mb
            / _MB_OF_GB
            / _MS_OF_SECOND,
        }
        for item in inputs.settings.deployments
        for place in item.cloud
    ]


def _price(catalogue: Catalogue, item: str, region: str) -> float:
    """Return the price of a unit; its ceiling if the price is unknown, so that it alarms early."""
    row = catalogue.find(item, region)
    price = None if row is None else row.tiers[0].price if row.tiers else row.ceiling
    if price is None:
        raise CostError(
            "cost.burnRate",
            got=f"no price of {item} in {region}",
            expected="a price or a ceiling in the catalogue",
            next_step="run `mobile-ai cost prices refresh --write`, or set burnRate to false",
        )
    return float(price)
