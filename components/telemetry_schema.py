"""What a telemetry event may say: these fields in these forms, and nothing else.

Used by the transform in the stream and by the table that the events end up in. An unknown field
is refused: it is how personal data would get in unseen.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["FIELDS", "Field", "check_event"]

_OLDEST = timedelta(days=30)  # a device that was off for a while
_NEWEST = timedelta(minutes=10)  # a clock that is a little fast
_LARGEST_COUNT = 10**9
_MOST_BUCKETS = 64


@dataclass(frozen=True)
class Field:
    """A field of an event.

    Attributes:
        column: Its type in the table.
        accepts: Whether a value has the form.
        expected: The form in words.
        required: Whether every event has it.
    """

    column: str
    accepts: Callable[[Any], bool]
    expected: str
    required: bool = False


def _text(pattern: str) -> Callable[[Any], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST_COUNT


def _amount(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= _LARGEST_COUNT


def _histogram(value: Any) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= _MOST_BUCKETS and all(map(_count, value))


_NAME = _text(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?")
_WORD = _text(r"[a-z][a-z0-9_.-]{0,63}")
_UUID = _text(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = _text(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z")
_VERSION = _text(r"\d{1,9}\.\d{1,9}\.\d{1,9}(-[0-9A-Za-z.-]{1,32})?")
_KIND = _text(r"inference|update|error|drift")
_TARGET = _text(r"on-device|edge|cloud")
_DIGEST = _text(r"[0-9a-f]{64}")

FIELDS: dict[str, Field] = {
    "event_id": Field("string", _UUID, "a UUID in lower case", required=True),
    "occurred_at": Field("string", _TIME, "a UTC time such as 2026-01-31T12:00:00Z", required=True),
    "kind": Field("string", _KIND, "inference, update, error or drift", required=True),
    "app": Field("string", _NAME, "a name", required=True),
    "model": Field("string", _NAME, "a name", required=True),
    "version": Field("string", _VERSION, "a semantic version", required=True),
    "target": Field("string", _TARGET, "on-device, edge or cloud", required=True),
    "variant": Field("string", _NAME, "a name"),
    "manifest_sha256": Field("string", _DIGEST, "64 hexadecimal digits"),
    "device_class": Field("string", _NAME, "a name"),
    "site": Field("string", _NAME, "a name"),
    "ring": Field("string", _NAME, "a name"),
    "outcome": Field("string", _WORD, "a word"),
    "count": Field("bigint", _count, f"a whole number from 0 to {_LARGEST_COUNT}"),
    "latency_ms": Field("double", _amount, "a finite number, not negative"),
    "feature": Field("string", _WORD, "a word"),
    "histogram": Field("array<bigint>", _histogram, f"1 to {_MOST_BUCKETS} whole numbers"),
}


def check_event(event: Any, *, now: datetime) -> str | None:
    """Return why an event is refused, or ``None``; values are never repeated in the answer."""
    if not isinstance(event, dict):
        return "got no object"
    if unknown := sorted(set(event) - set(FIELDS)):
        return f"got {len(unknown)} unknown fields"
    for name, field in FIELDS.items():
        if name not in event:
            if field.required:
                return f"{name}: missing"
        elif not field.accepts(event[name]):
            return f"{name}: expected {field.expected}"
    return _check_time(event["occurred_at"], now)


def _check_time(text: str, now: datetime) -> str | None:
    try:
        occurred = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return "occurred_at: no such day or time"
    if not now - _OLDEST <= occurred <= now + _NEWEST:
        return "occurred_at: too long ago, or in the future"
    return None
