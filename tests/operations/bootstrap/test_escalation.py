"""The deploy role cannot escalate its privileges.

The methods are those of https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
and of cloudsplaining, which scans for them. Roles that it creates are limited by the boundary.
"""

import json
from typing import Any

import pytest
from cloudsplaining.scan.policy_document import PolicyDocument

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.reading import UNKNOWN
from mobile_ai.contracts.resource import Resource
from mobile_ai.operations.bootstrap.boundary import boundary_policy
from mobile_ai.operations.bootstrap.documents import deploy_policies
from mobile_ai.operations.bootstrap.rights import StackPlace
from tests.operations.bootstrap.plans import STACKS, place_of, plan_of
from tests.tools.iam import allows

PLACE = StackPlace(account="111122223333", stack="dev", region="eu-central-1", regions=())


def role_of(stack: str) -> list[dict[str, Any]]:
    return deploy_policies(plan_of(stack), place_of(stack))


@pytest.mark.parametrize("stack", STACKS)
def test_a_scanner_finds_no_escalation_and_no_exposure(stack: str) -> None:
    boundary = boundary_policy(plan_of(stack), place_of(stack))
    for policy in [*role_of(stack), boundary]:
        scanned = PolicyDocument(policy)
        assert scanned.allows_privilege_escalation == []
        assert scanned.permissions_management_without_constraints == []
        assert scanned.allows_data_exfiltration_actions == []
        assert scanned.service_wildcard == []


def test_the_scanner_finds_one_that_is_there() -> None:
    open_role = {"Effect": "Allow", "Action": ["iam:PutRolePolicy", "iam:AttachRolePolicy"]}
    scanned = PolicyDocument(
        {"Version": "2012-10-17", "Statement": [{**open_role, "Resource": "*"}]}
    )

    assert scanned.permissions_management_without_constraints


# Calls that grant rights to the caller, on foreign resources or without a boundary.
WAYS = [
    ("iam:AttachRolePolicy", "role/mobile-ai-{stack}-x"),
    ("iam:CreateRole", "role/mobile-ai-{stack}-x"),
    ("iam:PutRolePolicy", "role/mobile-ai-{stack}-x"),
    ("iam:DeleteRolePermissionsBoundary", "role/mobile-ai-{stack}-x"),
    ("iam:PutRolePolicy", "role/mobile-ai/mobile-ai-pipeline-{stack}-deploy"),
    ("iam:UpdateAssumeRolePolicy", "role/mobile-ai/mobile-ai-pipeline-{stack}-gate"),
    ("iam:UpdateAssumeRolePolicy", "role/admin"),
    ("iam:PassRole", "role/admin"),
    ("iam:CreatePolicyVersion", "policy/mobile-ai/mobile-ai-pipeline-{stack}-boundary"),
    ("iam:SetDefaultPolicyVersion", "policy/mobile-ai/mobile-ai-pipeline-{stack}-boundary"),
    ("iam:DeletePolicy", "policy/mobile-ai/mobile-ai-pipeline-{stack}-boundary"),
    ("iam:CreateAccessKey", "user/admin"),
    ("iam:AddUserToGroup", "group/admins"),
    ("sts:AssumeRole", "role/mobile-ai-{stack}-x"),
    ("sts:AssumeRole", "role/admin"),
]


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize(("action", "name"), WAYS)
def test_rights_are_given_below_the_boundary_alone(action: str, name: str, stack: str) -> None:
    arn = f"arn:aws:iam::{place_of(stack).account}:{name.format(stack=stack)}"
    context = {
        "aws:RequestedRegion": "us-east-1",
        "iam:PassedToService": "lambda.amazonaws.com",
        "iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess",
    }

    assert not allows(role_of(stack), action, arn, context)


@pytest.mark.parametrize("stack", STACKS)
def test_a_role_is_made_with_the_boundary_and_with_no_other(stack: str) -> None:
    place = place_of(stack)
    arn = f"arn:aws:iam::{place.account}:role/{place.prefix}x"
    for boundary, expected in ((place.boundary, True), (f"{place.boundary}-2", False)):
        context = {"iam:PermissionsBoundary": boundary}
        for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"):
            assert allows(role_of(stack), action, arn, context) is expected


@pytest.mark.parametrize("stack", STACKS)
def test_every_role_of_a_plan_carries_the_boundary_and_keeps_its_rights(stack: str) -> None:
    limit = [boundary_policy(plan_of(stack), place_of(stack))]
    for item in plan_of(stack):
        if item.type == "aws:iam/role:Role":
            assert item.props["permissionsBoundary"] == place_of(stack).boundary
        if item.type == "aws:iam/rolePolicy:RolePolicy":
            for given in json.loads(item.props["policy"])["Statement"]:
                _kept(limit, given)


def _kept(limit: list[dict[str, Any]], given: dict[str, Any]) -> None:
    """Assert that a role's statement is effective below the boundary."""
    conditions = given.get("Condition", {})
    context = {key: value for test in conditions.values() for key, value in test.items()}
    for action in given["Action"]:
        for arn in given["Resource"]:
            assert allows(limit, action, arn, context), (action, arn)


@pytest.mark.parametrize("stack", STACKS)
def test_what_a_stack_makes_reaches_no_other_names(stack: str) -> None:
    limit = [boundary_policy(plan_of(stack), place_of(stack))]
    account = place_of(stack).account

    for action, arn in (
        ("iam:CreateRole", f"arn:aws:iam::{account}:role/x"),
        ("sts:AssumeRole", f"arn:aws:iam::{account}:role/admin"),
        ("s3:GetObject", f"arn:aws:s3:::mobile-ai-state-{account}-eu-central-1/.pulumi/x"),
        ("s3:GetObject", "arn:aws:s3:::mobile-ai-other-models/x"),
        ("kms:Sign", f"arn:aws:kms:eu-central-1:{account}:key/1"),
    ):
        assert not allows(limit, action, arn, {"kms:ResourceAliases": "alias/mobile-ai-builder"})


def planned(token: str, **props: Any) -> Resource:
    return Resource(type=token, name="one", urn="urn:pulumi:dev::p::t::one", props=props)


def test_roles_without_rights_get_a_boundary_that_gives_none() -> None:
    (statement,) = boundary_policy([], PLACE)["Statement"]

    assert (statement["Effect"], statement["Action"]) == ("Deny", "*")


@pytest.mark.parametrize(
    "item",
    [
        planned("aws:iam/rolePolicy:RolePolicy", policy=UNKNOWN),
        planned("aws:iam/role:Role", managedPolicyArns=["arn:aws:iam::aws:policy/PowerUser"]),
        planned("aws:iam/role:Role", managedPolicyArns=[UNKNOWN]),
    ],
)
def test_a_boundary_of_what_the_plan_does_not_show_is_refused(item: Resource) -> None:
    with pytest.raises(GovernanceError, match="rights that the plan shows"):
        boundary_policy([item], PLACE)
