"""Schedules checks for updates, spread evenly over the fleet to avoid load spikes on the CDN."""

from __future__ import annotations

from typing import Final

from mobile_ai.delivery.rings import COHORTS, cohort, point

_BACKOFF: Final = (1, 2, 4, 8)  # times the period, by failed checks in a row


def next_check(installation: str, *, period: float, now: float, failures: int = 0) -> float:
    """Return the Unix time of a device's next check.

    Each device has a fixed offset in the period, uniform over the fleet. After a failure it skips
    periods and keeps its offset, so that a recovering server is not overloaded.

    Args:
        installation: The device's random id.
        period: Seconds between checks.
        now: Unix time.
        failures: Consecutive failed checks.
    """
    place = cohort(point(installation), point("mobile-ai-poll")) / COHORTS * period
    skipped = _BACKOFF[min(failures, len(_BACKOFF) - 1)] - 1
    begun = (now - place) // period
    return float((begun + 1 + skipped) * period + place)
