"""A request of telemetry events: several JSON objects, one after the other.

The transform in the stream and the local endpoint sort a request with this one function, so that
both say the same of the same bytes. Standard library only, as in `telemetry`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Final

from .telemetry import check_event

__all__ = ["LARGEST_REQUEST", "Refused", "refuse", "sort_events", "split_objects"]

LARGEST_REQUEST: Final = 262_144  # bytes; the cloud's API lets no larger body through either
_MOST_EVENTS: Final = 500
_DECODER: Final = json.JSONDecoder()

Refused = dict[str, str]
"""``reason``, and ``data``: the bytes that came, in base64."""


def sort_events(
    data: bytes, *, now: datetime, group_apps: Collection[str] = ()
) -> tuple[list[dict[str, Any]], list[Refused]]:
    """Return the good events of a request and what is refused; one bad event costs no other.

    Args:
        data: The body, plain or once more in base64.
        now: The time of the judge.
        group_apps: Applications that may send a group.
    """
    data = _unwrap(data)
    if len(data) > LARGEST_REQUEST:
        return [], [refuse(data[:LARGEST_REQUEST], f"more than {LARGEST_REQUEST} bytes")]
    good: list[dict[str, Any]] = []
    bad: list[Refused] = []
    try:
        for event in _limited(split_objects(data.decode())):
            reason = check_event(event, now=now, group_apps=group_apps)
            if reason is None:
                good.append(event)
            else:
                bad.append(refuse(json.dumps(event).encode(), reason))
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        bad.append(refuse(data, f"rest is not readable: {type(error).__name__}"))
    return good, bad


def split_objects(text: str) -> Iterator[Any]:
    """Yield the JSON values of a text, one after the other, whatever space is between them.

    Raises:
        ValueError: Where the rest is no JSON.
    """
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        value, at = _DECODER.raw_decode(text, at)
        yield value


def refuse(data: bytes, reason: str) -> Refused:
    """Return what is kept of something refused."""
    return {"reason": reason, "data": base64.b64encode(data).decode()}


def _limited(events: Iterator[Any]) -> Iterator[Any]:
    for count, event in enumerate(events, start=1):
        if count > _MOST_EVENTS:
            raise ValueError(f"more than {_MOST_EVENTS} events")
        yield event


def _unwrap(data: bytes) -> bytes:
    """Undo the base64 of producers that encode what the API encodes again."""
    if data.lstrip()[:1] == b"{":
        return data
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        return data
