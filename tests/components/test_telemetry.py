"""Telemetry: one public ingestion endpoint, validation in the stream, quarantine."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pytest
from moto import mock_aws

from mobile_ai.components.aws.names import AwsScope
from mobile_ai.components.functions.telemetry_transform import handler, transform
from mobile_ai.components.telemetry import plan
from mobile_ai.components.telemetry.telemetry import Telemetry, TelemetryArgs
from mobile_ai.contracts.telemetry import FIELDS
from tests.components.aws_support import ACCOUNT, DEV, PLATFORM, PROD, allowed, listing
from tests.components.support import Engine, declare
from tests.contracts.test_telemetry import event

TARGET = {"name": "d-1.execute-api.example.com", "zoneId": "ZAPI"}
GOLDENS = Path(__file__).parent / "golden"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def arguments(scope: AwsScope = DEV) -> TelemetryArgs:
    return {
        "scope": scope,
        "platform": PLATFORM,
        "issuer": "https://identity.example.com/",
        "audiences": ["devices"],
        "domain": None,
        "certificate_arn": None,
        "hosted_zone_id": None,
        "shards": 1,
        "stream_retention_hours": 24,
        "retention_days": 90,
        "infrequent_after_days": None,
        "quarantine_retention_days": 14,
        "rate_per_second": 100,
        "burst": 200,
        "buffer_seconds": 300,
        "buffer_mb": 64,
        "scan_limit_gb": 10,
        "group_apps": ["field-assistant"],
    }


def production() -> TelemetryArgs:
    certificate = f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/1"
    domain = {"domain": "events.example.com", "certificate_arn": certificate}
    return {**arguments(PROD), **domain, "shards": None}  # type: ignore[typeddict-item]


def telemetry(args: TelemetryArgs) -> Engine:
    return declare(lambda: Telemetry("telemetry", args), stack=args["scope"]["stack"])


@pytest.fixture(scope="module")
def dev() -> Engine:
    return telemetry(arguments())


@pytest.fixture(scope="module")
def prod() -> Engine:
    return telemetry(production())


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_telemetry_is_the_one_recorded(
    name: str, request: pytest.FixtureRequest, golden: Callable[[Path, str], None]
) -> None:
    golden(GOLDENS / f"telemetry-{name}.txt", listing(request.getfixturevalue(name)))


def test_the_one_route_wants_a_token_and_is_throttled(dev: Engine) -> None:
    route, stage = dev.one("route:Route").inputs, dev.one("Stage").inputs

    assert route["authorizationType"] == "JWT"
    assert stage["defaultRouteSettings"]["throttlingRateLimit"] == 100
    assert [one["throttlingBurstLimit"] for one in stage["routeSettings"]] == [200]


def test_access_logs_do_not_tell_who_sent(dev: Engine) -> None:
    log = dev.one("Stage").inputs["accessLogSettings"]["format"]

    assert not [word for word in ("sourceIp", "userAgent", "claims", "principal") if word in log]


def test_with_a_domain_there_is_one_door(prod: Engine) -> None:
    assert prod.one("api:Api").inputs["disableExecuteApiEndpoint"] is True
    security = prod.one("DomainName").inputs["domainNameConfiguration"]["securityPolicy"]
    assert security == "TLS_1_2"


def test_a_hosted_zone_makes_a_proven_certificate_and_the_record() -> None:
    zoned = {"certificate_arn": None, "hosted_zone_id": "Z0123456789"}
    engine = declare(
        lambda: Telemetry("telemetry", {**production(), **zoned}),  # type: ignore[typeddict-item]
        stack="prod",
        preview=False,
    )

    assert engine.one("Certificate").inputs["region"] == "eu-west-1"
    certificate = engine.one("DomainName").inputs["domainNameConfiguration"]["certificateArn"]
    assert certificate == engine.one("CertificateValidation").inputs["certificateArn"]
    record = engine.one("record:Record", "telemetry-a").inputs
    assert (record["name"], record["type"]) == ("events.example.com", "A")
    assert record["aliases"] == [{**TARGET, "evaluateTargetHealth": False}]


def test_without_a_zone_no_record_is_made_and_the_target_is_told() -> None:
    told: dict[str, Any] = {}

    def program() -> None:
        made = Telemetry("telemetry", production())
        pulumi.Output.from_input(dict(made.dns_targets)).apply(told.update)

    engine = declare(program, stack="prod", preview=False)

    assert engine.of_type("record:Record") == []
    assert told == {"events.example.com": TARGET["name"]}


def test_a_stream_without_shards_is_paid_by_use(dev: Engine, prod: Engine) -> None:
    modes = [plan.one("stream:Stream").inputs["streamModeDetails"] for plan in (dev, prod)]

    assert modes == [{"streamMode": "PROVISIONED"}, {"streamMode": "ON_DEMAND"}]


def test_the_transform_gives_no_parameter_that_equals_a_default(dev: Engine) -> None:
    """The provider keeps none of them in its state and would add them at every preview."""
    configuration = dev.one("FirehoseDeliveryStream").inputs["extendedS3Configuration"]
    [processor] = configuration["processingConfiguration"]["processors"]

    assert [item["parameterName"] for item in processor["parameters"]] == ["LambdaArn"]


def test_a_query_cannot_read_more_than_allowed(dev: Engine) -> None:
    configuration = dev.one("Workgroup").inputs["configuration"]

    assert configuration["enforceWorkgroupConfiguration"] is True
    assert configuration["bytesScannedCutoffPerQuery"] == 10 * 1024**3


def test_everything_kept_has_an_end(dev: Engine) -> None:
    rules = dev.one("BucketLifecycleConfiguration").inputs["rules"]

    ends = {rule["filter"]["prefix"]: rule["expiration"]["days"] for rule in rules}
    assert ends == {"events/": 90, "compacted/": 90, "quarantine/": 14, "athena/": 7}


def test_events_may_move_to_a_colder_class_and_nothing_else_does() -> None:
    args: TelemetryArgs = {**arguments(), "infrequent_after_days": 45}
    rules = telemetry(args).one("BucketLifecycleConfiguration").inputs["rules"]

    moved = {rule["filter"]["prefix"]: rule.get("transitions") for rule in rules}
    assert moved == {
        "events/": [{"days": 45, "storageClass": "STANDARD_IA"}],
        "compacted/": [{"days": 45, "storageClass": "STANDARD_IA"}],
        "quarantine/": None,
        "athena/": None,
    }


def test_the_transform_may_only_put_refused_events_aside(dev: Engine) -> None:
    writes = [
        resources
        for name, action, resources in allowed(dev)
        if name == "telemetry-transform" and action.startswith("s3:")
    ]

    assert writes == [[f"arn:aws:s3:::mobile-ai-dev-telemetry-{ACCOUNT}/quarantine/refused/*"]]


def test_the_table_has_the_fields_of_an_event(dev: Engine) -> None:
    columns = dev.one("CatalogTable").inputs["storageDescriptor"]["columns"]

    assert [column["name"] for column in columns] == list(FIELDS)
    assert plan.columns() == columns


# --- the transform ----------------------------------------------------------------------------


def record(data: bytes, at: int = 0) -> dict[str, Any]:
    return {"recordId": str(at), "data": base64.b64encode(data).decode()}


def passed(answer: dict[str, str]) -> list[Any]:
    return [json.loads(line) for line in base64.b64decode(answer["data"]).splitlines()]


@pytest.mark.parametrize("between", ["", "\n", "  \n"])
def test_objects_one_after_the_other_come_out_one_a_line(between: str) -> None:
    data = between.join(json.dumps(event(count=at)) for at in range(3)).encode()

    (answer,), refused, accepted = transform([record(data)], now=NOW)

    assert [one["count"] for one in passed(answer)] == [0, 1, 2]
    assert (answer["result"], refused, accepted) == ("Ok", [], 3)


def test_one_bad_event_costs_no_other() -> None:
    data = "".join(json.dumps(event(count=at)) for at in (1, -1, 2)).encode()

    (answer,), refused, accepted = transform([record(data)], now=NOW)

    assert [one["count"] for one in passed(answer)] == [1, 2]
    assert accepted == 2
    assert [one["reason"] for one in refused] == [f"count: expected {FIELDS['count'].expected}"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no json",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'"text"',
        b"[1]",
        b"x" * 300_000,
    ],
)
def test_a_record_with_nothing_good_is_dropped_and_never_raises(data: bytes) -> None:
    (answer,), refused, accepted = transform([record(data)], now=NOW)

    assert (answer["result"], accepted) == ("Dropped", 0)
    assert bool(refused) == bool(data)


def test_what_comes_before_a_broken_rest_is_kept() -> None:
    data = json.dumps(event()).encode() + b'{"event_id": '

    (answer,), refused, _ = transform([record(data)], now=NOW)

    assert len(passed(answer)) == 1
    assert len(refused) == 1


def test_a_flood_in_one_record_is_cut_off() -> None:
    data = json.dumps(event()).encode() * 501

    _, refused, accepted = transform([record(data)], now=NOW)

    assert accepted == 500
    assert len(refused) == 1


def test_a_record_that_was_encoded_twice_is_read() -> None:
    data = base64.b64encode(json.dumps(event()).encode())

    (answer,), _, accepted = transform([record(data)], now=NOW)

    assert accepted == 1
    assert answer["result"] == "Ok"


def test_every_record_is_answered_once_in_order() -> None:
    records = [record(b"bad", 1), record(json.dumps(event()).encode(), 2), record(b"", 3)]

    answers, _, _ = transform(records, now=NOW)

    assert [answer["recordId"] for answer in answers] == ["1", "2", "3"]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("BUCKET", "store")
    monkeypatch.setenv("STACK", "dev")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="store")
        yield client


def quarantined(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket="store").get("Contents", [])]


def test_a_refused_event_is_put_aside_with_its_reason(
    s3: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = {"records": [record(b'{"kind": "x"}')]}

    handler(batch, None)

    (key,) = quarantined(s3)
    body = s3.get_object(Bucket="store", Key=key)["Body"].read()
    assert key.startswith("quarantine/refused/dt=")
    assert key.endswith(f"/{hashlib.sha256(body).hexdigest()}.json")
    assert json.loads(body)["reason"] == "event_id: missing"
    assert json.loads(capsys.readouterr().out)["EventsRefused"] == 1


def test_a_batch_that_is_tried_again_is_put_aside_once(s3: Any) -> None:
    batch = {"records": [record(b'{"kind": "x"}')]}

    handler(batch, None)
    handler(batch, None)

    assert len(quarantined(s3)) == 1


def test_if_nothing_can_be_put_aside_the_batch_fails_and_comes_again(s3: Any) -> None:
    s3.delete_bucket(Bucket="store")

    with pytest.raises(s3.exceptions.NoSuchBucket):
        handler({"records": [record(b"bad")]}, None)
