"""Policy documents: least privilege by construction."""

import json

import pytest

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.names import arn, physical_name
from tests.components.aws_support import ACCOUNT, DEV


def only(document: str) -> dict[str, object]:
    (statement,) = json.loads(document)["Statement"]
    assert isinstance(statement, dict)
    return statement


@pytest.mark.parametrize("action", ["*", "s3:*", "s3:Get*"])
def test_a_wildcard_action_cannot_be_allowed(action: str) -> None:
    with pytest.raises(ValueError, match="each by its own name"):
        iam.allow("Wide", [action], ["arn:aws:s3:::bucket"])


def test_a_role_trusts_its_service_for_this_account_and_source_only() -> None:
    source = arn(DEV, "scheduler", "schedule-group/default")

    statement = only(iam.trust("scheduler.amazonaws.com", DEV, source_arn=source))

    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": source},
    }


def test_a_key_is_named_by_its_alias_in_this_account_and_region() -> None:
    statement = iam.use_key(DEV, "alias/mobile-ai-dev-models")

    assert statement["Resource"] == [f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/*"]
    assert statement["Condition"] == {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/mobile-ai-dev-models"]}
    }


def test_administering_a_key_does_not_include_reading_with_it() -> None:
    statements = {one["Sid"]: one for one in json.loads(iam.key_policy(DEV))["Statement"]}

    reading = {"kms:Decrypt", "kms:GenerateDataKey", "kms:Sign", "kms:CreateGrant"}
    assert not reading & set(statements["Administer"]["Action"])


def test_plain_http_is_denied_on_bucket_and_objects() -> None:
    statement = iam.deny_insecure(["arn:aws:s3:::b", "arn:aws:s3:::b/*"])

    assert statement["Effect"] == "Deny"
    assert statement["Action"] == "s3:*"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_same_statements_give_the_same_text() -> None:
    one = iam.document(iam.allow("A", ["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::b/*"]))
    other = iam.document(iam.allow("A", ["s3:PutObject", "s3:GetObject"], ["arn:aws:s3:::b/*"]))

    assert one == other


def test_a_name_that_aws_would_refuse_is_refused_here() -> None:
    with pytest.raises(ValueError, match="AWS takes 63"):
        physical_name(DEV, "x" * 60)
