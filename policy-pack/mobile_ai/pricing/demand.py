"""Monthly demand of a deployment, derived from its declared usage: devices, requests, bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from mobile_ai.contracts.manifest import UNSTATED, Artifact
from mobile_ai.pricing import values
from mobile_ai.pricing.assumptions import Assumptions
from mobile_ai.pricing.errors import UnknownInputError
from mobile_ai.pricing.values import ONE, Band, decimal_of

_GB: Final = Decimal(2**30)
_SECONDS_PER_HOUR: Final = 3600
_PERCENT: Final = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The month of one deployment.

    Attributes:
        name: The deployment's logical name.
        app: The application.
        model: The model's name and version.
        devices: Active devices.
        requests: Requests to edge and cloud placements together.
        cloud_share: Share of the requests served by the cloud placement.
        sites: Edge sites that serve the rest.
        has_cloud: Whether there is a cloud placement.
        on_device: Whether devices download the model.
        delivered_gb: GiB delivered by the CDN.
        cdn_requests: Number of requests to the CDN.
        energy_millijoule: Energy of one inference on a device, if the manifest states it.
    """

    name: str
    app: str
    model: tuple[str, str]
    devices: Band
    requests: Band
    cloud_share: Band
    sites: tuple[str, ...]
    has_cloud: bool
    on_device: bool
    delivered_gb: Band
    cdn_requests: Band
    energy_millijoule: Decimal | None


def demand_of(
    name: str,
    props: Mapping[str, Any],
    *,
    artifacts: Mapping[str, Artifact],
    assume: Assumptions,
) -> Demand:
    """Return the demand of a deployment.

    Args:
        name: Its logical name.
        props: Its properties.
        artifacts: The pinned version's artifacts by variant.
        assume: Assumptions for what it does not declare.

    Raises:
        UnknownInputError: If its usage is unknown.
        CostError: If its usage is negative or out of range.
    """
    spec = values.value(props, "spec") or {}
    places = values.mappings(spec, "placement")
    targets = [values.text(item, "target") for item in places]
    devices = assume.usage_factor * values.amount(spec, "usage", "monthlyActiveDevices")
    updates = devices * values.amount(spec, "usage", "updatesPerMonth") * _reached(spec)
    rate = assume.usage_factor * values.amount(spec, "usage", "requestsPerSecond")
    device = next((item for item in places if values.text(item, "target") == "on-device"), None)
    variant = artifacts.get(values.text(device, "variant")) if device else None
    checks = devices * assume.checks_per_device if device else Band.flat(0)
    update_gb = updates * _update_bytes(spec, variant, assume) / _GB if device else Band.flat(0)
    return Demand(
        name=name,
        app=_app(props),
        model=(values.text(spec, "aiModel", "id"), values.text(spec, "aiModel", "version")),
        devices=devices,
        requests=rate * assume.hours_per_month * _SECONDS_PER_HOUR,
        cloud_share=_cloud_share(targets, assume),
        sites=tuple(site for item in places if (site := values.text(item, "site"))),
        has_cloud="cloud" in targets,
        on_device=device is not None,
        delivered_gb=update_gb + checks * assume.metadata_bytes_per_check / _GB,
        cdn_requests=(
            checks * assume.requests_per_check + updates * assume.requests_per_update
            if device
            else Band.flat(0)
        ),
        energy_millijoule=_energy(variant),
    )


def _reached(spec: Mapping[str, Any]) -> Band:
    """Return the share of devices that a version reaches within the month.

    Low: the current stage. Typical and high: the last ring that is reached within a month of soak
    times, unless the rollout is halted.
    """
    stage = values.text(spec, "rollout", "stage")
    rings = values.mappings(spec, "rollout", "rings")
    names = [values.text(item, "name") for item in rings]
    if stage not in names:
        return Band.of("0", "1", "1")  # fail closed: assume every device
    index = names.index(stage)
    now = last = values.amount(rings[index], "percent") / _PERCENT
    hours = values.amount(rings[index], "soakHours")
    halted = values.flag(spec, "rollout", "halted")
    for ring in rings[index + 1 :]:
        if halted or hours > 730:  # noqa: PLR2004  # hours of a month
            break
        last = max(last, values.amount(ring, "percent") / _PERCENT)
        hours += values.amount(ring, "soakHours")
    return Band(min(now, last), last, last)


def _update_bytes(spec: Mapping[str, Any], variant: Artifact | None, assume: Assumptions) -> Band:
    if variant is None:
        raise UnknownInputError("size of the variant in the pinned manifest")
    size = Decimal(variant.bytes)
    if values.value(spec, "aiModel", "previous") is None:
        return Band.flat(size)  # nothing to patch from
    share, misses = assume.patch_share.at_most(ONE), assume.patch_misses.at_most(ONE)
    parts = zip(share.figures(), misses.figures(), strict=True)
    return Band(*(part * (ONE - miss) + miss for part, miss in parts)) * size


def _cloud_share(targets: list[str], assume: Assumptions) -> Band:
    if "cloud" not in targets:
        return Band.flat(0)
    return assume.cloud_share.at_most(ONE) if "edge" in targets else Band.flat(1)


def _app(props: Mapping[str, Any]) -> str:
    labels = ("metadata", "labels")
    kubernetes = values.text(props, *labels, "mobile-ai.dev/app")
    return kubernetes or values.text(props, *labels, "mobile-ai:app")


def _energy(variant: Artifact | None) -> Decimal | None:
    energy = variant.profile.energy_mj if variant and variant.profile else UNSTATED
    return None if energy == UNSTATED else decimal_of(energy, what="energyMj")
