"""Finds the writer of an S3 object in the bucket's server access log.

S3 delivers log records after minutes to hours, on a best-effort basis, so a missing record proves
nothing. Format: https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html; a log file is
named by the time of its delivery, so an event is in a file named later than the event.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote

# Tolerance between the object's time and the record's: clock skew, and the time of an upload.
_NEAR: Final = timedelta(minutes=2)
_MOST_FILES: Final = 200
_MOST_BYTES: Final = 20_000_000  # of one file
_WRITES: Final = frozenset(
    {"REST.PUT.OBJECT", "REST.COPY.OBJECT", "REST.POST.OBJECT", "REST.POST.UPLOAD"}
)
_DELETES: Final = frozenset({"REST.DELETE.OBJECT", "BATCH.DELETE.OBJECT"})
_RECORD: Final = re.compile(
    r"\S+ (?P<bucket>\S+) \[(?P<time>[^\]]+)\] \S+ (?P<requester>\S+) \S+ (?P<operation>\S+) "
    r'(?P<key>\S+) (?:"[^"]*"|-) (?P<status>2\d\d) '
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Result of a search in the log.

    Attributes:
        who: The requester; empty if unknown.
        note: Reason why it is unknown.
    """

    who: str = ""
    note: str = ""


def writer_of(s3: Any, bucket: str, key: str, when: datetime, *, deleted: bool) -> Writer:
    """Return the requester that wrote or deleted an object at a time.

    Args:
        s3: boto3's ``s3`` client.
        bucket: The object's bucket.
        key: The object's key.
        when: S3's time of the version or of the deletion.
        deleted: True for a deletion.

    Raises:
        ClientError: The log cannot be read.
    """
    logging = s3.get_bucket_logging(Bucket=bucket).get("LoggingEnabled")
    if not logging:
        return Writer(note="S3 records no writer, and the bucket has no access log")
    if "PartitionedPrefix" in logging.get("TargetObjectKeyFormat", {}):
        return Writer(note="the bucket's access log is partitioned, which is not supported")
    operations = _DELETES if deleted else _WRITES
    files = _files(s3, logging["TargetBucket"], logging["TargetPrefix"], when - _NEAR)
    found = {
        record["requester"]
        for text in files
        for record in _RECORD.finditer(text)
        if record["bucket"] == bucket
        and record["operation"] in operations
        and key in {record["key"], unquote(record["key"]), unquote(unquote(record["key"]))}
        and abs(_time(record["time"]) - when) <= _NEAR
    }
    if len(found) != 1:
        several = "several writers within minutes" if found else "no record of it so far"
        return Writer(note=f"the bucket's access log has {several}")
    (requester,) = found
    return Writer(who="a request without credentials" if requester == "-" else requester)


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")


def _files(s3: Any, bucket: str, prefix: str, since: datetime) -> Iterator[str]:
    start = f"{prefix}{since:%Y-%m-%d-%H-%M-%S}"
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, StartAfter=start
    )
    keys = (item["Key"] for page in pages for item in page.get("Contents", ()))
    for key in islice(keys, _MOST_FILES):
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
        yield body.read(_MOST_BYTES).decode(errors="replace")
