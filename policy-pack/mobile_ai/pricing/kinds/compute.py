"""Price models of Lambda functions, Fargate services, EC2 instances and schedules."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing import inputs
from mobile_ai.pricing.errors import UnknownInputError
from mobile_ai.pricing.line import Line
from mobile_ai.pricing.meter import Meter
from mobile_ai.pricing.money import ZERO, Band
from mobile_ai.pricing.plan import Plan

__all__ = ["PRICED", "events", "events_gb", "schedule_calls"]

_TASK: Final = "aws:ecs/taskDefinition:TaskDefinition"
_SCHEDULE: Final = "aws:scheduler/schedule:Schedule"
_SECONDS_PER_HOUR: Final = 3600
_MB: Final = 1024
_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_HOURS: Final = {"minute": Decimal(1) / 60, "hour": Decimal(1), "day": Decimal(24)}


def _function(plan: Plan, resource: Resource) -> list[Line]:
    meter, props = Meter(plan, resource), resource.props
    calls, gb = _calls(plan, resource), inputs.amount(props, "memorySize", default=128) / _MB
    work = calls * plan.assume.function_seconds * gb
    reserved = inputs.value(props, "reservedConcurrentExecutions")
    if reserved is not None and reserved != -1:  # -1: no cap
        seconds = plan.assume.hours_per_month.high * _SECONDS_PER_HOUR
        work = work.at_most(inputs.amount(props, "reservedConcurrentExecutions") * seconds * gb)
    arm = "arm64" in inputs.items(props, "architectures")
    lines = [
        meter.line("lambda.request", calls),
        meter.line("lambda.arm" if arm else "lambda.x86", work),
    ]
    return [*lines, *_traces(meter, calls)]


def _traces(meter: Meter, calls: Band) -> list[Line]:
    """Return the line for X-Ray traces; an unknown tracing mode counts in the high figure."""
    try:
        active = inputs.text(meter.resource.props, "tracingConfig", "mode") == "Active"
    except UnknownInputError:
        return [meter.line("xray.trace", Band(ZERO, ZERO, calls.high))]
    return [meter.line("xray.trace", calls)] if active else []


def _calls(plan: Plan, resource: Resource) -> Band:
    above = plan.ancestors(resource)
    types = {item.type for item in above}
    demand = plan.demand(resource)
    if demand is not None:
        return demand.requests * demand.cloud_share
    if "mobileai:index:Telemetry" in types:
        # Firehose invokes the transform per 1 MiB buffered, or every five minutes.
        return events_gb(plan) * _MB + plan.assume.hours_per_month * 12
    for item in above:
        for schedule in plan.by_parent.get(item.urn, ()):
            if schedule.type == _SCHEDULE:
                return schedule_calls(plan, schedule)
    return plan.assume.function_calls


def events(plan: Plan) -> Band:
    """Return the number of telemetry events a month, with one device counted once per app."""
    apps: dict[str, Band] = {}
    for demand in plan.demands.values():
        before = apps.get(demand.app)
        if before is None or demand.devices.typical > before.typical:
            apps[demand.app] = demand.devices
    return Band.total(apps.values()) * plan.assume.events_per_device


def events_gb(plan: Plan) -> Band:
    """Return the size of a month's telemetry events in GiB."""
    return events(plan) * plan.assume.event_bytes / 2**30


def schedule_calls(plan: Plan, schedule: Resource) -> Band:
    """Return the monthly invocations of a schedule; up to one a minute for cron expressions."""
    expression = inputs.text(schedule.props, "scheduleExpression")
    match = _RATE.fullmatch(expression)
    if match is None:
        return Band.of("1", "730", "43800")
    return plan.assume.hours_per_month / (int(match[1]) * _HOURS[match[2]])


def _service(plan: Plan, resource: Resource) -> list[Line]:
    meter = Meter(plan, resource)
    tasks = plan.siblings(resource, _TASK)
    if not tasks or inputs.text(resource.props, "launchType") not in {"FARGATE", ""}:
        return [meter.unknown("fargate", "its task definition is not in the plan")]
    task = tasks[0].props
    cpu = inputs.amount(task, "cpu") / _MB
    gb = inputs.amount(task, "memory") / _MB
    arch = "arm" if inputs.text(task, "runtimePlatform", "cpuArchitecture") == "ARM64" else "x86"
    hours = plan.assume.hours_per_month * inputs.amount(resource.props, "desiredCount", default=1)
    lines = [
        meter.line(f"fargate.{arch}.vcpu", hours * cpu),
        meter.line(f"fargate.{arch}.memory", hours * gb),
    ]
    if inputs.flag(resource.props, "networkConfiguration", "assignPublicIp"):
        lines.append(meter.line("ipv4.hour", hours))
    return lines


def _cluster(plan: Plan, resource: Resource) -> list[Line]:
    meter = Meter(plan, resource)
    settings = inputs.mappings(resource.props, "settings")
    if any(inputs.text(item, "value") in {"enabled", "enhanced"} for item in settings):
        return [meter.line("cloudwatch.metric", plan.assume.container_insight_metrics)]
    return [meter.free("orchestration has no charge", "https://aws.amazon.com/ecs/pricing/")]


def _instance(plan: Plan, resource: Resource) -> list[Line]:
    kind = inputs.text(resource.props, "instanceType")
    return [Meter(plan, resource).line(f"ec2.linux.{kind}", plan.assume.hours_per_month)]


def _schedule(plan: Plan, resource: Resource) -> list[Line]:
    return [Meter(plan, resource).line("scheduler.invocation", schedule_calls(plan, resource))]


PRICED: Final = {
    "aws:ec2/instance:Instance": _instance,
    "aws:ecs/cluster:Cluster": _cluster,
    "aws:ecs/service:Service": _service,
    "aws:lambda/function:Function": _function,
    _SCHEDULE: _schedule,
}
