"""Price models of CloudWatch logs, alarms and dashboards."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing import inputs
from mobile_ai.pricing.catalogue import GLOBAL
from mobile_ai.pricing.kinds.compute import events
from mobile_ai.pricing.line import Line
from mobile_ai.pricing.meter import Meter
from mobile_ai.pricing.money import Band
from mobile_ai.pricing.plan import Plan

__all__ = ["PRICED"]

_TELEMETRY_API: Final = "mobileai:index:TelemetryApi"
_GB: Final = Decimal(2**30)
_DAYS_PER_MONTH: Final = Decimal(730) / 24
_FOREVER_DAYS: Final = 3650
_HIGH_RESOLUTION_SECONDS: Final = 60


def _log_group(plan: Plan, resource: Resource) -> list[Line]:
    meter = Meter(plan, resource)
    taken = _taken(plan, resource)
    days = inputs.amount(resource.props, "retentionInDays") or _FOREVER_DAYS
    return [
        meter.line("logs.ingest", taken),
        meter.line("logs.storage", taken * days / _DAYS_PER_MONTH),
    ]


def _taken(plan: Plan, resource: Resource) -> Band:
    each = plan.assume.log_bytes_per_request
    demand = plan.demand(resource)
    if demand is not None:
        return demand.requests * demand.cloud_share * each / _GB
    above = plan.ancestors(resource)
    if above and above[0].type == _TELEMETRY_API:
        return events(plan) * each / _GB
    return plan.assume.quiet_log_gb


def _alarm(plan: Plan, resource: Resource) -> list[Line]:
    props = resource.props
    queries = inputs.mappings(props, "metricQueries")
    # Metric math is charged by the metrics that it refers to.
    metrics = max(sum("metric" in item for item in queries), 1)
    fast = inputs.amount(props, "period", default=300) < _HIGH_RESOLUTION_SECONDS
    item = "cloudwatch.alarm.high-resolution" if fast else "cloudwatch.alarm"
    return [Meter(plan, resource).line(item, Band.flat(metrics))]


def _dashboard(plan: Plan, resource: Resource) -> list[Line]:
    return [Meter(plan, resource, region=GLOBAL).line("cloudwatch.dashboard", Band.flat(1))]


PRICED: Final = {
    "aws:cloudwatch/dashboard:Dashboard": _dashboard,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
}
