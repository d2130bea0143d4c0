"""Price models of what runs models: functions, containers, pods at edge sites, and devices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from mobile_ai.contracts.manifest import UNSTATED
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import DEPLOYMENT, EDGE_ENDPOINT, EDGE_SITE, TELEMETRY
from mobile_ai.pricing import values
from mobile_ai.pricing.errors import UnknownInputError
from mobile_ai.pricing.plan import Plan
from mobile_ai.pricing.usage import Free, Metered, Stated, Unknown, Usage
from mobile_ai.pricing.values import ONE, ZERO, Band, decimal_of

_TASK: Final = "aws:ecs/taskDefinition:TaskDefinition"
_SCHEDULE: Final = "aws:scheduler/schedule:Schedule"
_SCALER: Final = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
_WORKLOAD: Final = "kubernetes:apps/v1:Deployment"
_CONTAINERS: Final = ("spec", "template", "spec", "containers")
_SECONDS_PER_HOUR: Final = 3600
_MB: Final = 1024
_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_HOURS: Final = {"minute": Decimal(1) / 60, "hour": Decimal(1), "day": Decimal(24)}
_BUSY: Final = Decimal("0.7")  # the autoscaler's target
_MILLIJOULE_PER_KWH: Final = Decimal(3_600_000_000)
_SITE_ENTRY: Final = "the site's entry in the stack file"
_BYTES: Final = {
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
}
_GB: Final = Decimal(2**30)


def _function(plan: Plan, resource: Resource) -> Iterable[Usage]:
    props = resource.props
    calls, gb = _calls(plan, resource), values.amount(props, "memorySize", default=128) / _MB
    work = calls * plan.assume.function_seconds * gb
    reserved = values.value(props, "reservedConcurrentExecutions")
    if reserved is not None and reserved != -1:  # -1: no cap
        seconds = plan.assume.hours_per_month.high * _SECONDS_PER_HOUR
        work = work.at_most(values.amount(props, "reservedConcurrentExecutions") * seconds * gb)
    arm = "arm64" in values.items(props, "architectures")
    charges = [
        Metered("lambda.request", calls),
        Metered("lambda.arm" if arm else "lambda.x86", work),
    ]
    try:
        active = values.text(props, "tracingConfig", "mode") == "Active"
    except UnknownInputError:  # an unknown tracing mode counts in the high figure
        return [*charges, Metered("xray.trace", Band(ZERO, ZERO, calls.high))]
    return [*charges, Metered("xray.trace", calls)] if active else charges


def _calls(plan: Plan, resource: Resource) -> Band:
    above = plan.ancestors(resource)
    demand = plan.demand(resource)
    if demand is not None:
        return demand.requests * demand.cloud_share
    if any(item.type == TELEMETRY for item in above):
        # Firehose invokes the transform per 1 MiB buffered, or every five minutes.
        return plan.events_gb * _MB + plan.assume.hours_per_month * 12
    for item in above:
        for schedule in plan.by_parent.get(item.urn, ()):
            if schedule.type == _SCHEDULE:
                return _schedule_calls(plan, schedule)
    return plan.assume.function_calls


def _schedule_calls(plan: Plan, schedule: Resource) -> Band:
    """Return the monthly invocations of a schedule; up to one a minute for cron expressions."""
    expression = values.text(schedule.props, "scheduleExpression")
    match = _RATE.fullmatch(expression)
    if match is None:
        return Band.of("1", "730", "43800")
    return plan.assume.hours_per_month / (int(match[1]) * _HOURS[match[2]])


def _schedule(plan: Plan, resource: Resource) -> Iterable[Usage]:
    return [Metered("scheduler.invocation", _schedule_calls(plan, resource))]


def _service(plan: Plan, resource: Resource) -> Iterable[Usage]:
    tasks = plan.siblings(resource, _TASK)
    if not tasks or values.text(resource.props, "launchType") not in {"FARGATE", ""}:
        return [Unknown("fargate", "its task definition is not in the plan")]
    task = tasks[0].props
    cpu = values.amount(task, "cpu") / _MB
    gb = values.amount(task, "memory") / _MB
    arch = "arm" if values.text(task, "runtimePlatform", "cpuArchitecture") == "ARM64" else "x86"
    hours = plan.assume.hours_per_month * values.amount(resource.props, "desiredCount", default=1)
    charges = [
        Metered(f"fargate.{arch}.vcpu", hours * cpu),
        Metered(f"fargate.{arch}.memory", hours * gb),
    ]
    if values.flag(resource.props, "networkConfiguration", "assignPublicIp"):
        charges.append(Metered("ipv4.hour", hours))
    return charges


def _cluster(plan: Plan, resource: Resource) -> Iterable[Usage]:
    settings = values.mappings(resource.props, "settings")
    if any(values.text(item, "value") in {"enabled", "enhanced"} for item in settings):
        return [Metered("cloudwatch.metric", plan.assume.container_insight_metrics)]
    return [Free("orchestration has no charge", "https://aws.amazon.com/ecs/pricing/")]


def _instance(plan: Plan, resource: Resource) -> Iterable[Usage]:
    kind = values.text(resource.props, "instanceType")
    return [Metered(f"ec2.linux.{kind}", plan.assume.hours_per_month)]


def _workload(plan: Plan, resource: Resource) -> Iterable[Usage]:
    """Price pods by their share of a node."""
    name = _said(plan, resource, "site", "MOBILE_AI_SITE")
    site = plan.sites.get(name, {})
    region = values.text(site, "region") or "site"
    price = values.value(site, "nodePriceUsdPerHour")
    if price is None:
        reason = f"site {name!r} states no nodePriceUsdPerHour"
        return [Unknown("site.node", reason, region=region)]
    hours = plan.assume.hours_per_month * decimal_of(price, what=f"node price of {name}")
    share = _node_share(plan, resource.props, site)
    amount = hours * share * _replicas(plan, resource)
    unit = "month of a node's share"
    return [Stated(item="site.node", amount=amount, unit=unit, source=_SITE_ENTRY, region=region)]


def _node_share(plan: Plan, props: Mapping[str, Any], site: Mapping[str, Any]) -> Band:
    containers = values.mappings(props, *_CONTAINERS)
    cpu = sum((_cores(item) for item in containers), ZERO)
    gb = sum((_gigabytes(item) for item in containers), ZERO)
    sizes = (
        _stated(site, "nodeCpu", plan.assume.node_cpu),
        _stated(site, "nodeMemoryGb", plan.assume.node_memory_gb),
    )
    least, usual, most = (
        max(cpu / cores, gb / memory)
        for cores, memory in zip(*(item.figures() for item in sizes), strict=True)
    )
    return Band(min(most, ONE), min(usual, ONE), min(least, ONE))  # larger nodes, lower share


def _replicas(plan: Plan, resource: Resource) -> Band:
    fixed = values.value(resource.props, "spec", "replicas")
    scalers = plan.siblings(resource, _SCALER)
    if fixed is not None or not scalers:
        return Band.flat(decimal_of(1 if fixed is None else fixed, what="replicas"))
    least = values.amount(scalers[0].props, "spec", "minReplicas", default=1)
    most = max(least, values.amount(scalers[0].props, "spec", "maxReplicas"))
    return Band(least, min(max(_needed(plan, resource), least), most), most)


def _needed(plan: Plan, resource: Resource) -> Decimal:
    """Return the replicas needed for the declared requests; 1 without a demand."""
    demand = plan.demand(resource)
    owner = next((item for item in plan.ancestors(resource) if item.type == DEPLOYMENT), None)
    if demand is None or owner is None or not demand.sites:
        return ONE
    name = _said(plan, resource, "variant", "MOBILE_AI_VARIANT")
    variant = plan.artifacts(owner).get(name)
    latency = variant.profile.latency_p95_ms if variant and variant.profile else 0
    if latency == UNSTATED:
        raise UnknownInputError(f"p95 latency of {name} in the pinned manifest")
    seconds = decimal_of(latency, what="latencyP95Ms") / 1000
    hours = plan.assume.hours_per_month.typical
    rate = demand.requests.typical * (ONE - demand.cloud_share.typical) / (hours * 3600)
    containers = values.mappings(resource.props, *_CONTAINERS)
    cores = sum((_cores(item) for item in containers), ZERO) or ONE
    busy = rate / len(demand.sites) * seconds / (cores * _BUSY)
    return busy.quantize(ONE, rounding=ROUND_CEILING)


def _said(plan: Plan, resource: Resource, key: str, variable: str) -> str:
    """Return an input of the endpoint, else its pods' variable: exported outputs lack inputs."""
    endpoint = next((item for item in plan.ancestors(resource) if item.type == EDGE_ENDPOINT), None)
    if endpoint is not None and values.text(endpoint.props, key):
        return values.text(endpoint.props, key)
    for workload in (resource, *plan.siblings(resource, _WORKLOAD)):
        for container in values.mappings(workload.props, *_CONTAINERS):
            for entry in values.mappings(container, "env"):
                if values.text(entry, "name") == variable:
                    return values.text(entry, "value")
    return ""


