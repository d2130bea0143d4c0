"""Permissions of the pipeline's roles."""

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.components.aws.names import AwsScope, boundary_arn, key_alias
from mobile_ai.operations.bootstrap.boundary import boundary_policy
from mobile_ai.operations.bootstrap.documents import (
    deploy_policies,
    gate_policies,
    image_policy,
    preview_policies,
    signing_key_policy,
)
from mobile_ai.operations.bootstrap.rights import StackPlace
from tests.operations.bootstrap.plans import STACKS, place_of, plan_of
from tests.tools.iam import allows
from tests.tools.policy_lint import findings

ROOT = Path(__file__).parents[3]
Policies = list[dict[str, Any]]


@cache
def deploy(stack: str) -> Policies:
    return deploy_policies(plan_of(stack), place_of(stack))


@cache
def preview(stack: str) -> Policies:
    return preview_policies(plan_of(stack), place_of(stack))


def gate(stack: str) -> Policies:
    key = f"arn:aws:kms:eu-central-1:{place_of(stack).account}:key/1"
    return gate_policies(plan_of(stack), place_of(stack), key=key)


def boundary(stack: str) -> Policies:
    return [boundary_policy(plan_of(stack), place_of(stack))]


def statements(policies: Policies) -> list[dict[str, Any]]:
    return [item for policy in policies for item in policy["Statement"]]


def actions(policies: Policies) -> set[str]:
    return {action for item in statements(policies) for action in item["Action"]}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("role", [deploy, preview, gate, boundary])
def test_policies_fit_what_aws_takes(role: Any, stack: str) -> None:
    policies = role(stack)

    assert 1 <= len(policies) <= 10
    assert max(len(json.dumps(item, separators=(",", ":"))) for item in policies) <= 6144
    names = Counter(item["Sid"] for item in statements(policies))
    assert names.most_common(1)[0][1] == 1
    assert all(re.fullmatch(r"[A-Za-z0-9]+", name) for name in names)


# Expected findings of parliament on correct statements.
# https://docs.aws.amazon.com/service-authorization/latest/reference/ and kms/latest/developerguide/
# conditions-kms.html
_RIGHT = re.compile(
    # actions that are newer than its table, and a condition that KMS has for every use of a key
    r"UNKNOWN_ACTION: .* (billing:GetBillingViewData|ecs:StopServiceDeployment|s3:GetBucketAbac"
    r"|apigateway:(Untag|Tag)Resource|kinesis:(ListTagsFor|Tag|Untag)Resource)$"
    r"|UNKNOWN_CONDITION_FOR_ACTION: Unknown condition kms:ResourceAliases for action kms:"
    # an ARN compared as text, exactly
    r"|MISMATCHED_TYPE_BUT_USABLE: .*StringEquals requires a value of type String but given Arn"
    # one call names one of these kinds, and the reference marks each as required
    r"|RESOURCE_MISMATCH: (?!.*'(?!athena:|elasticloadbalancing:)[a-z0-9-]+:[A-Z])"
    # the reference of 2026 gives them no kind: the policy of a stack's first `up` names no id
    r"|RESOURCE_STAR: .*cloudfront:Create"
    # the network interfaces of functions, as Lambda's guide has it
    r"|RESOURCE_STAR: .*ec2:CreateNetworkInterface"
)


@pytest.mark.slow
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("role", [deploy, preview, gate, boundary])
def test_a_linter_of_policies_finds_nothing(role: Any, stack: str) -> None:
    found = [line for policy in role(stack) for line in findings(json.dumps(policy))]

    assert [line for line in found if not _RIGHT.search(line)] == []


def test_the_linter_finds_what_is_wrong() -> None:
    allow = {"Sid": "A", "Effect": "Allow", "Action": "sqs:Nothing", "Resource": "*"}

    (found,) = findings(json.dumps({"Version": "2012-10-17", "Statement": [allow]}))

    assert found.startswith("UNKNOWN_ACTION")


@pytest.mark.parametrize("stack", STACKS)
def test_no_grant_is_a_pattern_of_actions(stack: str) -> None:
    for role in (deploy, preview, gate, boundary):
        assert [action for action in actions(role(stack)) if "*" in action] == []


@pytest.mark.parametrize("stack", STACKS)
def test_no_arn_leaves_account_service_or_kind_open(stack: str) -> None:
    for role in (deploy, preview, gate):
        named = {arn for item in statements(role(stack)) for arn in item["Resource"]} - {"*"}
        for arn in named:
            _, _, service, _, account, rest = arn.split(":", 5)
            assert "*" not in service + account
            assert not rest.startswith("*"), arn


@pytest.mark.parametrize("stack", STACKS)
def test_a_name_of_another_stack_is_out_of_reach(stack: str) -> None:
    place = place_of(stack)
    foreign = [
        item
        for item in statements(deploy(stack))
        if item["Effect"] == "Allow"
        for arn in item["Resource"]
        if "mobile-ai-" in arn and place.prefix not in arn
        if not arn.startswith(("arn:aws:s3:::mobile-ai-state-",))
    ]

    assert foreign == []
    other = f"arn:aws:lambda:eu-central-1:{place.account}:function:mobile-ai-other-x"
    context = {"aws:RequestedRegion": "eu-central-1"}
    assert not allows(deploy(stack), "lambda:UpdateFunctionCode", other, context)
    assert allows(
        deploy(stack), "lambda:UpdateFunctionCode", other.replace("other", stack), context
    )


