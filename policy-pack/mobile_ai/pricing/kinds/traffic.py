"""Price models of networks, APIs, the CDN with its firewall, and CloudWatch."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing import values
from mobile_ai.pricing.catalogue import GLOBAL
from mobile_ai.pricing.plan import Plan
from mobile_ai.pricing.usage import Free, Metered, Unknown, Usage
from mobile_ai.pricing.values import ONE, Band

_VPC: Final = "https://aws.amazon.com/vpc/pricing/"
_TELEMETRY_API: Final = "mobileai:index:TelemetryApi"
_ACCESS_LOG_BYTES: Final = 300  # of one line with the selected fields
_GB: Final = Decimal(2**30)
_DAYS_PER_MONTH: Final = Decimal(730) / 24
_FOREVER_DAYS: Final = 3650
_HIGH_RESOLUTION_SECONDS: Final = 60


def _endpoint(plan: Plan, resource: Resource) -> Iterable[Usage]:
    if values.text(resource.props, "vpcEndpointType", default="Gateway") == "Gateway":
        return [Free("gateway endpoints have no hourly and no data charge", _VPC)]
    zones = Decimal(max(len(values.items(resource.props, "subnetIds")), 1))
    return [
        Metered("endpoint.hour", plan.assume.hours_per_month * zones),
        Metered("endpoint.data", plan.assume.endpoint_gb),
    ]


def _nat(plan: Plan, _: Resource) -> Iterable[Usage]:
    return [
        Metered("nat.hour", plan.assume.hours_per_month),
        Metered("nat.data", plan.assume.nat_gb),
    ]


def _address(plan: Plan, _: Resource) -> Iterable[Usage]:
    return [Metered("ipv4.hour", plan.assume.hours_per_month)]


def _flow_log(plan: Plan, resource: Resource) -> Iterable[Usage]:
    to_s3 = values.text(resource.props, "logDestinationType") == "s3"
    return [Metered("logs.vended-s3" if to_s3 else "logs.ingest", plan.assume.flow_log_gb)]


def _balancer(plan: Plan, resource: Resource) -> Iterable[Usage]:
    hours = plan.assume.hours_per_month
    if values.text(resource.props, "loadBalancerType", default="application") != "application":
        return [Unknown("balancer", "only application load balancers are priced")]
    charges = [
        Metered("alb.hour", hours),
        Metered("alb.lcu", hours * plan.assume.balancer_units),
    ]
    if not values.flag(resource.props, "internal"):
        zones = Decimal(max(len(values.items(resource.props, "subnets")), 2))
        charges.append(Metered("ipv4.hour", hours * zones))
    return charges


def _zone(_: Plan, __: Resource) -> Iterable[Usage]:
    return [Metered("route53.zone", Band.flat(1), GLOBAL)]


def _record(plan: Plan, resource: Resource) -> Iterable[Usage]:
    if values.items(resource.props, "aliases"):
        source = "https://aws.amazon.com/route53/pricing/"
        return [Free("queries for aliases", source, GLOBAL)]
    return [Metered("route53.query", plan.assume.dns_queries, GLOBAL)]


def _api(plan: Plan, resource: Resource) -> Iterable[Usage]:
    demand = plan.demand(resource)
    requests = plan.events if demand is None else demand.requests * demand.cloud_share
    if values.text(resource.props, "protocolType", default="HTTP") != "HTTP":
        return [Unknown("apigateway", "only HTTP APIs are priced")]
    return [Metered("apigateway.http", requests)]


def _stage(plan: Plan, resource: Resource) -> Iterable[Usage]:
    if values.flag(resource.props, "defaultRouteSettings", "detailedMetricsEnabled"):
        return [Metered("cloudwatch.metric", plan.assume.custom_metrics)]
    return [Free("requests are billed", "https://aws.amazon.com/api-gateway/pricing/")]


def _distribution(plan: Plan, resource: Resource) -> Iterable[Usage]:
    delivered = Band.total([item.delivered_gb for item in plan.demands.values()])
    shares = plan.shares({item.name: item.delivered_gb.typical for item in plan.demands.values()})
    requests, europe = plan.cdn_requests, plan.assume.europe_share.typical
    charges: list[Usage] = []
    for place, part in (("edge:europe", europe), ("edge:us", ONE - europe)):
        charges.append(Metered("cloudfront.egress", delivered * part, place, shares))
        charges.append(Metered("cloudfront.request.https", requests * part, place, shares))
    if values.text(resource.props, "priceClass") not in {"PriceClass_100", ""}:
        reason = "viewers beyond Europe and North America"
        charges.append(Unknown("cloudfront.egress", reason, region=GLOBAL))
    return charges


def _edge_function(plan: Plan, _: Resource) -> Iterable[Usage]:
    return [Metered("cloudfront.function", plan.cdn_requests, GLOBAL, _request_shares(plan))]


def _log_delivery(plan: Plan, _: Resource) -> Iterable[Usage]:
    logged = plan.cdn_requests * _ACCESS_LOG_BYTES / _GB
    return [Metered("logs.vended-s3", logged, plan.region)]


def _firewall(plan: Plan, resource: Resource) -> Iterable[Usage]:
    rules = Decimal(len(values.items(resource.props, "rules")))
    return [
        Metered("waf.acl", Band.flat(1), GLOBAL),
        Metered("waf.rule", Band.flat(rules), GLOBAL),
        Metered("waf.request", plan.cdn_requests, GLOBAL, _request_shares(plan)),
    ]


def _request_shares(plan: Plan) -> dict[str, Decimal]:
    return plan.shares({item.name: item.cdn_requests.typical for item in plan.demands.values()})


def _log_group(plan: Plan, resource: Resource) -> Iterable[Usage]:
    taken = _ingested_gb(plan, resource)
    days = values.amount(resource.props, "retentionInDays") or _FOREVER_DAYS
    return [
        Metered("logs.ingest", taken),
        Metered("logs.storage", taken * days / _DAYS_PER_MONTH),
    ]


def _ingested_gb(plan: Plan, resource: Resource) -> Band:
    each = plan.assume.log_bytes_per_request
    demand = plan.demand(resource)
    if demand is not None:
        return demand.requests * demand.cloud_share * each / _GB
    above = plan.ancestors(resource)
    if above and above[0].type == _TELEMETRY_API:
        return plan.events * each / _GB
    return plan.assume.quiet_log_gb


def _alarm(_: Plan, resource: Resource) -> Iterable[Usage]:
    props = resource.props
    queries = values.mappings(props, "metricQueries")
    # Metric math is charged by the metrics that it refers to.
    metrics = max(sum("metric" in item for item in queries), 1)
    fast = values.amount(props, "period", default=300) < _HIGH_RESOLUTION_SECONDS
    item = "cloudwatch.alarm.high-resolution" if fast else "cloudwatch.alarm"
    return [Metered(item, Band.flat(metrics))]


def _dashboard(_: Plan, __: Resource) -> Iterable[Usage]:
    return [Metered("cloudwatch.dashboard", Band.flat(1), GLOBAL)]


PRICED: Final = {
    "aws:apigatewayv2/api:Api": _api,
    "aws:apigatewayv2/stage:Stage": _stage,
    "aws:cloudfront/distribution:Distribution": _distribution,
    "aws:cloudfront/function:Function": _edge_function,
    "aws:cloudwatch/dashboard:Dashboard": _dashboard,
    "aws:cloudwatch/logDelivery:LogDelivery": _log_delivery,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:ec2/eip:Eip": _address,
    "aws:ec2/flowLog:FlowLog": _flow_log,
    "aws:ec2/natGateway:NatGateway": _nat,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
    "aws:route53/record:Record": _record,
    "aws:route53/zone:Zone": _zone,
    "aws:wafv2/webAcl:WebAcl": _firewall,
}
"""Price models of traffic and monitoring by type token."""