def _claim(plan: Plan, resource: Resource) -> Iterable[Usage]:
    name = _said(plan, resource, "site", "MOBILE_AI_SITE")
    site = plan.sites.get(name, {})
    region = values.text(site, "region") or "site"
    size = values.text(resource.props, "spec", "resources", "requests", "storage", default="0")
    gb = _memory_gb(size)
    price = values.value(site, "storageUsdPerGbMonth")
    if price is None:
        ceiling = gb * plan.assume.site_storage_ceiling_usd.high
        reason = f"site {name!r} states no storageUsdPerGbMonth"
        return [Unknown("site.storage", reason, ceiling=ceiling, region=region)]
    amount = Band.flat(gb * decimal_of(price, what=f"storage price of {name}"))
    unit = "GB-month"
    return [
        Stated(item="site.storage", amount=amount, unit=unit, source=_SITE_ENTRY, region=region)
    ]


def _site(plan: Plan, resource: Resource) -> Iterable[Usage]:
    home = plan.region or "site"
    stated = plan.sites.get(values.text(resource.props, "site"), {})
    region = values.text(resource.props, "region") or values.text(stated, "region")
    if region in {plan.region, ""}:
        return [Free("a site's objects; what runs is billed by its node", _SITE_ENTRY, home)]
    return [Metered("transfer.region", plan.assume.cross_region_gb, home)]