@pytest.mark.parametrize("stack", STACKS)
def test_calls_to_other_regions_are_refused(stack: str) -> None:
    arn = f"arn:aws:sqs:eu-central-1:{place_of(stack).account}:{place_of(stack).prefix}x"

    assert allows(deploy(stack), "sqs:CreateQueue", arn, {"aws:RequestedRegion": "eu-central-1"})
    assert not allows(deploy(stack), "sqs:CreateQueue", arn, {"aws:RequestedRegion": "sa-east-1"})


@pytest.mark.parametrize("stack", STACKS)
def test_a_key_is_used_through_services_alone(stack: str) -> None:
    key = f"arn:aws:kms:eu-central-1:{place_of(stack).account}:key/1"
    through = {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}

    for action in ("kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt"):
        assert allows(deploy(stack), action, key, through)
        assert not allows(deploy(stack), action, key)
    assert not allows(deploy(stack), "kms:Sign", key, through)


@pytest.mark.parametrize("stack", STACKS)
def test_a_deployment_touches_no_key_of_the_bootstrap(stack: str) -> None:
    key = f"arn:aws:kms:eu-central-1:{place_of(stack).account}:key/1"
    context = {"aws:RequestedRegion": "eu-central-1", "kms:GrantIsForAWSResource": "true"}
    tag = "aws:ResourceTag/mobile-ai:managed-by"

    for action in ("kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CreateGrant"):
        assert allows(deploy(stack), action, key, {**context, tag: "pulumi"})
        assert not allows(deploy(stack), action, key, {**context, tag: "bootstrap"})


@pytest.mark.parametrize("stack", STACKS)
def test_a_preview_changes_nothing_and_asks_aws_for_no_secret(stack: str) -> None:
    found = actions(preview(stack))

    verbs = {action.partition(":")[2] for action in found}
    assert all(re.match(r"(Describe|(Batch)?Get|List|View|GET|Lookup|Decrypt)", v) for v in verbs)
    kept = {
        "ecr:GetDownloadUrlForLayer", "kinesis:GetRecords", "logs:GetLogEvents",
        "secretsmanager:GetSecretValue", "athena:GetQueryResults",
    }  # fmt: skip
    assert not kept & found


@pytest.mark.parametrize("stack", STACKS)
def test_an_audit_decrypts_the_state_and_what_devices_get_and_nothing_else(stack: str) -> None:
    found = [s for s in statements(preview(stack)) if "kms:Decrypt" in s["Action"]]

    state, only = found
    assert state["Sid"] == "UseKeyOfState"
    assert only["Action"] == ["kms:Decrypt"]
    aliases = only["Condition"]["ForAnyValue:StringEquals"]["kms:ResourceAliases"]
    scope = AwsScope(stack=stack, account_id="1", region="eu-central-1", protect=False)
    assert aliases == [key_alias(scope, "models")]
    assert only["Condition"]["StringLike"] == {"kms:ViaService": "s3.*.amazonaws.com"}


@pytest.mark.parametrize("stack", STACKS)
def test_the_gate_reads_and_signs_with_one_key(stack: str) -> None:
    key = f"arn:aws:kms:eu-central-1:{place_of(stack).account}:key/1"
    more = actions(gate(stack)) - actions(preview(stack))

    signing = [item for item in statements(gate(stack)) if "kms:Sign" in item["Action"]]
    assert more <= {"kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"}
    assert [item["Resource"] for item in signing] == [[key]]
    assert not {"cloudtrail:LookupEvents", "ecr:BatchGetImage"} & actions(gate(stack))


def test_neither_the_account_nor_the_pipeline_can_let_itself_sign() -> None:
    role = "arn:aws:iam::111122223333:role/mobile-ai/mobile-ai-pipeline-dev-gate"
    administer, sign = signing_key_policy(account="111122223333", role=role)["Statement"]

    assert sign["Principal"] == {"AWS": role}
    assert not {"kms:Sign", "kms:*", "kms:CreateGrant"} & set(administer["Action"])
    assert administer["Condition"]["ArnNotLike"]["aws:PrincipalArn"] == [
        "arn:aws:iam::111122223333:role/mobile-ai/*",
        "arn:aws:iam::111122223333:role/mobile-ai-*",
    ]


def test_lambda_alone_pulls_the_image_of_functions_and_for_this_account_alone() -> None:
    (statement,) = image_policy(account="111122223333")["Statement"]

    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert set(statement["Action"]) == {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}
    source = statement["Condition"]["StringLike"]["aws:SourceArn"]
    assert source == "arn:aws:lambda:*:111122223333:function:mobile-ai-*"


def test_the_boundary_has_the_name_that_components_give_their_roles() -> None:
    scope = AwsScope(stack="dev", account_id="1" * 12, region="eu-central-1", protect=False)
    place = StackPlace(account="1" * 12, stack="dev", region="eu-central-1", regions=())

    assert boundary_arn(scope) == place.boundary


def test_nothing_that_is_deployed_depends_on_the_sandbox() -> None:
    program = [ROOT / "__main__.py", *(ROOT / "components").rglob("*.py")]

    assert program[1:]
    pattern = re.compile(r"^\s*(from|import) +(mobile_ai\.sandbox|tests)\b", re.MULTILINE)
    assert [path.name for path in program if pattern.search(path.read_text())] == []
