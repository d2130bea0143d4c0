"""Lambda inference endpoint: the resources sent to the engine."""

import json
from pathlib import Path

import pytest

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from tests.components.support import Engine, run_stack, write_repository

NAME = "field-assistant-digits-cloud"


def test_the_function_is_capped_and_runs_the_image_of_its_platform(prod: Engine) -> None:
    function = prod.one("lambda/function:Function", f"{NAME}-function").inputs

    assert function["reservedConcurrentExecutions"] == 10
    assert function["architectures"] == ["arm64"]
    assert function["imageUri"] == prod.one(":GovernanceContext").inputs["images"]["edgeArm64"]


def test_the_role_writes_to_its_own_log_and_nothing_else(prod: Engine) -> None:
    policy = json.loads(prod.one("rolePolicy:RolePolicy", NAME).inputs["policy"])
    [statement] = policy["Statement"]

    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    group = "/aws/lambda/mobile-ai-prod-field-assistant-digits"
    assert statement["Resource"] == [
        f"arn:aws:logs:eu-central-1:444455556666:log-group:{group}:log-stream:*"
    ]


def test_logs_are_encrypted_and_end(prod: Engine) -> None:
    for suffix in ("logs", "access"):
        group = prod.one("logGroup:LogGroup", f"{NAME}-{suffix}").inputs
        assert group["retentionInDays"] == 30
        assert group["kmsKeyId"]


def test_the_access_log_keeps_no_address_of_a_caller(prod: Engine) -> None:
    stage = prod.one("stage:Stage", f"{NAME}-stage").inputs

    assert "sourceIp" not in stage["accessLogSettings"]["format"]


def test_every_route_is_throttled(prod: Engine) -> None:
    settings = prod.one("stage:Stage", f"{NAME}-stage").inputs["defaultRouteSettings"]

    assert settings["throttlingRateLimit"] == 100
    assert settings["throttlingBurstLimit"] == 200


def test_tokens_come_from_the_issuer_of_the_stack(prod: Engine) -> None:
    authorizer = prod.one("authorizer:Authorizer", f"{NAME}-authorizer").inputs

    assert authorizer["authorizerType"] == "JWT"
    assert authorizer["jwtConfiguration"] == {
        "issuer": "https://login.example.com/",
        "audiences": ["mobile-ai-devices"],
    }


def test_alarms_ring_for_errors_refusals_and_slowness(prod: Engine) -> None:
    alarms = [item for item in prod.of_type("metricAlarm:MetricAlarm") if NAME in item.name]

    assert {item.inputs["metricName"] for item in alarms} == {"Errors", "Throttles", "Duration"}
    assert all(item.inputs["alarmActions"] for item in alarms)
    assert all(
        item.inputs["dimensions"] == {"FunctionName": "mobile-ai-prod-field-assistant-digits"}
        for item in alarms
    )


def test_what_the_application_owns_is_tagged_with_it(prod: Engine) -> None:
    owned = [item for item in prod.registered if NAME in item.name and "tags" in item.inputs]

    assert len(owned) >= 6
    assert all(item.inputs["tags"] == {"mobile-ai:app": "field-assistant"} for item in owned)


@pytest.fixture
def with_credentials(tmp_path: Path) -> Engine:
    repository = write_repository(tmp_path)
    file = repository / "Pulumi.dev.yaml"
    document = read_yaml(file.read_text(), name="dev")
    for placement in document["config"]["mobile-ai:deployments"][0]["placement"]:
        if placement["target"] == "cloud":
            placement["authorizer"] = "iam"
    file.write_text(dump_yaml(document))
    return run_stack(repository, "dev")


def test_callers_may_prove_themselves_with_aws_credentials(with_credentials: Engine) -> None:
    routes = [item for item in with_credentials.of_type("route:Route") if NAME in item.name]

    assert {item.inputs["authorizationType"] for item in routes} == {"AWS_IAM"}
    assert not [
        item for item in with_credentials.of_type("authorizer:Authorizer") if NAME in item.name
    ]
