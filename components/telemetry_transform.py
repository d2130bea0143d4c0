"""Validates telemetry on its way from the stream to the store (Firehose transform).

A record is one request of a device: several JSON objects, one after the other. Good events go
on; each bad one is put into the quarantine prefix with the reason, so that one bad event costs
no other. If the quarantine cannot be written the function fails and Firehose tries again.
"""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
from governance.telemetry import check_event

__all__ = ["Refused", "handler", "split_objects", "transform"]

_LARGEST_RECORD = 262_144  # bytes; the API lets no larger body through either
_MOST_EVENTS = 500
_DECODER = json.JSONDecoder()

Refused = dict[str, str]


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Validate the records of one batch."""
    now = datetime.now(UTC)
    group_apps = os.environ.get("GROUP_APPS", "").split()
    records, refused, accepted = transform(event["records"], now=now, group_apps=group_apps)
    if refused:
        _quarantine(boto3.client("s3"), os.environ["BUCKET"], refused, now)
    _report(accepted=accepted, refused=len(refused), now=now)
    return {"records": records}


def transform(
    records: list[dict[str, Any]], *, now: datetime, group_apps: Collection[str] = ()
) -> tuple[list[dict[str, str]], list[Refused], int]:
    """Return what Firehose gets back, what is refused, and how many events are good."""
    answers, refused, accepted = [], [], 0
    for record in records:
        good, bad = _sort_events(base64.b64decode(record["data"]), now, group_apps)
        accepted += len(good)
        refused += bad
        lines = "".join(json.dumps(event, separators=(",", ":")) + "\n" for event in good)
        answers.append(
            {
                "recordId": record["recordId"],
                "result": "Ok" if good else "Dropped",
                "data": base64.b64encode(lines.encode()).decode(),
            }
        )
    return answers, refused, accepted


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


def _sort_events(
    data: bytes, now: datetime, group_apps: Collection[str]
) -> tuple[list[dict[str, Any]], list[Refused]]:
    data = _unwrap(data)
    if len(data) > _LARGEST_RECORD:
        return [], [_refuse(data[:_LARGEST_RECORD], f"more than {_LARGEST_RECORD} bytes")]
    good: list[dict[str, Any]] = []
    bad: list[Refused] = []
    try:
        for event in _limited(split_objects(data.decode())):
            reason = check_event(event, now=now, group_apps=group_apps)
            if reason is None:
                good.append(event)
            else:
                bad.append(_refuse(json.dumps(event).encode(), reason))
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        bad.append(_refuse(data, f"rest is not readable: {type(error).__name__}"))
    return good, bad


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


def _refuse(data: bytes, reason: str) -> Refused:
    return {"reason": reason, "data": base64.b64encode(data).decode()}


def _quarantine(s3: Any, bucket: str, refused: list[Refused], now: datetime) -> None:
    body = "".join(json.dumps(item) + "\n" for item in refused).encode()
    # Named by content: a batch that is tried again overwrites its own file.
    name = hashlib.sha256(body).hexdigest()
    key = f"quarantine/refused/dt={now:%Y-%m-%d}/{name}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/x-ndjson")


def _report(*, accepted: int, refused: int, now: datetime) -> None:
    names = ("EventsAccepted", "EventsRefused")
    metric = {
        "Namespace": "MobileAI/Telemetry",
        "Dimensions": [["Stack"]],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in names],
    }
    line = {
        "_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [metric]},
        "Stack": os.environ["STACK"],
        "EventsAccepted": accepted,
        "EventsRefused": refused,
    }
    print(json.dumps(line))
