"""Writers of an object, from log files in S3's documented format."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mobile_ai.operations.audit.live.access_log import Writer, writer_of
from mobile_ai.operations.audit.live.objects import objects_unchanged
from mobile_ai.operations.audit.live.trail import no_trail
from tests.operations.audit.live.test_objects import OBJECT, versioned
from tests.operations.audit.support import only, told

WHEN = datetime(2026, 11, 24, 10, 0, 0, tzinfo=UTC)
ADA = "arn:aws:sts::111122223333:assumed-role/admin/ada"
LOGS = {"LoggingEnabled": {"TargetBucket": "the-logs", "TargetPrefix": "s3/models/"}}


def record(
    requester: str = ADA,
    *,
    operation: str = "REST.PUT.OBJECT",
    key: str = "targets/x",
    bucket: str = "models",
    status: str = "200",
    when: datetime = WHEN,
) -> str:
    """Return one record, with the fields of AWS's documentation."""
    return (
        f"79a59df900b949e5 {bucket} [{when:%d/%b/%Y:%H:%M:%S %z}] 192.0.2.3 {requester} "
        f'3E57427F3EXAMPLE {operation} {key} "PUT /{key}?x HTTP/1.1" {status} - - 20 7 5 "-" '
        '"aws-cli/2" - s9lzHYrFp76ZVxRc= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader '
        "models.s3.eu-central-1.amazonaws.com TLSV1.2 - -\n"
    )


class Logs:
    """A bucket with an access log, with the parts of the API that the search uses."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3
        versioned(s3)
        s3.create_bucket(Bucket="the-logs")

    def on(self) -> None:
        """Enable the log as S3's API does."""
        policy = (
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service":'
            ' "logging.s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource":'
            ' "arn:aws:s3:::the-logs/*"}]}'
        )
        self.s3.put_bucket_policy(Bucket="the-logs", Policy=policy)
        self.s3.put_bucket_logging(Bucket="models", BucketLoggingStatus=LOGS)

    def deliver(self, *records: str, after: timedelta = timedelta(hours=1)) -> None:
        """Write a file of records, delivered some time after the event."""
        name = f"s3/models/{WHEN + after:%Y-%m-%d-%H-%M-%S}-0123456789ABCDEF"
        self.s3.put_object(Bucket="the-logs", Key=name, Body="".join(records).encode())

    def writer(self, *, deleted: bool = False) -> Writer:
        """Return the writer found."""
        return writer_of(self.s3, "models", "targets/x", WHEN, deleted=deleted)


@pytest.fixture
def logs(aws: Any) -> Logs:
    found = Logs(aws("s3"))
    found.on()
    return found


NOISE = (
    record("other", key="targets/xy"),
    record("other", operation="REST.GET.OBJECT"),
    record("other", operation="REST.DELETE.OBJECT"),
    record("other", status="403"),
    record("other", bucket="another"),
    record("other", when=WHEN - timedelta(minutes=5)),
    "not a record\n",
)


def test_the_requester_of_that_very_write_is_named(logs: Logs) -> None:
    logs.deliver(*NOISE, record(when=WHEN - timedelta(seconds=3)))

    assert logs.writer() == Writer(who=ADA)


@pytest.mark.parametrize("key", ["targets%2Fx", "targets%252Fx"])
def test_keys_are_compared_as_they_are_and_not_as_they_are_written(logs: Logs, key: str) -> None:
    logs.deliver(record(key=key))

    assert logs.writer().who == ADA


def test_a_deletion_is_no_write(logs: Logs) -> None:
    logs.deliver(record("writer"), record(operation="BATCH.DELETE.OBJECT", status="204"))

    assert (logs.writer().who, logs.writer(deleted=True).who) == ("writer", ADA)


def test_a_request_without_credentials_is_called_so(logs: Logs) -> None:
    logs.deliver(record("-"))

    assert logs.writer().who == "a request without credentials"


def test_of_two_writers_within_minutes_none_is_named(logs: Logs) -> None:
    logs.deliver(record("ada"), record("grace", when=WHEN + timedelta(minutes=1)))

    found = logs.writer()
    assert (found.who, found.note) == (
        "",
        "the bucket's access log has several writers within minutes",
    )


def test_files_from_before_are_not_read(logs: Logs) -> None:
    logs.deliver(record(), after=-timedelta(hours=1))

    assert logs.writer() == Writer(note="the bucket's access log has no record of it so far")


def test_a_bucket_without_a_log_says_so(aws: Any) -> None:
    assert "has no access log" in Logs(aws("s3")).writer().note


def test_the_audit_names_the_writer_beside_s3_s_own_time(logs: Logs) -> None:
    logs.s3.put_object(Bucket="models", Key="targets/x", Body=b"swapped")
    when = logs.s3.head_object(Bucket="models", Key="targets/x")["LastModified"]
    logs.deliver(record(when=when), after=when - WHEN + timedelta(hours=1))

    sentence = told(objects_unchanged(logs.s3, no_trail), only(OBJECT))

    assert sentence == (
        f"last changed by {ADA}, {when:%Y-%m-%dT%H:%M:%SZ} (S3, a version; access log)"
    )


def test_a_log_that_cannot_be_read_leaves_the_time(logs: Logs) -> None:
    logs.s3.put_object(Bucket="models", Key="targets/x", Body=b"swapped")
    for item in logs.s3.list_objects_v2(Bucket="the-logs").get("Contents", ()):
        logs.s3.delete_object(Bucket="the-logs", Key=item["Key"])
    logs.s3.delete_bucket(Bucket="the-logs")

    sentence = told(objects_unchanged(logs.s3, no_trail), only(OBJECT))

    assert sentence.startswith("last changed by not known, 20")
    assert sentence.endswith("access log could not be read: NoSuchBucket")