def _device(plan: Plan, resource: Resource) -> Iterable[Usage]:
    """State the energy of inference on devices, which nobody invoices to the stack."""
    demand, assume = plan.demand(resource), plan.assume
    if demand is None or not demand.on_device:
        source = "components/mobile_ai/components/plan/deployment.py"
        return [Free("a declaration", source, "device")]
    measured = demand.energy_millijoule
    energy = assume.inference_millijoule if measured is None else Band.flat(measured)
    joules = demand.devices * assume.inferences_per_device * energy
    return [
        Stated(
            item="device.energy",
            amount=joules * assume.usd_per_kwh / _MILLIJOULE_PER_KWH,
            unit="month",
            source="the model's profile",
            region="device",
            billed=False,
        )
    ]


def _stated(site: Mapping[str, Any], key: str, otherwise: Band) -> Band:
    given = values.value(site, key)
    return otherwise if given is None else Band.flat(decimal_of(given, what=key))


def _cores(container: Mapping[str, Any]) -> Decimal:
    cpu = str(values.value(container, "resources", "requests", "cpu") or "0")
    if cpu.endswith("m"):
        return decimal_of(cpu.removesuffix("m"), what="cpu") / 1000
    return decimal_of(cpu, what="cpu")


def _gigabytes(container: Mapping[str, Any]) -> Decimal:
    return _memory_gb(str(values.value(container, "resources", "requests", "memory") or "0"))


def _memory_gb(quantity: str) -> Decimal:
    """Return a Kubernetes quantity of bytes in GiB, such as ``512Mi``."""
    for suffix, factor in _BYTES.items():
        if quantity.endswith(suffix):
            return decimal_of(quantity.removesuffix(suffix), what=quantity) * factor / _GB
    return decimal_of(quantity, what="memory") / _GB


PRICED: Final = {
    "aws:ec2/instance:Instance": _instance,
    "aws:ecs/cluster:Cluster": _cluster,
    "aws:ecs/service:Service": _service,
    "aws:lambda/function:Function": _function,
    "kubernetes:core/v1:PersistentVolumeClaim": _claim,
    _SCHEDULE: _schedule,
    _WORKLOAD: _workload,
    DEPLOYMENT: _device,
    EDGE_SITE: _site,
}
"""Price models of places that run models, by type token."""
