"""Retention periods of telemetry."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from mobile_ai.contracts.telemetry import OLDEST
from mobile_ai.operations.telemetry.errors import TelemetryError
from mobile_ai.operations.telemetry.store import EventStore

# Events may be late by up to OLDEST; their day must still exist then.
_LEAST_EVENT_DAYS: Final = OLDEST.days + 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Retention periods in days.

    Attributes:
        events: Compacted events.
        partials: Hourly partials.
        quarantine: Quarantined events, and the commit files of batches.
    """

    events: int = 90
    partials: int = 400
    quarantine: int = 40

    def __post_init__(self) -> None:
        """Check that nothing expires while late events may still refer to it.

        Raises:
            TelemetryError: A late event's day or batch would have expired.
        """
        if min(self.events, self.quarantine, self.partials) < _LEAST_EVENT_DAYS:
            raise TelemetryError(
                "retention",
                got=f"{self.events}, {self.partials} and {self.quarantine} days",
                expected=f"at least {_LEAST_EVENT_DAYS}: events may be {OLDEST.days} days late",
                next_step="keep events, partials and quarantine longer",
            )


def expire(store: EventStore, *, now: datetime, keep: Retention) -> int:
    """Remove expired files; return their number.

    Args:
        store: The store.
        now: Reference time of ages.
        keep: Retention periods.
    """
    store.prepare()
    with store.lock():
        gone = _expire_days(store, now.date(), keep)
        for name in [*store.files("quarantine/*.jsonl"), *store.files("commits/*.json")]:
            age = now.timestamp() - store.path(name).stat().st_mtime
            if age > timedelta(days=keep.quarantine).total_seconds():
                store.remove(name)
                gone += 1
    return gone


def _expire_days(store: EventStore, today: date, keep: Retention) -> int:
    gone = 0
    for day, pointer in store.days().items():
        age = (today - date.fromisoformat(day)).days
        if age > keep.partials:
            store.remove(f"days/{day}.json")
            old = [pointer.compacted, pointer.counts, pointer.bins]
        elif age > keep.events and pointer.compacted:
            store.point(day, replace(pointer, compacted=""))
            old = [pointer.compacted]
        else:
            continue
        for name in filter(None, old):
            store.remove(name)
            gone += 1
    return gone
