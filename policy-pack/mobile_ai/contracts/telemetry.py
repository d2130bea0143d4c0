"""Schema and validation of telemetry events.

The single definition for devices and edge sites that emit events, for the Firehose transform and
the local ingest service that validate them, and for the columns of the tables. It imports only the
standard library, because the transform's Lambda function has no dependencies installed. Unknown
fields are refused, so that no personal data enters unnoticed; there is no field for raw inputs, a
user or a device identifier.

An event aggregates what one device or server did with one model version over at most an hour.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

SCHEMA_VERSION: Final = 1
"""Version of the event schema, which every event carries."""
GROUP_TIER: Final = "GDPR_Sensitive"
"""Privacy tier whose applications may send ``group``: a protected attribute (GDPR Art. 9)."""
CONFIDENCE_BINS: Final = 10
"""Number of equal-width bins of the feature ``confidence`` over 0 to 1."""
LATENCY_EDGES_MS: Final = (0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Upper edges of the bins of the feature ``latency_ms``; one more bin is above the last."""
OLDEST: Final = timedelta(days=30)
"""Highest age of an accepted event: devices may be offline for weeks."""

_NEWEST: Final = timedelta(minutes=10)  # tolerance for fast device clocks
_LARGEST_COUNT: Final = 10**9
_MOST_BINS: Final = 64


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an event.

    Attributes:
        column: Column type in the tables (Hive type names).
        form: JSON Schema of a value.
        accepts: Returns whether a value is valid.
        expected: Description of valid values, for messages.
        meaning: Description of the field, with units.
        required: Whether every event must have it.
    """

    column: str
    form: dict[str, Any]
    accepts: Callable[[Any], bool]
    expected: str
    meaning: str
    required: bool = False


def _text(pattern: str, expected: str, meaning: str, *, required: bool = False) -> Field:
    compiled = re.compile(pattern, re.ASCII)

    def accepts(value: Any) -> bool:
        return isinstance(value, str) and compiled.fullmatch(value) is not None

    form = {"type": "string", "pattern": f"^(?:{pattern})$"}
    return Field("string", form, accepts, expected, meaning, required)


def _word(words: str, meaning: str, *, required: bool = False) -> Field:
    known = words.split()
    form = {"type": "string", "enum": known}
    expected = f"{', '.join(known[:-1])} or {known[-1]}"
    return Field("string", form, lambda value: value in known, expected, meaning, required)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST_COUNT


def _is_amount(value: Any) -> bool:
    return type(value) in {int, float} and math.isfinite(value) and 0 <= value <= _LARGEST_COUNT


def _is_histogram(value: Any) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= _MOST_BINS and all(map(_is_count, value))


_COUNT: Final = {"type": "integer", "minimum": 0, "maximum": _LARGEST_COUNT}


def _count(meaning: str) -> Field:
    expected = f"a whole number from 0 to {_LARGEST_COUNT}"
    return Field("bigint", _COUNT, _is_count, expected, meaning)


def _amount(meaning: str) -> Field:
    form = {"type": "number", "minimum": 0, "maximum": _LARGEST_COUNT}
    return Field("double", form, _is_amount, "a finite number, not negative", meaning)


def _histogram(meaning: str) -> Field:
    form = {"type": "array", "items": _COUNT, "minItems": 1, "maxItems": _MOST_BINS}
    expected = f"1 to {_MOST_BINS} whole numbers"
    return Field("array<bigint>", form, _is_histogram, expected, meaning)


def _name(meaning: str, *, required: bool = False) -> Field:
    return _text(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", "a name", meaning, required=required)


_TIME: Final = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z"
_TIME_WORDS: Final = "a UTC time such as 2026-01-31T12:00:00Z"
_FREE_WORD: Final = r"[a-z][a-z0-9_.-]{0,63}"

FIELDS: Final = MappingProxyType(
    {
        "event_id": _text(
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "a UUID in lower case",
            "Drawn at random for this event; a repeated one is the same event again.",
            required=True,
        ),
        "occurred_at": _text(_TIME, _TIME_WORDS, "End of what is summed up.", required=True),
        "kind": _word(
            "inference update error drift label active",
            "inference: `count` of them, with latency, memory, energy, and predictions by class in "
            "`histogram`. update: one attempt to install a version. error: `count` of `outcome` "
            "(crash, ...). drift: `histogram` of a `feature`. label: true answers that came later. "
            "active: at most once per installation and calendar month.",
            required=True,
        ),
        "app": _name("The application.", required=True),
        "model": _name("The model.", required=True),
        "version": _text(
            r"\d{1,9}\.\d{1,9}\.\d{1,9}(-[0-9A-Za-z.-]{1,32})?",
            "a semantic version",
            "Its version; 0.0.0 where none is known.",
            required=True,
        ),
        "target": _word("on-device edge cloud", "Where it runs.", required=True),
        "schema_version": Field(
            "bigint",
            {"type": "integer", "const": SCHEMA_VERSION},
            lambda value: type(value) is int and value == SCHEMA_VERSION,
            f"{SCHEMA_VERSION}",
            "Version of this schema; 1 where it is missing.",
        ),
        "deployment": _name("The deployment, as `<app>-<model>`."),
        "variant": _name("The artifact's variant."),
        "manifest_sha256": _text(
            r"[0-9a-f]{64}", "64 hexadecimal digits", "Digest of the manifest that was released."
        ),
        "artifact_sha256": _text(
            r"[0-9a-f]{64}", "64 hexadecimal digits", "Digest of the file that was loaded."
        ),
        "device_class": _name("Class of the device, never its type or serial number."),
        "site": _name("Edge site."),
        "ring": _name("Ring of the rollout."),
        "group": _name(
            "Group of people, for fairness: only with consent, and only for applications of tier "
            f"{GROUP_TIER}."
        ),
        "group_consent": Field(
            "boolean",
            {"const": True},
            lambda value: value is True,
            "true",
            "The person agreed that the group is sent.",
        ),
        "outcome": _text(_FREE_WORD, "a word", "ok, crash, installed, refused, ..."),
        "count": _count("How many; 1 where it is missing."),
        "latency_ms": _amount("Mean time of one, in milliseconds."),
        "memory_mb": _amount("Peak memory, in MB (10^6 bytes)."),
        "energy_mj": _amount("Estimated energy of one inference, in mJ; the manifest's method."),
        "bytes": _count("Bytes of model files that came over the network."),
        "feature": _text(
            _FREE_WORD,
            "a word",
            "What a histogram is of: `confidence` and `latency_ms` have fixed bins, `input.<name>` "
            "those that the application fixed for the model.",
        ),
        "histogram": _histogram(
            "Counts by bin: of predictions by class (inference), of a feature (drift), of labelled "
            "inferences by confidence (label; one bin where there is no confidence)."
        ),
        "hits": _histogram("label: of the histogram, how many were right, bin by bin."),
        "predicted_at": _text(_TIME, _TIME_WORDS, "label: when the inferences took place."),
    }
)
"""Fields of an event with their JSON Schema."""


def check_event(event: Any, *, now: datetime, group_apps: Collection[str] = ()) -> str | None:
    """Return the reason to refuse an event, or ``None``; a reason never quotes values.

    Args:
        event: The parsed JSON value.
        now: The current time.
        group_apps: Applications that may send ``group``.
    """
    if not isinstance(event, dict):
        return "got no object"
    if unknown := set(event) - set(FIELDS):
        return f"got {len(unknown)} unknown fields"
    for name, field in FIELDS.items():
        if name not in event:
            if field.required:
                return f"{name}: missing"
        elif not field.accepts(event[name]):
            return f"{name}: expected {field.expected}"
    return _check_histograms(event) or _check_group(event, group_apps) or _check_times(event, now)


def _check_histograms(event: dict[str, Any]) -> str | None:
    kind = event["kind"]
    if kind == "drift" and not {"feature", "histogram"} <= set(event):
        return "drift: expected feature and histogram"
    if kind != "label":
        return "hits: expected with label only" if "hits" in event else None
    if not {"histogram", "hits", "predicted_at"} <= set(event):
        return "label: expected histogram, hits and predicted_at"
    seen, hits = event["histogram"], event["hits"]
    if len(seen) != len(hits) or any(hit > of for hit, of in zip(hits, seen, strict=True)):
        return "hits: expected as many bins as histogram has, and no more in any"
    return None


def _check_group(event: dict[str, Any], group_apps: Collection[str]) -> str | None:
    if "group" not in event:
        return None
    if "group_consent" not in event:
        return "group: expected with group_consent only"
    if event["app"] not in group_apps:
        return "group: not allowed for this application"
    return None


def _check_times(event: dict[str, Any], now: datetime) -> str | None:
    for name in ("occurred_at", "predicted_at"):
        if name not in event:
            continue
        try:
            moment = datetime.fromisoformat(event[name]).astimezone(UTC)
        except ValueError:
            return f"{name}: no such day or time"
        if not now - OLDEST <= moment <= now + _NEWEST:
            return f"{name}: too long ago, or in the future"
    return None


def event_schema() -> dict[str, Any]:
    """Return the JSON Schema of an event.

    JSON Schema cannot express that a date exists, how old an event may be, that ``hits`` do not
    exceed ``histogram``, and which applications may send a group; only `check_event` checks those.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"mobile-ai/telemetry-event/v{SCHEMA_VERSION}",
        "title": "Telemetry event",
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, field in FIELDS.items() if field.required],
        "properties": {
            name: {**field.form, "description": field.meaning} for name, field in FIELDS.items()
        },
        "dependentRequired": {"group": ["group_consent"]},
        "allOf": [
            _when("drift", {"required": ["feature", "histogram"]}),
            {
                **_when("label", {"required": ["histogram", "hits", "predicted_at"]}),
                "else": {"properties": {"hits": False}},
            },
        ],
    }


def _when(kind: str, then: dict[str, Any]) -> dict[str, Any]:
    return {"if": {"properties": {"kind": {"const": kind}}}, "then": then}
