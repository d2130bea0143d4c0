"""Price models of edge sites (pods by their share of a node) and of energy on devices."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from mobile_ai.contracts.manifest import UNSTATED
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import DEPLOYMENT, EDGE_ENDPOINT, EDGE_SITE
from mobile_ai.pricing import inputs
from mobile_ai.pricing.errors import UnknownInputError
from mobile_ai.pricing.line import Line
from mobile_ai.pricing.meter import Meter
from mobile_ai.pricing.money import ONE, Band, decimal_of
from mobile_ai.pricing.plan import Plan

__all__ = ["PRICED"]

_SCALER: Final = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
_WORKLOAD: Final = "kubernetes:apps/v1:Deployment"
_CONTAINERS: Final = ("spec", "template", "spec", "containers")
_BUSY: Final = Decimal("0.7")  # the autoscaler's target
_MILLIJOULE_PER_KWH: Final = Decimal(3_600_000_000)
_STATED: Final = "the site's entry in the stack file"


def _workload(plan: Plan, resource: Resource) -> list[Line]:
    site = _said(plan, resource, "site", "MOBILE_AI_SITE")
    where = inputs.text(plan.sites.get(site, {}), "region")
    meter = Meter(plan, resource, region=where or "site")
    price = inputs.value(plan.sites.get(site, {}), "nodePriceUsdPerHour")
    if price is None:
        return [meter.unknown("site.node", f"site {site!r} states no nodePriceUsdPerHour")]
    hours = plan.assume.hours_per_month * decimal_of(price, what=f"node price of {site}")
    share = _node_share(plan, resource.props, plan.sites[site])
    amount = hours * share * _replicas(plan, resource)
    return [meter.stated("site.node", amount, unit="month of a node's share", source=_STATED)]


def _node_share(plan: Plan, props: Mapping[str, Any], site: Mapping[str, Any]) -> Band:
    containers = inputs.mappings(props, *_CONTAINERS)
    cpu = sum((_cores(item) for item in containers), Decimal(0))
    gb = sum((_gigabytes(item) for item in containers), Decimal(0))
    sizes = (
        _stated(site, "nodeCpu", plan.assume.node_cpu),
        _stated(site, "nodeMemoryGb", plan.assume.node_memory_gb),
    )
    least, usual, most = (
        max(cpu / cores, gb / memory)
        for cores, memory in zip(*(_figures(item) for item in sizes), strict=True)
    )
    return Band(min(most, ONE), min(usual, ONE), min(least, ONE))  # larger nodes, lower share


def _replicas(plan: Plan, resource: Resource) -> Band:
    fixed = inputs.value(resource.props, "spec", "replicas")
    scalers = plan.siblings(resource, _SCALER)
    if fixed is not None or not scalers:
        return Band.flat(decimal_of(1 if fixed is None else fixed, what="replicas"))
    least = inputs.amount(scalers[0].props, "spec", "minReplicas", default=1)
    most = max(least, inputs.amount(scalers[0].props, "spec", "maxReplicas"))
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
    containers = inputs.mappings(resource.props, *_CONTAINERS)
    cores = sum((_cores(item) for item in containers), Decimal(0)) or ONE
    busy = rate / len(demand.sites) * seconds / (cores * _BUSY)
    return busy.quantize(ONE, rounding=ROUND_CEILING)


def _said(plan: Plan, resource: Resource, key: str, variable: str) -> str:
    """Return an input of the endpoint, else its pods' variable: exported outputs lack inputs."""
    endpoint = next((item for item in plan.ancestors(resource) if item.type == EDGE_ENDPOINT), None)
    if endpoint is not None and inputs.text(endpoint.props, key):
        return inputs.text(endpoint.props, key)
    for workload in (resource, *plan.siblings(resource, _WORKLOAD)):
        for container in inputs.mappings(workload.props, *_CONTAINERS):
            for entry in inputs.mappings(container, "env"):
                if inputs.text(entry, "name") == variable:
                    return inputs.text(entry, "value")
    return ""


def _claim(plan: Plan, resource: Resource) -> list[Line]:
    site = _said(plan, resource, "site", "MOBILE_AI_SITE")
    meter = Meter(plan, resource, region=inputs.text(plan.sites.get(site, {}), "region") or "site")
    size = inputs.text(resource.props, "spec", "resources", "requests", "storage", default="0")
    gb = inputs.memory_gb(size)
    price = inputs.value(plan.sites.get(site, {}), "storageUsdPerGbMonth")
    if price is None:
        ceiling = gb * plan.assume.site_storage_ceiling_usd.high
        reason = f"site {site!r} states no storageUsdPerGbMonth"
        return [meter.unknown("site.storage", reason, ceiling=ceiling)]
    amount = Band.flat(gb * decimal_of(price, what=f"storage price of {site}"))
    return [meter.stated("site.storage", amount, unit="GB-month", source=_STATED)]


def _site(plan: Plan, resource: Resource) -> list[Line]:
    meter = Meter(plan, resource, region=plan.region or "site")
    stated = plan.sites.get(inputs.text(resource.props, "site"), {})
    region = inputs.text(resource.props, "region") or inputs.text(stated, "region")
    if region in {plan.region, ""}:
        return [meter.free("a site's objects; what runs is billed by its node", _STATED)]
    return [meter.line("transfer.region", plan.assume.cross_region_gb)]


def _device(plan: Plan, resource: Resource) -> list[Line]:
    meter, demand, assume = (
        Meter(plan, resource, region="device"),
        plan.demand(resource),
        plan.assume,
    )
    if demand is None or not demand.on_device:
        return [meter.free("a declaration", "components/mobile_ai/components/plan/deployment.py")]
    energy = (
        assume.inference_millijoule
        if demand.energy_millijoule is None
        else Band.flat(demand.energy_millijoule)
    )
    joules = demand.devices * assume.inferences_per_device * energy
    amount = joules * assume.usd_per_kwh / _MILLIJOULE_PER_KWH
    return [meter.unbilled("device.energy", amount, unit="month", source="the model's profile")]


def _stated(site: Mapping[str, Any], key: str, otherwise: Band) -> Band:
    given = inputs.value(site, key)
    return otherwise if given is None else Band.flat(decimal_of(given, what=key))


def _cores(container: Mapping[str, Any]) -> Decimal:
    cpu = str(inputs.value(container, "resources", "requests", "cpu") or "0")
    if cpu.endswith("m"):
        return decimal_of(cpu.removesuffix("m"), what="cpu") / 1000
    return decimal_of(cpu, what="cpu")


def _gigabytes(container: Mapping[str, Any]) -> Decimal:
    return inputs.memory_gb(str(inputs.value(container, "resources", "requests", "memory") or "0"))


def _figures(band: Band) -> tuple[Decimal, Decimal, Decimal]:
    return band.low, band.typical, band.high


PRICED: Final = {
    _WORKLOAD: _workload,
    "kubernetes:core/v1:PersistentVolumeClaim": _claim,
    DEPLOYMENT: _device,
    EDGE_SITE: _site,
}
