"""The report says of each provider whether it is real, and what its inputs were checked against."""

import json
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.gate.engine.preview import providers, read_checks
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.render.summary_text import provider_sentence
from mobile_ai.gate.report.assemble import located
from mobile_ai.gate.report.sections import ProviderReport
from mobile_ai.stack.reader import StackFile

KEY, DATABASE = "aws:kms/key:Key", "aws:rds/instance:Instance"
TYPES = (KEY, "kubernetes:core/v1:Service", "mobileai:index:ModelVersion", "pulumi:pulumi:Stack")


def check(**changes: Any) -> dict[str, Any]:
    return {
        "urn": "urn:a", "type": KEY, "failures": [], "checked": 5, "unknown": 2, "uncovered": [],
        **changes,
    }  # fmt: skip


def test_inputs_are_counted_and_those_without_a_schema_are_named() -> None:
    missed = check(urn="urn:b", type=DATABASE, uncovered=["finalSnapshotIdentifier"])
    aws, kubernetes = providers(TYPES, [check(), missed], official=())
    assert (aws.inputs, aws.checked, aws.unknown) == (11, 10, 4)
    assert aws.uncovered == (f"{DATABASE}.finalSnapshotIdentifier",)
    assert aws.checked_against.startswith("cfn-lint 1.")
    assert "botocore" in aws.checked_against
    assert kubernetes.checked_against.startswith("the types of pulumi-kubernetes ")


def test_official_providers_are_named_as_such() -> None:
    found = providers(TYPES, [], official=("aws", "kubernetes"))
    assert [provider_sentence(item) for item in found] == ["aws: official", "kubernetes: official"]


def test_a_running_sandbox_has_one_of_each() -> None:
    found = providers(TYPES, [check()], official=("kubernetes",))
    assert [item.kind for item in found] == ["stand-in", "official"]


def test_only_providers_of_the_plan_are_listed() -> None:
    assert [item.name for item in providers([KEY], [check()], official=())] == ["aws"]


def test_a_sentence_holds_the_counts_and_the_first_few_gaps() -> None:
    names = tuple(f"aws:a/b:T.p{number}" for number in range(6))
    found = ProviderReport(
        name="aws", kind="stand-in", checked_against="cfn-lint 1.58.0 and botocore 1.44.5 models",
        inputs=1_737, checked=1_731, unknown=329, uncovered=names,
    )  # fmt: skip
    assert provider_sentence(found) == (
        "aws: stand-in, 1,731 of 1,737 inputs checked against cfn-lint 1.58.0 and botocore 1.44.5 "
        "models; 329 known after deployment; unchecked: T.p0, T.p1, T.p2, T.p3 and 2 more"
    )


def test_the_last_check_of_a_resource_counts(tmp_path: Path) -> None:
    record = tmp_path / "inputs.jsonl"
    lines = [check(checked=1), check(urn="urn:b"), check(checked=7)]
    record.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert sorted(item["checked"] for item in read_checks(record)) == [5, 7]
    assert read_checks(tmp_path / "none.jsonl") == ()


def test_a_record_that_cannot_be_read_is_no_silent_zero(tmp_path: Path) -> None:
    record = tmp_path / "inputs.jsonl"
    record.write_text('{"urn": "a"')
    with pytest.raises(GateError, match=r"inputs\.jsonl.*Next: run `mobile-ai gate` again"):
        read_checks(record)


REFUSED = "`instanceClass` is not what AWS accepts: got 'db.big'; 'db.big' is not one of ['db.t4g']"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("config:\n  mobile-ai:registry:\n    instanceClass: db.big\n", 3),
        ("config:\n  mobile-ai:registry:\n    instanceClass: db.t4g\n", 0),
        ("config:\n  mobile-ai:a: [{x: db.big}]\n  mobile-ai:b: db.big\n", 0),
    ],
)
def test_a_refused_value_is_placed_where_the_stack_file_alone_has_it(
    text: str, expected: int
) -> None:
    stack_file = StackFile.parse(text, name="Pulumi.prod.yaml")
    (error,) = located(f"aws:rds/instance:Instance resource 'x': {REFUSED}", stack_file)
    assert error.line == expected
    named = "(Pulumi.prod.yaml has this value at `mobile-ai:registry.instanceClass`)"
    assert (named in error.message) == bool(expected)
