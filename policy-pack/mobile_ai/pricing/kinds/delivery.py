"""Price models of CloudFront, its functions and access logs, and AWS WAF."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing import inputs
from mobile_ai.pricing.catalogue import GLOBAL
from mobile_ai.pricing.line import Line
from mobile_ai.pricing.meter import Meter
from mobile_ai.pricing.money import ONE, Band
from mobile_ai.pricing.plan import Plan

__all__ = ["PRICED"]

_LOG_BYTES: Final = 300  # of one access log line with the selected fields
_GB: Final = Decimal(2**30)


def cdn_requests(plan: Plan) -> Band:
    """Return the number of requests from devices to the CDN a month."""
    return Band.total(item.cdn_requests for item in plan.demands.values())


def _distribution(plan: Plan, resource: Resource) -> list[Line]:
    meter = Meter(plan, resource, region=GLOBAL)
    delivered = Band.total(item.delivered_gb for item in plan.demands.values())
    shares = plan.shares({item.name: item.delivered_gb.typical for item in plan.demands.values()})
    requests, europe = cdn_requests(plan), plan.assume.europe_share.typical
    lines = []
    for place, part in (("edge:europe", europe), ("edge:us", ONE - europe)):
        egress, asked = delivered * part, requests * part
        lines.append(meter.line("cloudfront.egress", egress, region=place, shares=shares))
        lines.append(meter.line("cloudfront.request.https", asked, region=place, shares=shares))
    if inputs.text(resource.props, "priceClass") not in {"PriceClass_100", ""}:
        lines.append(meter.unknown("cloudfront.egress", "viewers beyond Europe and North America"))
    return lines


def _edge_function(plan: Plan, resource: Resource) -> list[Line]:
    requests = cdn_requests(plan)
    shares = plan.shares({item.name: item.cdn_requests.typical for item in plan.demands.values()})
    meter = Meter(plan, resource, region=GLOBAL)
    return [meter.line("cloudfront.function", requests, shares=shares)]


def _log_delivery(plan: Plan, resource: Resource) -> list[Line]:
    meter = Meter(plan, resource, region=plan.region)
    return [meter.line("logs.vended-s3", cdn_requests(plan) * _LOG_BYTES / _GB)]


def _firewall(plan: Plan, resource: Resource) -> list[Line]:
    meter = Meter(plan, resource, region=GLOBAL)
    rules = Decimal(len(inputs.items(resource.props, "rules")))
    shares = plan.shares({item.name: item.cdn_requests.typical for item in plan.demands.values()})
    return [
        meter.line("waf.acl", Band.flat(1)),
        meter.line("waf.rule", Band.flat(rules)),
        meter.line("waf.request", cdn_requests(plan), shares=shares),
    ]


PRICED: Final = {
    "aws:cloudfront/distribution:Distribution": _distribution,
    "aws:cloudfront/function:Function": _edge_function,
    "aws:cloudwatch/logDelivery:LogDelivery": _log_delivery,
    "aws:wafv2/webAcl:WebAcl": _firewall,
}
