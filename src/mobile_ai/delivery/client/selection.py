"""Selects the ring and release for a device from signed documents; pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mobile_ai.delivery.client.device import Device, version_key
from mobile_ai.delivery.client.documents import (
    ArtifactFacts,
    PlacementDocument,
    ReleaseDocument,
    RingsDocument,
)
from mobile_ai.delivery.rings import Ring, cohort, point, ring_of

# Device classes, weakest first: a release for a weaker class runs on a stronger one.
_CLASSES: Final = ("entry", "mid-range", "high-end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The ring that a device is in, and the inputs that it follows from."""

    ring: str | None
    cohort: int | None
    salt: str
    shares: Mapping[str, int]


def assign(device: Device, rings: RingsDocument, installation: str) -> Assignment:
    """Return a device's ring: the configured one, or the one of its cohort."""
    table = [Ring(name=item.name, share=item.share) for item in rings.rings]
    shares = {item.name: item.share for item in table}
    if device.ring is not None:
        return Assignment(ring=device.ring, cohort=None, salt=rings.salt, shares=shares)
    number = cohort(point(installation), point(rings.salt))
    return Assignment(ring=ring_of(table, number), cohort=number, salt=rings.salt, shares=shares)


def find_place(device: Device, release: ReleaseDocument) -> PlacementDocument | None:
    """Return the entry of a release that applies to a device, or ``None``.

    A phone gets the entry of the strongest class that is not above its own.
    """
    found = [item for item in release.variants if item.target == device.target]
    if device.target == "on-device":
        mine = _rank(device.place.get("deviceClass"))
        fits = [item for item in found if _rank(item.device_class) <= mine]
        return max(fits, key=lambda item: _rank(item.device_class), default=None)
    field = "site" if device.target == "edge" else "region"
    return next((item for item in found if getattr(item, field) == device.place.get(field)), None)


def unmet(device: Device, release: ReleaseDocument, facts: ArtifactFacts) -> list[str]:
    """Return the release's unmet requirements, one sentence each; empty if all are met."""
    needs: list[tuple[str, Any, Any]] = [
        ("app version", device.app_version, release.min_app_version),
        ("iOS", device.ios, facts.requirements.min_ios),
    ]
    lacks = [
        f"{what} {has}, needs {least}"
        for what, has, least in needs
        if has is not None and least is not None and version_key(has) < version_key(least)
    ]
    numbers = [
        ("memory MB", device.ram_mb, facts.requirements.min_ram_mb),
        ("Android API", device.android_api, facts.requirements.min_android_api),
    ]
    lacks += [
        f"{what} {has}, needs {least}"
        for what, has, least in numbers
        if has is not None and least is not None and has < least
    ]
    return lacks


def _rank(name: str | None) -> int:
    return _CLASSES.index(name) if name in _CLASSES else -1
