"""Price models of API Gateway, Kinesis, Firehose, Athena, SQS and SNS."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing import inputs
from mobile_ai.pricing.kinds.compute import events
from mobile_ai.pricing.line import Line
from mobile_ai.pricing.meter import Meter
from mobile_ai.pricing.money import ZERO, Band
from mobile_ai.pricing.plan import Plan

__all__ = ["PRICED"]

_KB: Final = 1024
_GB: Final = Decimal(2**30)
_DAY: Final = 24


def _api(plan: Plan, resource: Resource) -> list[Line]:
    meter, demand = Meter(plan, resource), plan.demand(resource)
    requests = events(plan) if demand is None else demand.requests * demand.cloud_share
    if inputs.text(resource.props, "protocolType", default="HTTP") != "HTTP":
        return [meter.unknown("apigateway", "only HTTP APIs are priced")]
    return [meter.line("apigateway.http", requests)]


def _stage(plan: Plan, resource: Resource) -> list[Line]:
    meter = Meter(plan, resource)
    if inputs.flag(resource.props, "defaultRouteSettings", "detailedMetricsEnabled"):
        return [meter.line("cloudwatch.metric", plan.assume.custom_metrics)]
    return [meter.free("requests are billed", "https://aws.amazon.com/api-gateway/pricing/")]


def _stream(plan: Plan, resource: Resource) -> list[Line]:
    meter, assume, props = Meter(plan, resource), plan.assume, resource.props
    count, hours = events(plan), assume.hours_per_month
    late = max(inputs.amount(props, "retentionPeriod", default=_DAY) - _DAY, ZERO)
    if inputs.text(props, "streamModeDetails", "streamMode") == "ON_DEMAND":
        gb = count * _rounded(assume.event_bytes, _KB) / _GB
        lines = [
            meter.line("kinesis.ondemand.hour", hours),
            meter.line("kinesis.ondemand.in", gb),
            meter.line("kinesis.ondemand.out", gb),
        ]
        kept = gb * late / hours.typical
        return [*lines, meter.line("kinesis.ondemand.retention", kept)] if late else lines
    units = count * _rounded(assume.event_bytes, 25 * _KB) / (25 * _KB)
    shards = hours * inputs.amount(props, "shardCount", default=1)
    lines = [meter.line("kinesis.shard", shards), meter.line("kinesis.put", units)]
    return [*lines, meter.line("kinesis.shard.extended", shards)] if late else lines


def _firehose(plan: Plan, resource: Resource) -> list[Line]:
    meter = Meter(plan, resource)
    # A record counts as a multiple of 5 KB (https://aws.amazon.com/firehose/pricing/).
    gb = events(plan) * _rounded(plan.assume.event_bytes, 5 * _KB) / _GB
    lines = [meter.line("firehose.ingest", gb)]
    conversion = ("extendedS3Configuration", "dataFormatConversionConfiguration", "enabled")
    if inputs.flag(resource.props, *conversion):
        lines.append(meter.line("firehose.convert", gb))
    return lines


def _workgroup(plan: Plan, resource: Resource) -> list[Line]:
    return [Meter(plan, resource).line("athena.scan", plan.assume.athena_tb)]


def _queue(plan: Plan, resource: Resource) -> list[Line]:
    return [Meter(plan, resource).line("sqs.request", plan.assume.queue_requests)]


def _topic(plan: Plan, resource: Resource) -> list[Line]:
    return [Meter(plan, resource).line("sns.request", plan.assume.notifications)]


def _subscription(plan: Plan, resource: Resource) -> list[Line]:
    meter, protocol = Meter(plan, resource), inputs.text(resource.props, "protocol")
    if protocol == "email":
        return [meter.line("sns.email", plan.assume.notifications)]
    if protocol in {"lambda", "sqs"}:
        return [meter.free("delivery has no charge", "https://aws.amazon.com/sns/pricing/")]
    return [meter.unknown(f"sns.{protocol}", f"deliveries by {protocol!r} are not priced")]


def _rounded(size: Band, step: int) -> Band:
    return Band(*(_up(item, step) for item in (size.low, size.typical, size.high)))


def _up(size: Decimal, step: int) -> Decimal:
    return (size / step).quantize(Decimal(1), rounding=ROUND_CEILING) * step


PRICED: Final = {
    "aws:apigatewayv2/api:Api": _api,
    "aws:apigatewayv2/stage:Stage": _stage,
    "aws:athena/workgroup:Workgroup": _workgroup,
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": _firehose,
    "aws:kinesis/stream:Stream": _stream,
    "aws:sns/topic:Topic": _topic,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
    "aws:sqs/queue:Queue": _queue,
}
