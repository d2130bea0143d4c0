"""Simulates a rollout: installations, download volume and cost per hour, and the reach of a halt.

Every device is simulated with the cohort and the polling offset that the real client computes, so
ring sizes and load peaks are those of the release, not of a formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mobile_ai.delivery.rings import COHORTS, Ring, point
from tests.delivery.fleet.cohorts import cohorts

_POLL_SALT: Final = "mobile-ai-poll"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlan:
    """A rollout to simulate.

    Attributes:
        devices: Number of devices.
        rings: Rings in order.
        soak_hours: Hours that each ring runs before the next begins, one for each ring.
        salt: Salt of the release.
        period_hours: Hours between two checks of a device.
        online: Probability that a device is reachable at a check.
        patch_bytes: Download of a device that has an earlier version.
        whole_bytes: Download of one that has none.
        has_earlier: Share of devices that have an earlier version.
        usd_per_gb: Price in USD of a gigabyte (10^9 bytes) out of the CDN.
        halt_hour: Hour at which the release is halted, if it is.
    """

    devices: int
    rings: Sequence[Ring]
    soak_hours: Sequence[float]
    salt: str
    period_hours: float = 6.0
    online: float = 0.7
    patch_bytes: int = 0
    whole_bytes: int = 0
    has_earlier: float = 0.9
    usd_per_gb: float = 0.085
    halt_hour: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One hour of the rollout.

    Attributes:
        hour: Hours since the start.
        running: Devices that run the release at the end of the hour.
        downloads: Devices that installed it in this hour.
        bytes: Bytes that they downloaded.
        usd: Cost of those bytes, USD.
        peak_per_second: Checks in the busiest second.
    """

    hour: int
    running: int
    downloads: int
    bytes: int
    usd: float
    peak_per_second: int


def simulate(plan: FleetPlan, hours: int, *, seed: int = 0) -> list[Step]:
    """Return the rollout hour by hour.

    Args:
        plan: The rollout.
        hours: Hours to simulate.
        seed: Seed of the devices' ids and of their reachability.
    """
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 2**64, plan.devices, dtype=np.uint64)
    starts = _starts(plan, cohorts(points, point(plan.salt)))
    places = cohorts(points, point(_POLL_SALT)).astype(np.float32) * np.float32(
        plan.period_hours / COHORTS
    )
    installed = _installed(starts, places, plan, rng)
    earlier = rng.random(plan.devices, np.float32) < plan.has_earlier
    cost = np.where(earlier, plan.patch_bytes, plan.whole_bytes)
    stopped = _stopped(plan, places)
    took = installed < (np.inf if plan.halt_hour is None else plan.halt_hour)
    slot = np.minimum(installed, hours).astype(np.int32)
    downloads = np.bincount(slot[took], minlength=hours + 1)[:hours]
    sent = np.bincount(slot[took], cost[took], minlength=hours + 1)[:hours]
    left = np.bincount(np.minimum(stopped[took], hours).astype(np.int32), minlength=hours + 1)[
        :hours
    ]
    running = np.cumsum(downloads) - np.cumsum(left)
    peak = _peak(places, plan.period_hours)
    return [
        Step(
            hour=hour,
            running=int(running[hour]),
            downloads=int(downloads[hour]),
            bytes=int(sent[hour]),
            usd=float(sent[hour]) / 1e9 * plan.usd_per_gb,
            peak_per_second=peak,
        )
        for hour in range(hours)
    ]


def _starts(plan: FleetPlan, numbers: Any) -> Any:
    """Return the hour at which each device's ring begins."""
    begins = np.concatenate([[0.0], np.cumsum(plan.soak_hours)]).astype(np.float32)
    shares = np.array([ring.share for ring in plan.rings])
    index = np.searchsorted(shares, numbers, side="right")
    # Devices beyond the last ring never begin.
    hours = np.concatenate([begins[: len(shares)], [np.float32(np.inf)]])
    return hours[index]


def _installed(starts: Any, places: Any, plan: FleetPlan, rng: np.random.Generator) -> Any:
    """Return the time at which each device installs: its first reachable check after the start."""
    period = np.float32(plan.period_hours)
    with np.errstate(invalid="ignore"):
        first = np.ceil((starts - places) / period) * period + places
    if plan.online >= 1:
        return first
    # Checks at which the device is unreachable, before the first at which it is reachable.
    missed = rng.geometric(plan.online, starts.size).astype(np.float32) - 1
    return first + missed * period


def _stopped(plan: FleetPlan, places: Any) -> Any:
    """Return the time at which each device receives the halt: its first check afterwards."""
    if plan.halt_hour is None:
        return np.full(plan.devices, np.inf, np.float32)
    period = np.float32(plan.period_hours)
    return np.ceil((plan.halt_hour - places) / period) * period + places


def _peak(places: Any, period_hours: float) -> int:
    seconds = int(period_hours * 3_600)
    at = np.minimum((places * np.float32(3_600)).astype(np.int32), seconds - 1)
    return int(np.bincount(at, minlength=seconds).max())
