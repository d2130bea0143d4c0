"""Values invented by a stand-in on `up`: deterministic, plausible, marked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mobile_ai.sandbox.providers.aws.provider_behavior import AwsDialect
from mobile_ai.sandbox.providers.cloud import WantedObject
from mobile_ai.sandbox.providers.state_only import StateOnly, identity
from mobile_ai.sandbox.providers.synthetic_outputs import MARK
from mobile_ai.sandbox.providers.values import Properties, Special

from .stub import ASSUMABLE, BUCKET, DEPLOYMENT, Engine, aws, deployment, kubernetes, spec

_RANGE = "10.0.0.0/16"
_TOPIC = "arn:aws:sns:eu-central-1:111122223333:t"
_ROLE = "arn:aws:iam::111122223333:role/r"


def made(engine: Engine, token: str, **inputs: object) -> tuple[str, Properties]:
    checked = engine.check(token, inputs)
    response = engine.create_response(token, checked, preview=False)
    return response.id, engine.create(token, checked, preview=False)


@pytest.mark.parametrize(
    ("token", "inputs", "object_id", "arn"),
    [
        (BUCKET, {"bucket": "bucket"}, "bucket", "arn:aws:s3:::bucket"),
        (
            "aws:sns/topic:Topic",
            {"name": "t"},
            "arn:aws:sns:eu-central-1:111122223333:t",
            "arn:aws:sns:eu-central-1:111122223333:t",
        ),
        (
            "aws:scheduler/schedule:Schedule",
            {
                "name": "s",
                "flexibleTimeWindow": {"mode": "OFF"},
                "scheduleExpression": "rate(1 day)",
                "target": {"arn": _TOPIC, "roleArn": _ROLE},
            },
            "default/s",
            "arn:aws:scheduler:eu-central-1:111122223333:schedule/default/s",
        ),
        (
            "aws:iam/role:Role",
            {"name": "r", "assumeRolePolicy": ASSUMABLE},
            "r",
            "arn:aws:iam::111122223333:role/r",
        ),
    ],
)
def test_ids_and_arns_follow_from_account_region_and_name(
    token: str, inputs: dict[str, object], object_id: str, arn: str
) -> None:
    with aws(allowedAccountIds='["111122223333"]') as engine:
        made_id, outputs = made(engine, token, **inputs)
    assert (made_id, outputs["arn"]) == (object_id, arn)


def test_everything_made_up_is_listed() -> None:
    with aws() as engine:
        _, outputs = made(engine, BUCKET, bucket="bucket")
    listed = outputs[MARK]
    assert isinstance(listed, list)
    assert {"arn", "bucketDomainName"} <= set(listed)
    assert "bucket" not in listed


def test_no_setting_is_made_up() -> None:
    """An ACL nobody set must not appear in the state policies read."""
    with aws() as engine:
        _, outputs = made(engine, BUCKET, bucket="bucket")
    assert "acl" not in outputs


def test_two_runs_make_the_same() -> None:
    token = "aws:ec2/vpc:Vpc"
    with aws() as engine:
        assert made(engine, token, cidrBlock=_RANGE) == made(engine, token, cidrBlock=_RANGE)


def test_a_replacement_gets_another_id() -> None:
    token = "aws:ec2/vpc:Vpc"
    with aws() as engine:
        other = made(engine, token, cidrBlock="10.1.0.0/16")[0]
        assert made(engine, token, cidrBlock=_RANGE)[0] != other


def test_an_update_keeps_the_id_based_outputs() -> None:
    token = "aws:kms/key:Key"
    with aws() as engine:
        inputs = engine.check(token, {"description": "a"})
        old = engine.create(token, inputs, preview=False)
        new = engine.update(token, old=old, new={**inputs, "description": "b"}, preview=False)
    assert new["arn"] == old["arn"]
    assert new["description"] == "b"


def test_a_kubernetes_id_is_namespace_and_name() -> None:
    with kubernetes() as engine:
        made_id, outputs = made(engine, DEPLOYMENT, **deployment())
    assert made_id == "default/edge"
    assert outputs["status"] == {}


def test_a_cluster_scoped_id_is_the_name() -> None:
    with kubernetes() as engine:
        assert made(engine, "kubernetes:core/v1:Namespace", metadata={"name": "n"})[0] == "n"


def test_an_update_builds_on_the_id_the_object_has() -> None:
    dialect = AwsDialect(spec("aws"), {"AWS_REGION": "eu-central-1"})
    facts = replace(dialect.find("aws:apigatewayv2/api:Api"), volatile=("apiEndpoint",))
    wanted = WantedObject(urn="urn", facts=facts, inputs={"protocolType": "HTTP"})
    outputs = StateOnly(dialect).update(wanted, object_id="given", old={})
    assert outputs["apiEndpoint"] == "https://given.execute-api.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    "again",
    [
        {"path": "a", "hash": "1"},
        {"hash": "1", "path": "another machine's"},
        {"hash": "1", "assets": {}},
    ],
)
def test_an_asset_is_known_by_its_content_in_every_run(again: Properties) -> None:
    def identity_of(fields: Properties) -> str:
        inputs: Properties = {"code": Special("archive", fields)}
        return identity(WantedObject(urn="u", facts=spec("aws").find(BUCKET), inputs=inputs))

    assert identity_of(again) == identity_of({"hash": "1", "path": "a"})
    assert identity_of({**again, "hash": "2"}) != identity_of(again)
