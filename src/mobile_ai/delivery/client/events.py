"""Telemetry events of updates, without any identifier of the device."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from mobile_ai.delivery.client import disk

_MOST_EVENTS: Final = 200  # a device that is offline for months keeps the newest


def update_event(
    subject: dict[str, str], *, outcome: str, now: datetime, seconds: float, downloaded: int
) -> dict[str, Any]:
    """Return an event in the format of the telemetry API.

    Args:
        subject: app, model, version, target, and variant, ring and place where known.
        outcome: Outcome of the check, one word.
        now: Time of the check.
        seconds: Duration of the check.
        downloaded: Bytes of model files downloaded.
    """
    return {
        "event_id": str(uuid.uuid4()),
        "occurred_at": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "kind": "update",
        **subject,
        "outcome": outcome,
        "latency_ms": round(seconds * 1000, 3),
        "bytes": downloaded,
    }


@dataclass(frozen=True, slots=True)
class EventSpool:
    """Events not yet sent, oldest first."""

    path: Path

    def add(self, event: dict[str, Any]) -> None:
        """Append an event; the oldest are dropped beyond the limit."""
        self._write([*self.read(), event][-_MOST_EVENTS:])

    def read(self) -> list[dict[str, Any]]:
        """Return the events; a damaged line is skipped."""
        try:
            lines = self.path.read_bytes().splitlines()
        except OSError:
            return []
        return [event for line in lines if (event := _event(line)) is not None]

    def sent(self, ids: Iterable[str]) -> None:
        """Remove delivered events."""
        gone = set(ids)
        self._write([event for event in self.read() if event["event_id"] not in gone])

    def _write(self, events: Iterable[dict[str, Any]]) -> None:
        disk.write_whole(self.path, b"".join(json.dumps(item).encode() + b"\n" for item in events))


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "event_id" in value else None
