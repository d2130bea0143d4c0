"""Inputs that AWS would refuse fail at preview, and nothing is counted as checked that is not."""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.sandbox.providers.aws.kinds import KINDS
from mobile_ai.sandbox.providers.aws.schemas import checker
from mobile_ai.sandbox.providers.aws.schemas.checker import RECORD_VARIABLE
from mobile_ai.sandbox.providers.aws.schemas.judge import api_kind, cloudformation_type
from mobile_ai.sandbox.providers.aws.schemas.lint import resource_schema
from mobile_ai.sandbox.providers.aws.schemas.models import operation_input, service_model
from mobile_ai.sandbox.providers.aws.schemas.patterns import compiled
from mobile_ai.sandbox.providers.aws.schemas.place import TemplatePlace
from mobile_ai.sandbox.providers.aws.schemas.table import NO_TEMPLATE, RESOURCES
from mobile_ai.sandbox.providers.aws.schemas.translate import translate
from mobile_ai.sandbox.providers.values import UNKNOWN, SecretValue
from tests.sandbox.providers.stub import SANDBOX, Engine, aws, spec
from tests.tools.value_mutations import mutations, planned_resources

KEY = "aws:kms/key:Key"
QUEUE = "aws:sqs/queue:Queue"
ROLE = "aws:iam/role:Role"
PARAMETER = "aws:ssm/parameter:Parameter"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
_POLICY = (
    """{"Statement": [{"Effect": "Alow", "Action": "sqs:*", "Principal": "*", "Resource": "*"}]}"""
)
_SAMPLE = 60
_FLOOR = 0.95


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    spec("aws")  # before the cache is another one
    checker._verdicts.cache_clear()
    yield
    checker._verdicts.cache_clear()


@pytest.fixture(scope="module", autouse=True)
def _spec() -> None:
    spec("aws")


@pytest.fixture
def engine() -> Iterator[Engine]:
    with aws() as found:
        yield found


@pytest.mark.parametrize(
    ("token", "inputs", "path", "said"),
    [
        (
            KEY,
            {"deletionWindowInDays": 3.0},
            "deletionWindowInDays",
            "got 3; 3 is less than the minimum of 7",
        ),
        (KEY, {"customerMasterKeySpec": "RSA_1"}, "customerMasterKeySpec", "E3030"),
        (QUEUE, {"messageRetentionSeconds": 5.0}, "messageRetentionSeconds", "AWS::SQS::Queue"),
        (QUEUE, {"policy": _POLICY}, "policy.Statement[0].Effect", "'Alow' is not one of"),
        (OBJECT, {"bucket": "b", "key": "k", "storageClass": "HOT"}, "storageClass", "GLACIER"),
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/8/8"}, "cidrBlock", "10.0.0.0/8/8"),
        ("aws:lambda/function:Function", {"role": "r", "runtime": "python2"}, "runtime", "E3030"),
    ],
)
def test_a_value_that_aws_refuses_fails_with_what_got_expected_and_a_next_step(
    engine: Engine, token: str, inputs: dict[str, Any], path: str, said: str
) -> None:
    failures = engine.failures(token, inputs)
    assert path in failures, failures
    assert said in failures[path]
    assert failures[path].startswith(f"`{path}` is not what AWS accepts: ")
    assert "; correct the setting of the stack file" in failures[path]


