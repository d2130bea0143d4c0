"""What the pipeline's roles may do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from governance.documents import read_yaml
from governance.errors import GovernanceError

from components.aws_names import AwsScope, key_alias
from operations.bootstrap import (
    deploy_policies,
    gate_policies,
    preview_policies,
    signing_key_policy,
    trust_policy,
)

ROOT = Path(__file__).parents[3]
TOKEN = re.compile(r"aws:[a-z0-9]+/[A-Za-z0-9]+:[A-Za-z0-9]+")
ACTIONS = read_yaml((ROOT / "operations/bootstrap/actions.yaml").read_text(), name="actions")
ENDS: dict[str, Any] = {"account": "111122223333", "stack": "dev", "region": "eu-central-1"}
STATE = ("ListState", "ReadState", "WriteState", "UseKeyOfState")


def used() -> set[str]:
    """Return every type that a component or a golden plan names."""
    files = [*(ROOT / "components").glob("*.py"), *(ROOT / "tests/components/golden").glob("*.txt")]
    return {token for path in files for token in TOKEN.findall(path.read_text())}


def statements(policies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for policy in policies for item in policy["Statement"]]


def test_every_type_in_use_has_its_permissions() -> None:
    assert used() <= set(ACTIONS["types"])
    services = {action.partition(":")[0] for item in ACTIONS["types"].values() for action in item}
    assert services == set(ACTIONS["services"])


def test_a_stack_gets_what_its_types_need_and_nothing_for_others() -> None:
    policies = deploy_policies(["aws:sns/topic:Topic"], **ENDS, regions=["eu-central-1"])

    assert [item for item in statements(policies) if item["Sid"] not in STATE] == [
        {
            "Sid": "ReadSns",
            "Effect": "Allow",
            "Action": ["sns:Describe*", "sns:Get*", "sns:List*"],
            "Resource": ["*"],
        },
        {
            "Sid": "ChangeSns",
            "Effect": "Allow",
            "Action": [
                "sns:CreateTopic",
                "sns:DeleteTopic",
                "sns:SetTopicAttributes",
                "sns:TagResource",
                "sns:UntagResource",
            ],
            "Resource": ["arn:aws:sns:*:111122223333:mobile-ai-dev-*"],
            "Condition": {"StringEquals": {"aws:RequestedRegion": ["eu-central-1", "us-east-1"]}},
        },
    ]


def test_policies_fit_what_aws_takes() -> None:
    policies = deploy_policies(used(), **ENDS, regions=["eu-central-1", "eu-west-1"])

    assert len(policies) <= 10
    assert max(len(json.dumps(item, separators=(",", ":"))) for item in policies) <= 6144
    names = [item["Sid"] for item in statements(policies)]
    assert len(set(names)) == len(names)


def test_no_action_is_everything_and_no_change_is_a_pattern() -> None:
    for item in statements(deploy_policies(used(), **ENDS, regions=["eu-central-1"])):
        assert not {"*", "iam:*", "kms:*"} & set(item["Action"])
        if not item["Sid"].startswith("Read"):
            assert not [action for action in item["Action"] if "*" in action]


def test_roles_are_made_and_passed_by_their_names_alone() -> None:
    by_name = {
        item["Sid"]: item
        for item in statements(deploy_policies(used(), **ENDS, regions=["eu-central-1"]))
    }

    roles = "arn:aws:iam::111122223333:role/mobile-ai-dev-*"
    assert by_name["ChangeIam"]["Resource"][0] == roles
    assert by_name["PassOwnRoles"]["Resource"] == [roles]
    assert "iam:PassedToService" in by_name["PassOwnRoles"]["Condition"]["StringEquals"]


def test_a_preview_changes_nothing_and_asks_aws_for_no_secret() -> None:
    actions = {a for item in statements(preview_policies(used(), **ENDS)) for a in item["Action"]}

    verbs = {action.partition(":")[2] for action in actions}
    assert all(re.match(r"(Describe|(Batch)?Get|List|View|GET|Lookup|Decrypt)", v) for v in verbs)
    assert "ecr:GetDownloadUrlForLayer" not in actions
    assert "secretsmanager:GetSecretValue" not in actions
    assert not {"secretsmanager:Get*", "kms:Get*", "kinesis:Get*", "s3:Get*", "ssm:Get*"} & actions


def test_an_audit_decrypts_the_state_and_what_devices_get_and_nothing_else() -> None:
    found = [
        s for s in statements(preview_policies(used(), **ENDS)) if "kms:Decrypt" in s["Action"]
    ]

    state, only = found
    assert state["Sid"] == "UseKeyOfState"
    assert only["Action"] == ["kms:Decrypt"]
    aliases = only["Condition"]["ForAnyValue:StringEquals"]["kms:ResourceAliases"]
    scope = AwsScope(stack="dev", account_id="1", region="eu-central-1", protect=False)
    assert aliases == [key_alias(scope, "models")]
    assert only["Condition"]["StringLike"] == {"kms:ViaService": "s3.*.amazonaws.com"}


def test_the_gate_reads_and_signs_with_one_key() -> None:
    key = "arn:aws:kms:eu-central-1:111122223333:key/1"
    *reading, _released, _who, _login, _tags = statements(preview_policies(used(), **ENDS))

    *read, sign = statements(gate_policies(used(), **ENDS, key=key))

    assert read == reading
    assert sign["Resource"] == [key]
    assert set(sign["Action"]) == {"kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"}


def test_neither_the_account_nor_the_pipeline_can_let_itself_sign() -> None:
    role = "arn:aws:iam::111122223333:role/mobile-ai/mobile-ai-pipeline-dev-gate"
    administer, sign = signing_key_policy(account="111122223333", role=role)["Statement"]

    assert sign["Principal"] == {"AWS": role}
    assert not {"kms:Sign", "kms:*", "kms:CreateGrant"} & set(administer["Action"])
    assert administer["Condition"]["ArnNotLike"]["aws:PrincipalArn"] == [
        "arn:aws:iam::111122223333:role/mobile-ai/*",
        "arn:aws:iam::111122223333:role/mobile-ai-*",
    ]


def test_a_deployment_touches_no_key_of_the_bootstrap() -> None:
    by_name = {
        item["Sid"]: item
        for item in statements(deploy_policies(used(), **ENDS, regions=["eu-central-1"]))
    }
    refused = by_name["LeaveKeysOfBootstrap"]

    assert refused["Effect"] == "Deny"
    assert set(refused["Action"]) == set(by_name["ChangeKms"]["Action"])
    assert refused["Condition"] == {
        "StringEquals": {"aws:ResourceTag/mobile-ai:managed-by": "bootstrap"}
    }


def test_a_type_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(GovernanceError, match=r"aws:new/thing:Thing: got .* Next: "):
        deploy_policies(["aws:new/thing:Thing"], **ENDS, regions=[])


def test_one_environment_of_one_repository_may_take_a_role() -> None:
    (statement,) = trust_policy(account="1", repository="o/r", environment="prod")["Statement"]

    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:o/r:environment:prod",
        }
    }


def test_nothing_that_is_deployed_depends_on_the_sandbox() -> None:
    program = [ROOT / "__main__.py", *(ROOT / "components").glob("*.py")]

    assert program[1:]
    pattern = re.compile(r"^\s*(from|import) +(sandbox|tests)\b", re.MULTILINE)
    assert [path.name for path in program if pattern.search(path.read_text())] == []
