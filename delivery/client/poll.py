"""When to ask again: a fleet that asks at once takes its own CDN down."""

from __future__ import annotations

from typing import Final

from delivery.rings import COHORTS, cohort, point

__all__ = ["next_check"]

_BACKOFF: Final = (1, 2, 4, 8)  # times the period, by failed checks in a row


def next_check(installation: str, *, period: float, now: float, failures: int = 0) -> float:
    """Return the Unix time of a device's next check.

    Every device has its own place in the period, spread evenly over all devices: after a
    failure it skips periods and keeps its place, so that a returning server is not stormed.

    Args:
        installation: The device's random id.
        period: Seconds between checks.
        now: Unix time.
        failures: Checks that failed since the last that did not.
    """
    place = cohort(point(installation), point("mobile-ai-poll")) / COHORTS * period
    skipped = _BACKOFF[min(failures, len(_BACKOFF) - 1)] - 1
    begun = (now - place) // period
    return float((begun + 1 + skipped) * period + place)
