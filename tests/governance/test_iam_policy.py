"""A policy that the pack accepts admits nobody outside the stack's account."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mobile_ai.governance.iam_document import parse_policy
from mobile_ai.governance.iam_evaluation import Request, decide
from mobile_ai.governance.iam_policy import (
    is_wide_attachment,
    names_account,
    wide_identity,
    wide_principal,
)

ACCOUNT, OTHER = "111122223333", "999999999999"
READER = f"arn:aws:iam::{ACCOUNT}:role/reader"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms"


def _statement(**fields: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sns:Publish", "Resource": TOPIC, **fields}


def _refusals(**fields: Any) -> list[str]:
    (statement,) = parse_policy({"Version": "2012-10-17", "Statement": _statement(**fields)})
    return list(wide_principal(statement, ACCOUNT))


def _identity(**fields: Any) -> list[str]:
    (statement,) = parse_policy({"Version": "2012-10-17", "Statement": _statement(**fields)})
    return list(wide_identity(statement, ACCOUNT))


_ACCOUNTS = st.sampled_from([ACCOUNT, OTHER, "1111*", "*", "${aws:PrincipalAccount}"])
_ARNS = st.sampled_from(
    [
        TOPIC,
        READER,
        f"arn:aws:sns:*:{ACCOUNT}:*",
        f"arn:aws:*:*:{ACCOUNT}:*",
        f"arn:*:{ACCOUNT}:*",
        f"arn:aws:sns:eu-west-1:{OTHER}:a",
        f"arn:aws:sns:eu-west-1:{OTHER}:x:{ACCOUNT}:a",
        "arn:aws:sns:*:*:*",
        "arn:aws:s3:::models-1",
        "arn:aws:s3:::models-*",
        "arn:*",
        "*",
    ]
)
_OPERATORS = st.sampled_from(
    [
        f"{qualifier}{negation}{suffix}"
        for qualifier in ("", "ForAllValues:", "ForAnyValue:")
        for negation in (
            "StringEquals",
            "StringLike",
            "StringNotEquals",
            "StringNotLike",
            "ArnLike",
            "ArnEquals",
            "ArnNotLike",
        )
        for suffix in ("", "IfExists")
    ]
)


@st.composite
def _conditions(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for _ in range(draw(st.integers(0, 3))):
        key = draw(
            st.sampled_from(
                [
                    "aws:PrincipalAccount",
                    "aws:SourceAccount",
                    "aws:PrincipalArn",
                    "aws:SourceArn",
                    "aws:SourceVpce",
                    "aws:PrincipalOrgID",
                    "aws:UserAgent",
                ]
            )
        )
        values = _ARNS if key.endswith("Arn") else _ACCOUNTS | st.just("o-1")
        wanted = draw(values | st.lists(values, min_size=1, max_size=2))
        found.setdefault(draw(_OPERATORS), {})[key] = wanted
    if draw(st.booleans()):
        found["Null"] = {"aws:SourceAccount": draw(st.sampled_from(["true", "false"]))}
    return found


_PRINCIPALS = st.sampled_from(
    [
        "*",
        {"AWS": "*"},
        {"AWS": [READER, "*"]},
        {"AWS": OTHER},
        {"AWS": f"arn:aws:iam::{OTHER}:root"},
        {"Service": "sns.amazonaws.com"},
        {"AWS": READER, "Service": ["sns.amazonaws.com", "s3.amazonaws.com"]},
    ]
)


@st.composite
def _strangers(draw: st.DrawFn) -> Request:
    """Return a request by a caller outside the account, directly or through a service."""
    context: dict[str, tuple[str, ...]] = {
        "aws:useragent": (draw(_ACCOUNTS | _ARNS),),
        "aws:sourcevpce": (draw(st.sampled_from(["vpce-1", "o-1"])),),
        "aws:principalorgid": (draw(st.sampled_from(["o-1", "o-2"])),),
        "aws:principalaccount": (OTHER,),
        "aws:sourceaccount": (OTHER,),
        "aws:principalarn": (f"arn:aws:iam::{OTHER}:role/x",),
        "aws:sourcearn": (
            draw(
                st.sampled_from(
                    [
                        f"arn:aws:sns:eu-west-1:{OTHER}:a",
                        f"arn:aws:sns:eu-west-1:{OTHER}:x:{ACCOUNT}:a",
                        "arn:aws:s3:::models-of-others",
                    ]
                )
            ),
        ),
    }
    kept = {key: value for key, value in context.items() if draw(st.booleans())}
    caller = draw(
        st.sampled_from([("AWS", f"arn:aws:iam::{OTHER}:role/x"), ("Service", "sns.amazonaws.com")])
    )
    return Request(action="sns:Publish", resource=TOPIC, principal=caller, context=kept)


@given(_PRINCIPALS, _conditions(), _strangers())
@example(
    principal="*",
    conditions={"StringLike": {"aws:SourceArn": f"arn:aws:*:*:{ACCOUNT}:*"}},
    stranger=Request(
        action="sns:Publish",
        resource=TOPIC,
        principal=("AWS", f"arn:aws:iam::{OTHER}:role/x"),
        context={"aws:sourcearn": (f"arn:aws:sns:eu-west-1:{OTHER}:x:{ACCOUNT}:a",)},
    ),
)
def test_a_statement_that_is_accepted_allows_no_stranger(
    principal: Any, conditions: Mapping[str, Any], stranger: Request
) -> None:
    statement = _statement(Principal=principal, Condition=conditions)
    allowed = decide(parse_policy({"Version": "2012-10-17", "Statement": statement}), stranger)

    assert allowed != "Allow" or _refusals(Principal=principal, Condition=conditions)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        {"StringEquals": {"AWS:SOURCEACCOUNT": [ACCOUNT]}},
        {"StringLike": {"aws:SourceArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:*"}},
        {"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{ACCOUNT}:*"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::models-1"}},
        {"ForAnyValue:StringEquals": {"aws:SourceAccount": ACCOUNT}},
        {"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"kms:CallerAccount": ACCOUNT}},
    ],
)
def test_a_condition_that_only_the_account_meets_is_accepted(condition: dict[str, Any]) -> None:
    assert _refusals(Principal="*", Condition=condition) == []
    assert _refusals(Principal={"Service": "sns.amazonaws.com"}, Condition=condition) == []


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"StringLike": {"aws:PrincipalArn": "*"}},
        {"StringEquals": {"aws:SourceAccount": [ACCOUNT, OTHER]}},
        {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
        {"ForAllValues:StringEquals": {"aws:SourceAccount": ACCOUNT}},
        {"StringNotEquals": {"aws:SourceAccount": OTHER}},
        {"Null": {"aws:SourceAccount": "false"}},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}},
        {"NumericEquals": {"aws:SourceAccount": ACCOUNT}},
        {"StringEquals": {"aws:SourceArn": f"${{aws:PrincipalArn}}:{ACCOUNT}:x:x:x"}},
        {"StringLike": {"aws:SourceArn": f"arn:aws:s3:::*{ACCOUNT}"}},
    ],
)
def test_a_condition_that_others_meet_is_refused(condition: dict[str, Any]) -> None:
    assert _refusals(Principal="*", Condition=condition)
    assert _refusals(Principal={"Service": "sns.amazonaws.com"}, Condition=condition)


def test_a_log_group_of_the_account_names_whom_a_service_encrypts_for() -> None:
    condition = {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:*"}
    }

    assert _refusals(Principal={"Service": "logs.amazonaws.com"}, Condition=condition) == []
    assert _refusals(Principal="*", Condition=condition), "any caller may send any context"


@pytest.mark.parametrize(
    ("principal", "accepted"),
    [
        ({"AWS": ACCOUNT}, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, True),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/a/b"}, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, False),
        ({"AWS": f"arn:aws:iam::{OTHER}:root"}, False),
        ({"AWS": "AIDAJQABLZS4A3QDU576Q"}, False),
        ({"CanonicalUser": "79a59df900b949e5"}, False),
        ({"Service": "evil.example.com"}, False),
        ({"Service": "*.amazonaws.com"}, False),
        ({"Federated": "cognito-identity.amazonaws.com"}, False),
        ({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/issuer"}, False),
    ],
)
def test_principals(principal: dict[str, str], accepted: bool) -> None:  # noqa: FBT001
    assert (_refusals(Principal=principal) == []) is accepted


def test_a_role_is_assumed_by_a_service_of_its_own_account_or_a_named_subject() -> None:
    fields: dict[str, Any] = {
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }
    (statement,) = parse_policy({"Statement": _statement(**fields)})

    assert list(wide_principal(statement, ACCOUNT, of_role=True)) == []
    assert list(wide_principal(statement, ACCOUNT)) != []
    provider = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/issuer"}
    for operator, subject, accepted in (
        ("StringEquals", "repo:a/b:ref:refs/heads/main", True),
        ("StringLike", "repo:a/*", False),
        ("StringEqualsIfExists", "repo:a/b", False),
        ("ForAllValues:StringEquals", "repo:a/b", False),
        ("StringNotEquals", "repo:a/b", False),
        ("StringEquals", "${aws:username}", False),
    ):
        condition = {operator: {"issuer:sub": subject}}
        assert (_refusals(Principal=provider, Condition=condition) == []) is accepted


@pytest.mark.parametrize(
    ("fields", "accepted"),
    [
        ({}, True),
        ({"Action": "sns:*"}, False),
        ({"Action": "sns:Pub*"}, False),
        ({"Action": "SNS:Get*"}, False),
        ({"Action": "s3:Get*", "Resource": "arn:aws:s3:::models/*"}, True),
        ({"Action": "IAM:Get*"}, False),
        ({"Action": "s3:Get?*"}, False),
        ({"Action": "iam:PutRolePolicy"}, False),
        ({"Action": "IAM:createaccesskey", "Resource": READER}, False),
        ({"Action": "iam:PassRole", "Resource": READER}, True),
        ({"Action": "iam:PassRole", "Resource": f"arn:aws:iam::{ACCOUNT}:role/r*"}, False),
        ({"Action": "iam:PassRole", "Resource": f"arn:aws:iam::{ACCOUNT}:role/*dmin"}, False),
        ({"Action": "iam:PassRole", "Resource": f"arn:aws:iam::{ACCOUNT}:role/reader-*"}, True),
        ({"Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::{OTHER}:role/reader"}, False),
        ({"Action": "s3:PutBucketPolicy", "Resource": "arn:aws:s3:::models"}, False),
        ({"Action": "lambda:AddPermission"}, False),
        ({"Action": "kms:PutKeyPolicy"}, False),
        ({"Resource": "**"}, False),
        ({"Resource": "arn:aws:s3:::models*/a"}, False),
        ({"Resource": "arn:aws:sns:eu-west-1:*:alarms"}, False),
        ({"Action": "XRAY:puttracesegments", "Resource": "*"}, False),
        ({"Action": "xray:PutTraceSegments", "Resource": "*"}, True),
        ({"Principal": "*"}, False),
    ],
)
def test_identity_policies(fields: dict[str, Any], accepted: bool) -> None:  # noqa: FBT001
    assert (_identity(**fields) == []) is accepted


_KEYS = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/*"


@pytest.mark.parametrize(
    ("condition", "accepted"),
    [
        ({"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/ours"}}, True),
        ({"StringEquals": {"aws:ResourceTag/app": "ours"}}, True),
        ({"ForAllValues:StringEquals": {"kms:ResourceAliases": "alias/ours"}}, False),
        ({"StringEqualsIfExists": {"aws:ResourceTag/app": "ours"}}, False),
        ({"StringLike": {"aws:ResourceTag/app": "*"}}, False),
        ({"StringEquals": {"aws:ResourceTag/app": "${aws:username}"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"Null": {"kms:ResourceAliases": "false"}}, False),
    ],
)
def test_a_condition_names_a_resource_only_where_it_restricts_it(
    condition: dict[str, Any],
    accepted: bool,  # noqa: FBT001
) -> None:
    refusals = _identity(Action="kms:Decrypt", Resource=_KEYS, Condition=condition)

    assert (refusals == []) is accepted


@pytest.mark.parametrize(
    ("arn", "wide"),
    [
        ("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole", False),
        ("arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforSSM", True),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", True),
        (f"arn:aws:iam::{ACCOUNT}:policy/read-events", False),
        (f"arn:aws:iam::{OTHER}:policy/read-events", True),
        (None, True),
    ],
)
def test_attached_policies(arn: str | None, wide: bool) -> None:  # noqa: FBT001
    assert is_wide_attachment(arn, ACCOUNT) is wide


def test_an_arn_names_an_account_only_as_text() -> None:
    assert names_account(TOPIC, ACCOUNT)
    assert not names_account(None, ACCOUNT)
