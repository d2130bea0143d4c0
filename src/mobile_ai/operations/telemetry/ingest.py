"""Ingests a file of events into the store in batches, exactly once even if a run is killed.

A batch is named by the digest of the source and the offset of its first value. Its segments and
its quarantine are written first, and last its commit file, which states its number of values. A
later run of the same source skips committed batches, whatever the batch size is by then, and writes
the rest.
"""

import hashlib
import itertools
import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.telemetry import check_event
from mobile_ai.contracts.telemetry_request import Refused, refusal_response
from mobile_ai.operations.telemetry.reading import Unreadable, open_events, read_values
from mobile_ai.operations.telemetry.store import EventStore
from mobile_ai.operations.telemetry.tables import parquet

_BATCH: Final = 20_000  # events; about 20 MB of Python objects


class Channel(StrEnum):
    """Ingestion channel."""

    DEVICE = "device"
    """The public API. Anyone with a device's token may have written the events."""
    SITE = "site"
    """Edge sites and functions, over a path that no device can write to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """Result of ingesting a source.

    Attributes:
        accepted: Events ingested by this run.
        refused: Events quarantined by this run.
        skipped: Values of batches that an earlier run had committed.
    """

    accepted: int = 0
    refused: int = 0
    skipped: int = 0


def ingest_file(
    store: EventStore,
    path: Path,
    *,
    now: datetime,
    channel: Channel = Channel.DEVICE,
    group_apps: Collection[str] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> Ingested:
    """Ingest a file.

    Args:
        store: Destination.
        path: JSONL or concatenated JSON objects; plain or gzip.
        now: Reference time of validation.
        channel: Ingestion channel of the file.
        group_apps: Applications that may send a group.
        progress: Called with the number of values of each finished batch.

    Raises:
        TelemetryError: The file cannot be read, or the folder is not a store.
        OSError: The store cannot be written; committed batches stay.
    """
    store.prepare()
    with store.lock(), open_events(path) as file:
        source = f"{_digest(path)[:24]}-{channel}"
        accepted = refused = skipped = at = 0
        values = iter(read_values(file))
        while True:
            name = f"{source}-{at:09}"
            done = store.batch(name)
            batch = list(itertools.islice(values, done or _BATCH))
            if not batch:
                break
            if done:
                skipped += len(batch)
            else:
                good, bad = _sort(batch, now, group_apps)
                _commit(store, name, good, bad, channel)
                accepted, refused = accepted + len(good), refused + len(bad)
            progress(len(batch))
            at += len(batch)
    return Ingested(accepted=accepted, refused=refused, skipped=skipped)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sort(
    values: Iterable[Any], now: datetime, group_apps: Collection[str]
) -> tuple[list[dict[str, Any]], list[Refused]]:
    good: list[dict[str, Any]] = []
    bad: list[Refused] = []
    for value in values:
        if isinstance(value, Unreadable):
            bad.append(refusal_response(value, "not readable"))
        elif reason := check_event(value, now=now, group_apps=group_apps):
            bad.append(refusal_response(json.dumps(value).encode(), reason))
        else:
            good.append(value)
    return good, bad


def _commit(
    store: EventStore, name: str, good: list[dict[str, Any]], bad: list[Refused], channel: Channel
) -> None:
    days: dict[str, list[dict[str, Any]]] = {}
    for event in good:
        days.setdefault(event["occurred_at"][:10], []).append(event)
    segments = {f"events/dt={day}/{name}.parquet": events for day, events in sorted(days.items())}
    for segment, events in segments.items():
        store.write(segment, parquet(events, channel=channel))
    if bad:
        lines = "".join(f"{json.dumps(item)}\n" for item in bad)
        store.write(f"quarantine/{name}.jsonl", lines.encode())
    record = {"segments": list(segments), "accepted": len(good), "refused": len(bad)}
    store.write(f"commits/{name}.json", json.dumps(record).encode())
