"""Splits a telemetry request (concatenated JSON objects) into accepted and refused events.

Used by the Firehose transform and by the local endpoint, so that both treat equal bytes equally.
Standard library only, as in `telemetry`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Final

from mobile_ai.contracts.telemetry import check_event

LARGEST_REQUEST: Final = 262_144
"""Bytes of a request, the same limit as in the cloud's API."""
_MOST_EVENTS: Final = 500
_DECODER: Final = json.JSONDecoder()

Refused = dict[str, str]
"""``reason``, and ``data``: the refused bytes in base64."""


def sort_events(
    data: bytes, *, now: datetime, group_apps: Collection[str] = ()
) -> tuple[list[dict[str, Any]], list[Refused]]:
    """Return the valid and the refused events of a request; each event is validated on its own.

    Args:
        data: The body, plain or base64-encoded.
        now: The current time.
        group_apps: Applications that may send a group.
    """
    data = _unwrap(data)
    if len(data) > LARGEST_REQUEST:
        return [], [refusal_response(data[:LARGEST_REQUEST], f"more than {LARGEST_REQUEST} bytes")]
    good: list[dict[str, Any]] = []
    bad: list[Refused] = []
    try:
        for event in _limited(split_objects(data.decode())):
            reason = check_event(event, now=now, group_apps=group_apps)
            if reason is None:
                good.append(event)
            else:
                bad.append(refusal_response(json.dumps(event).encode(), reason))
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        bad.append(refusal_response(data, f"rest is not readable: {type(error).__name__}"))
    return good, bad


def split_objects(text: str) -> Iterator[Any]:
    """Yield the concatenated JSON values of a text, with or without white space between them.

    Raises:
        ValueError: If the rest is not JSON.
    """
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        value, at = _DECODER.raw_decode(text, at)
        yield value


def refusal_response(data: bytes, reason: str) -> Refused:
    """Return the record of refused bytes."""
    return {"reason": reason, "data": base64.b64encode(data).decode()}


def _limited(events: Iterator[Any]) -> Iterator[Any]:
    for count, event in enumerate(events, start=1):
        if count > _MOST_EVENTS:
            raise ValueError(f"more than {_MOST_EVENTS} events")
        yield event


def _unwrap(data: bytes) -> bytes:
    """Decode the base64 of producers that encode the body themselves before the API does."""
    if data.lstrip()[:1] == b"{":
        return data
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        return data
