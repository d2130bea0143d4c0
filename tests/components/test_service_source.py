"""Roles trust and functions answer each service under the conditions that AWS documents."""

import json
from typing import Any

import pytest

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.service_source import INVOKERS, TRUSTED, invoker_source
from tests.components.aws_support import ACCOUNT, DEV
from tests.components.support import Engine

ARN = f"arn:aws:rds:eu-west-1:{ACCOUNT}:db:registry"


def trusted(engine: Engine) -> dict[str, dict[str, Any]]:
    """Return the conditions of every role's trust policy, by principal."""
    found: dict[str, dict[str, Any]] = {}
    for item in engine.of_type("iam/role:Role"):
        [statement] = json.loads(item.inputs["assumeRolePolicy"])["Statement"]
        keys = [key for test in statement.get("Condition", {}).values() for key in test]
        found.setdefault(statement["Principal"]["Service"], {})[item.name] = set(keys)
    return found


def test_every_role_of_the_plan_has_exactly_the_conditions_of_its_service(full: Engine) -> None:
    found = trusted(full)

    assert set(found) == set(TRUSTED)
    for service, roles in found.items():
        assert all(keys == set(TRUSTED[service].keys) for keys in roles.values()), service


def test_every_permission_of_the_plan_has_exactly_the_source_of_its_service(full: Engine) -> None:
    names = {"aws:SourceAccount": "sourceAccount", "aws:SourceArn": "sourceArn"}
    permissions = full.of_type("lambda/permission:Permission")

    assert {item.inputs["principal"] for item in permissions} == set(INVOKERS)
    for item in permissions:
        wanted = {names[key] for key in INVOKERS[item.inputs["principal"]].keys}
        assert wanted == {name for name in names.values() if name in item.inputs}, item.key


@pytest.mark.parametrize("table", [TRUSTED, INVOKERS])
def test_every_decision_names_a_page_of_aws(table: Any) -> None:
    assert all(sent.page.startswith("https://docs.aws.amazon.com/") for sent in table.values())


def test_a_service_without_a_page_is_refused() -> None:
    with pytest.raises(ValueError, match="no page of AWS"):
        iam.trust("glue.amazonaws.com", DEV)
    with pytest.raises(ValueError, match="no page of AWS"):
        invoker_source("events.amazonaws.com", DEV)


def test_an_arn_is_asked_for_where_the_service_sends_one() -> None:
    with pytest.raises(ValueError, match="got no ARN"):
        iam.trust("monitoring.rds.amazonaws.com", DEV)
    with pytest.raises(ValueError, match="got an ARN"):
        iam.trust("apigateway.amazonaws.com", DEV, source_arn=ARN)


def test_no_condition_is_written_where_none_is_documented() -> None:
    [statement] = json.loads(iam.trust("apigateway.amazonaws.com", DEV))["Statement"]

    assert "Condition" not in statement
