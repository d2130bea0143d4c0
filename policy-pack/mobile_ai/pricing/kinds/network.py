"""Price models of VPC endpoints, NAT, addresses, flow logs, load balancers and DNS."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing import inputs
from mobile_ai.pricing.catalogue import GLOBAL
from mobile_ai.pricing.line import Line
from mobile_ai.pricing.meter import Meter
from mobile_ai.pricing.money import Band
from mobile_ai.pricing.plan import Plan

__all__ = ["PRICED"]

_VPC: Final = "https://aws.amazon.com/vpc/pricing/"


def _endpoint(plan: Plan, resource: Resource) -> list[Line]:
    meter = Meter(plan, resource)
    if inputs.text(resource.props, "vpcEndpointType", default="Gateway") == "Gateway":
        return [meter.free("gateway endpoints have no hourly and no data charge", _VPC)]
    zones = Decimal(max(len(inputs.items(resource.props, "subnetIds")), 1))
    return [
        meter.line("endpoint.hour", plan.assume.hours_per_month * zones),
        meter.line("endpoint.data", plan.assume.endpoint_gb),
    ]


def _nat(plan: Plan, resource: Resource) -> list[Line]:
    meter = Meter(plan, resource)
    return [
        meter.line("nat.hour", plan.assume.hours_per_month),
        meter.line("nat.data", plan.assume.nat_gb),
    ]


def _address(plan: Plan, resource: Resource) -> list[Line]:
    return [Meter(plan, resource).line("ipv4.hour", plan.assume.hours_per_month)]


def _flow_log(plan: Plan, resource: Resource) -> list[Line]:
    to_s3 = inputs.text(resource.props, "logDestinationType") == "s3"
    item = "logs.vended-s3" if to_s3 else "logs.ingest"
    return [Meter(plan, resource).line(item, plan.assume.flow_log_gb)]


def _balancer(plan: Plan, resource: Resource) -> list[Line]:
    meter, hours = Meter(plan, resource), plan.assume.hours_per_month
    if inputs.text(resource.props, "loadBalancerType", default="application") != "application":
        return [meter.unknown("balancer", "only application load balancers are priced")]
    lines = [
        meter.line("alb.hour", hours),
        meter.line("alb.lcu", hours * plan.assume.balancer_units),
    ]
    if not inputs.flag(resource.props, "internal"):
        zones = Decimal(max(len(inputs.items(resource.props, "subnets")), 2))
        lines.append(meter.line("ipv4.hour", hours * zones))
    return lines


def _zone(plan: Plan, resource: Resource) -> list[Line]:
    return [Meter(plan, resource, region=GLOBAL).line("route53.zone", Band.flat(1))]


def _record(plan: Plan, resource: Resource) -> list[Line]:
    meter = Meter(plan, resource, region=GLOBAL)
    if inputs.items(resource.props, "aliases"):
        return [meter.free("queries for aliases", "https://aws.amazon.com/route53/pricing/")]
    return [meter.line("route53.query", plan.assume.dns_queries)]


PRICED: Final = {
    "aws:ec2/eip:Eip": _address,
    "aws:ec2/flowLog:FlowLog": _flow_log,
    "aws:ec2/natGateway:NatGateway": _nat,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
    "aws:route53/record:Record": _record,
    "aws:route53/zone:Zone": _zone,
}
