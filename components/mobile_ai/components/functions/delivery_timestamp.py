"""Lambda function that signs ``timestamp.json``, the TUF timestamp role (TUF 1.0.34).

Runs on a schedule and requires boto3 only. It attests freshness only: the snapshot that it refers
to is signed by other keys, which it does not have. The object is replaced conditionally
(``If-Match``), and its version always increases.
"""

import base64
import hashlib
import json
import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

_PREFIX = "metadata/"
_TIMESTAMP = f"{_PREFIX}timestamp.json"
_SNAPSHOT = re.compile(r"metadata/([0-9]{1,10})\.snapshot\.json")
_LARGEST_SNAPSHOT = 2_000_000  # bytes, what python-tuf clients accept
_SPEC_VERSION = "1.0.34"
_NOT_FOUND = ("404", "NoSuchKey")


def handler(_event: Any, _context: Any) -> dict[str, Any]:
    """Refresh the timestamp of the bucket and key that the environment names."""
    version = refresh(
        boto3.client("s3"),
        boto3.client("kms"),
        bucket=os.environ["BUCKET"],
        key_id=os.environ["KEY_ID"],
        lifetime=timedelta(minutes=int(os.environ["EXPIRY_MINUTES"])),
        now=datetime.now(UTC),
    )
    # Embedded metric format: CloudWatch extracts the age alarm's metric from this log line.
    metric = {
        "Namespace": "MobileAI/Delivery",
        "Dimensions": [["Stack"]],
        "Metrics": [{"Name": "TimestampSigned", "Unit": "Count"}],
    }
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    line = {"_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [metric]}}
    print(json.dumps({**line, "Stack": os.environ["STACK"], "TimestampSigned": 1}))
    return {"version": version}


def refresh(
    s3: Any, kms: Any, *, bucket: str, key_id: str, lifetime: timedelta, now: datetime
) -> int:
    """Write the next ``timestamp.json`` and return its version.

    Raises:
        ValueError: If there is no snapshot, or only one older than the last.
        botocore.exceptions.ClientError: If the object changed concurrently, or access is denied.
    """
    version, key = newest_snapshot(_list_keys(s3, bucket))
    snapshot = s3.get_object(Bucket=bucket, Key=key)["Body"].read(_LARGEST_SNAPSHOT + 1)
    if len(snapshot) > _LARGEST_SNAPSHOT:
        raise ValueError(f"{key}: got more than {_LARGEST_SNAPSHOT} bytes; clients refuse that")
    current, condition = _current(s3, bucket)
    signed = next_timestamp(
        current, snapshot_version=version, snapshot=snapshot, expires=now + lifetime, now=now
    )
    body = json.dumps({"signatures": [_sign(kms, key_id, signed)], "signed": signed})
    s3.put_object(
        Bucket=bucket,
        Key=_TIMESTAMP,
        Body=body.encode(),
        ContentType="application/json",
        CacheControl="public, max-age=60",
        **condition,
    )
    return int(signed["version"])


def newest_snapshot(keys: Iterable[str]) -> tuple[int, str]:
    """Return version and key of the newest ``metadata/N.snapshot.json``.

    Raises:
        ValueError: If there is no snapshot.
    """
    found = [(int(match[1]), key) for key in keys if (match := _SNAPSHOT.fullmatch(key))]
    if not found:
        raise ValueError("no metadata/N.snapshot.json in the bucket: publish a release first")
    return max(found)


def next_timestamp(
    current: dict[str, Any] | None,
    *,
    snapshot_version: int,
    snapshot: bytes,
    expires: datetime,
    now: datetime,
) -> dict[str, Any]:
    """Return the signed part of the next timestamp.

    The version is at least the minutes since 1970, so that it increases even after the bucket lost
    its last one: clients reject a lower version than they have seen (TUF rollback protection).

    Raises:
        ValueError: If the snapshot is older than the current timestamp's.
    """
    last = 0
    if current is not None:
        last = int(current["signed"]["version"])
        seen = int(current["signed"]["meta"]["snapshot.json"]["version"])
        if snapshot_version < seen:
            raise ValueError(
                f"snapshot: got version {snapshot_version}, expected at least {seen}, which was "
                "released before: somebody removed metadata from the bucket"
            )
    described = {
        "version": snapshot_version,
        "length": len(snapshot),
        "hashes": {"sha256": hashlib.sha256(snapshot).hexdigest()},
    }
    return {
        "_type": "timestamp",
        "spec_version": _SPEC_VERSION,
        "version": max(last + 1, int(now.timestamp()) // 60),
        "expires": expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "meta": {"snapshot.json": described},
    }


def canonical(value: Any) -> bytes:
    """Return canonical JSON; sufficient for the ASCII text and integers of a timestamp."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def public_key(der: bytes) -> dict[str, Any]:
    """Return a P-256 public key in the form of TUF metadata."""
    text = base64.encodebytes(der).decode().replace("\n", "")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    pem = "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----"]) + "\n"
    scheme = "ecdsa-sha2-nistp256"
    return {"keytype": "ecdsa", "scheme": scheme, "keyval": {"public": pem}}


def _sign(kms: Any, key_id: str, signed: dict[str, Any]) -> dict[str, str]:
    der = kms.get_public_key(KeyId=key_id)["PublicKey"]
    signature = kms.sign(
        KeyId=key_id,
        Message=canonical(signed),
        MessageType="RAW",
        SigningAlgorithm="ECDSA_SHA_256",
    )["Signature"]
    # Canonical JSON does not escape newlines, and PEM text contains nothing else to escape.
    described = canonical(public_key(der)).replace(b"\\n", b"\n")
    keyid = hashlib.sha256(described).hexdigest()
    return {"keyid": keyid, "sig": signature.hex()}


def _list_keys(s3: Any, bucket: str) -> Iterable[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=_PREFIX)
    for page in pages:
        yield from (item["Key"] for item in page.get("Contents", ()))


def _current(s3: Any, bucket: str) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """Return the current timestamp and the condition under which it may be replaced."""
    try:
        answer = s3.get_object(Bucket=bucket, Key=_TIMESTAMP)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in _NOT_FOUND:
            return None, {"IfNoneMatch": "*"}
        raise
    return json.loads(answer["Body"].read()), {"IfMatch": answer["ETag"]}