@pytest.mark.parametrize("region", ["eu-north-1", "ap-southeast-2", "mx-central-1"])
def test_a_budget_is_checked_wherever_the_stack_is_at_home(region: str) -> None:
    """Budgets have one endpoint, and CloudFormation lists their type in some regions only."""
    inputs = {"budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "5", "limitUnit": "USD"}
    with aws(region=region) as engine:
        found = engine.failures("aws:budgets/budget:Budget", inputs)
        refused = engine.failures("aws:budgets/budget:Budget", {**inputs, "timeUnit": "WEEKLY"})
    assert found == {}
    assert [*refused] == ["timeUnit"]


@pytest.mark.slow
def test_planned_dev_and_prod_resources_pass_and_nearly_every_input_is_checked(
    tmp_path: Path,
) -> None:
    record = tmp_path / "checks.jsonl"
    with aws({**SANDBOX, RECORD_VARIABLE: str(record)}) as engine:
        refused = {
            (item.token, item.name): found
            for item in planned_resources()
            if (found := engine.failures(item.token, item.inputs))
        }
    assert refused == {}
    checks = [json.loads(line) for line in record.read_text().splitlines()]
    checked = sum(check["checked"] for check in checks)
    missed = [f"{check['type']}.{name}" for check in checks for name in check["uncovered"]]
    assert checked > 1_500
    assert len(missed) <= 0.01 * checked, sorted(set(missed))


@pytest.mark.slow
def test_invalid_values_of_the_planned_resources_are_caught() -> None:
    everything = list(mutations(planned_resources()))
    assert len(everything) >= 500
    sample = random.Random(0).sample(everything, _SAMPLE)  # noqa: S311  the same sample every time
    with aws() as engine:
        missed = [
            str(item) for item in sample if not engine.failures(item.resource.token, item.inputs)
        ]
    assert len(missed) <= (1 - _FLOOR) * _SAMPLE, missed


def test_unknown_values_pass_and_are_counted_as_unknown(tmp_path: Path) -> None:
    record = tmp_path / "checks.jsonl"
    with aws({**SANDBOX, RECORD_VARIABLE: str(record)}) as engine:
        inputs = {"policy": UNKNOWN, "keyUsage": UNKNOWN, "description": "signs"}
        assert engine.failures(KEY, inputs) == {}
    check = json.loads(record.read_text())
    assert (check["checked"], check["unknown"], check["uncovered"]) == (1, 2, [])


def test_a_property_that_nothing_describes_is_counted_and_not_passed_as_checked(
    tmp_path: Path,
) -> None:
    record = tmp_path / "checks.jsonl"
    with aws({**SANDBOX, RECORD_VARIABLE: str(record)}) as engine:
        engine.check("aws:rds/instance:Instance", {
            "instanceClass": "db.t4g.micro", "finalSnapshotIdentifier": "last",
            "allocatedStorage": 20.0, "username": "admin1", "manageMasterUserPassword": True,
            "engine": "postgres",
        })  # fmt: skip
    check = json.loads(record.read_text())
    assert check["uncovered"] == ["finalSnapshotIdentifier"]
    assert check["checked"] == 5


def test_a_secret_is_checked_but_neither_shown_nor_kept(tmp_path: Path, engine: Engine) -> None:
    word = "hunter2-" * 1_000
    found = engine.failures(
        PARAMETER, {"name": "p", "type": "SecureString", "value": SecretValue(word), "tier": "Big"}
    )
    assert "tier" in found
    assert word[:16] not in json.dumps(found)
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert not any(word[:16] in path.read_text() for path in kept)
    assert not [path for path in kept if "checks" in path.parts]


def test_an_unchanged_resource_is_answered_from_the_cache(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = {"deletionWindowInDays": 3.0}
    first = engine.failures(KEY, inputs)
    monkeypatch.setattr(checker, "_judge", lambda *_: pytest.fail("checked again"))
    assert engine.failures(KEY, inputs) == first


def test_a_damaged_verdict_is_made_again(tmp_path: Path, engine: Engine) -> None:
    inputs = {"deletionWindowInDays": 3.0}
    first = engine.failures(KEY, inputs)
    kept = [path for path in (tmp_path / "cache").rglob("*.json") if "checks" in path.parts]
    assert len(kept) == 1
    kept[0].write_text('{"failures": []')
    assert engine.failures(KEY, inputs) == first


def test_other_versions_of_the_libraries_get_other_verdicts(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.failures(KEY, {"deletionWindowInDays": 3.0})
    monkeypatch.setattr(checker, "version", lambda _: "99")
    checker._verdicts.cache_clear()
    engine.failures(KEY, {"deletionWindowInDays": 3.0})
    folders = {
        path.parent for path in (tmp_path / "cache").rglob("*.json") if "checks" in path.parts
    }
    assert len(folders) == 2


def test_automatic_names_leave_the_verdict_to_what_the_program_said(engine: Engine) -> None:
    engine.check(QUEUE, {"delaySeconds": 5.0})
    before = checker._verdicts()
    count = len(list(before.iterdir()))
    object.__setattr__(engine, "seed", bytes(range(16)))
    engine.check(QUEUE, {"delaySeconds": 5.0})
    assert len(list(before.iterdir())) == count


def test_every_place_of_the_table_is_in_cloudformations_schema() -> None:
    for token, entry in RESOURCES.items():
        facts = spec("aws").find(token)
        assert facts is not None, token
        kind = cloudformation_type(token)
        assert resource_schema(kind, "us-east-1") is not None, (token, kind)
        for path in entry.names:
            name = path.split(".")[0]
            assert name in facts.inputs, f"{token} has no {name}"
        sample = {
            name: _sample(place)
            for name, place in entry.names.items()
            if "." not in name and place is not None
        }
        translate(sample, entry, kind, lambda name: resource_schema(name, "us-east-1"))


def _sample(place: str | TemplatePlace | None) -> Any:
    path = place.path if isinstance(place, TemplatePlace) else place
    return {} if path == "." else "x"


def test_every_type_is_described_by_a_schema_or_listed_with_its_reason() -> None:
    known = spec("aws").document["types"]
    without = {token for token in known if not cloudformation_type(token)}
    assert without == set(NO_TEMPLATE)


def test_every_operation_of_the_table_of_calls_has_a_model() -> None:
    for token in KINDS:
        kind = api_kind(token)
        assert kind is not None
        assert operation_input(kind.service, "no_such_operation") is None
        assert service_model(kind.service).operation_names


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"[\p{Alnum}_-]{1,3}", "a-1", "a b"),
        (r"^[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF]*$", "é€😀", "\x01"),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "Zürich 1", "a\x00"),
        (r"arn:(aws[a-zA-Z-]*)?:kms:.*", "arn:aws:kms:eu:1:key/2", "x arn:aws:kms:"),
    ],
)
def test_patterns_of_the_api_mean_what_java_means(pattern: str, good: str, bad: str) -> None:
    matcher = compiled(pattern)
    assert matcher is not None
    assert matcher(good)
    assert not matcher(bad)


def test_every_pattern_of_the_services_in_use_can_be_read() -> None:
    unread = set()
    for service in {kind.service for kind in KINDS.values()}:
        model = service_model(service)
        for name in model.shape_names:
            pattern = model.shape_for(name).metadata.get("pattern")
            if pattern and compiled(pattern) is None:
                unread.add((service, name, re.sub(r"\s", " ", pattern)[:60]))
    assert unread == set()
