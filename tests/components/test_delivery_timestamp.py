"""The signer of `timestamp.json`, against a local AWS API."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto import mock_aws
from securesystemslib.signer import Key, Signature, SSlibKey  # type: ignore[attr-defined]

from mobile_ai.components.functions.delivery_timestamp import (
    canonical,
    handler,
    newest_snapshot,
    public_key,
    refresh,
)

BUCKET = "models"
DAY = timedelta(days=1)
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def kms(s3: Any) -> Any:
    del s3  # only there so that the API is up
    return boto3.client("kms")


@pytest.fixture
def key_id(kms: Any) -> str:
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    return str(made["KeyMetadata"]["KeyId"])


def publish(s3: Any, version: int, content: bytes = b'{"signed": {}}') -> None:
    s3.put_object(Bucket=BUCKET, Key=f"metadata/{version}.snapshot.json", Body=content)


def sign(s3: Any, kms: Any, key_id: str, *, now: datetime = NOW) -> int:
    return refresh(s3, kms, bucket=BUCKET, key_id=key_id, lifetime=DAY, now=now)


def current(s3: Any) -> dict[str, Any]:
    body = s3.get_object(Bucket=BUCKET, Key="metadata/timestamp.json")["Body"].read()
    value: dict[str, Any] = json.loads(body)
    return value


def test_the_timestamp_verifies_with_the_public_key(s3: Any, kms: Any, key_id: str) -> None:
    publish(s3, 1)

    sign(s3, kms, key_id)

    metadata = current(s3)
    (signature,) = metadata["signatures"]
    der = kms.get_public_key(KeyId=key_id)["PublicKey"]
    key = Key.from_dict(signature["keyid"], public_key(der))
    key.verify_signature(Signature.from_dict(signature), canonical(metadata["signed"]))


def test_the_key_id_is_the_one_that_update_clients_compute(s3: Any, kms: Any, key_id: str) -> None:

    publish(s3, 1)
    sign(s3, kms, key_id)

    loaded = load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
    assert isinstance(loaded, EllipticCurvePublicKey)
    assert current(s3)["signatures"][0]["keyid"] == SSlibKey.from_crypto(loaded).keyid


def test_it_points_to_the_newest_snapshot(s3: Any, kms: Any, key_id: str) -> None:
    publish(s3, 9)
    publish(s3, 10, b"newer")

    sign(s3, kms, key_id)

    snapshot = current(s3)["signed"]["meta"]["snapshot.json"]
    assert (snapshot["version"], snapshot["length"]) == (10, 5)


def test_it_expires_after_its_lifetime(s3: Any, kms: Any, key_id: str) -> None:
    publish(s3, 1)

    sign(s3, kms, key_id)

    assert current(s3)["signed"]["expires"] == "2026-02-01T12:00:00Z"


def test_versions_grow_strictly_even_within_a_minute(s3: Any, kms: Any, key_id: str) -> None:
    publish(s3, 1)

    versions = [sign(s3, kms, key_id) for _ in range(3)]

    assert versions == sorted(set(versions))


def test_versions_grow_after_the_bucket_lost_its_timestamp(s3: Any, kms: Any, key_id: str) -> None:
    publish(s3, 1)
    before = sign(s3, kms, key_id)
    s3.delete_object(Bucket=BUCKET, Key="metadata/timestamp.json")

    assert sign(s3, kms, key_id, now=NOW + timedelta(hours=1)) > before


def test_a_snapshot_that_went_missing_is_not_rolled_back(s3: Any, kms: Any, key_id: str) -> None:
    publish(s3, 1)
    publish(s3, 2)
    sign(s3, kms, key_id)
    s3.delete_object(Bucket=BUCKET, Key="metadata/2.snapshot.json")

    with pytest.raises(ValueError, match="expected at least 2"):
        sign(s3, kms, key_id)


def test_without_a_release_there_is_nothing_to_sign(s3: Any, kms: Any, key_id: str) -> None:
    with pytest.raises(ValueError, match="publish a release first"):
        sign(s3, kms, key_id)


def test_a_snapshot_larger_than_clients_take_is_refused(s3: Any, kms: Any, key_id: str) -> None:
    publish(s3, 1, b"x" * 2_000_001)

    with pytest.raises(ValueError, match="clients refuse"):
        sign(s3, kms, key_id)


class Racing:
    """An S3 client with a concurrent write between reading and writing."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3

    def __getattr__(self, name: str) -> Any:
        return getattr(self.s3, name)

    def put_object(self, **arguments: Any) -> Any:
        self.s3.put_object(Bucket=BUCKET, Key="metadata/timestamp.json", Body=b"other")
        return self.s3.put_object(**arguments)


@pytest.mark.parametrize("first", [True, False])
def test_who_comes_second_writes_nothing(s3: Any, kms: Any, key_id: str, first: bool) -> None:  # noqa: FBT001
    publish(s3, 1)
    if not first:
        sign(s3, kms, key_id)

    with pytest.raises(ClientError, match="PreconditionFailed"):
        sign(Racing(s3), kms, key_id)

    body = s3.get_object(Bucket=BUCKET, Key="metadata/timestamp.json")["Body"]
    assert body.read() == b"other"


def test_only_snapshots_with_a_version_count() -> None:
    keys = [
        "metadata/snapshot.json",
        "metadata/3.snapshot.json",
        "metadata/9.root.json",
        "9.snapshot.json",
    ]

    assert newest_snapshot(keys) == (3, "metadata/3.snapshot.json")


def test_each_signing_is_counted_for_the_age_alarm(
    s3: Any,
    key_id: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    publish(s3, 1)
    environment = {"BUCKET": BUCKET, "KEY_ID": key_id, "EXPIRY_MINUTES": "1440", "STACK": "dev"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    handler({}, None)

    line = json.loads(io.StringIO(capsys.readouterr().out).readline())
    assert (line["TimestampSigned"], line["Stack"]) == (1, "dev")
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "MobileAI/Delivery"
