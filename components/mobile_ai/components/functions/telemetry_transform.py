"""Firehose transform that validates telemetry between the stream and the store.

A record is one request of a device: several concatenated JSON objects. Valid events pass; each
invalid one is written to the quarantine prefix with its reason, so that it does not affect others.
If the quarantine cannot be written, the function fails and Firehose retries.
"""

import base64
import hashlib
import json
import os
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import boto3

from mobile_ai.contracts.telemetry_request import Refused, sort_events


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
    """Return the records for Firehose, the refused events, and the number of accepted events."""
    answers, refused, accepted = [], [], 0
    for record in records:
        body = base64.b64decode(record["data"])
        good, bad = sort_events(body, now=now, group_apps=group_apps)
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


def _quarantine(s3: Any, bucket: str, refused: list[Refused], now: datetime) -> None:
    body = "".join(json.dumps(item) + "\n" for item in refused).encode()
    # Named by content, so that a retried batch overwrites its own file.
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
