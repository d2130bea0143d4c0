"""Policies are evaluated as IAM does it; two evaluators that are not ours agree.

``iam_vectors.json`` holds random policies and requests with the answers of the policy simulator of
principalmapper 1.1.5, which its authors compared with AWS. It answers otherwise than AWS documents
for negated operators of a missing key, and knows no qualifiers of numbers, dates and addresses:
those are tested by hand below.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.access_control import IAMPolicy, PermissionResult

from mobile_ai.governance.iam_document import PolicyError, parse_policy
from mobile_ai.governance.iam_evaluation import Request, decide, matches

VECTORS = json.loads((Path(__file__).parent / "iam_vectors.json").read_text())
ACCOUNT = "111122223333"
READER = f"arn:aws:iam::{ACCOUNT}:role/reader"


def decision(document: Any, action: str = "s3:GetObject", resource: str = "*", **more: Any) -> str:
    """Return the decision on a request with a context of texts and lists."""
    context = {
        key.lower(): tuple(value if isinstance(value, list) else [value])
        for key, value in more.pop("context", {}).items()
    }
    request = Request(action=action, resource=resource, context=context, **more)
    return decide(parse_policy(document), request)


def document(version: str = "2012-10-17", **fields: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **fields}
    return {"Version": version, "Statement": [statement]}


def test_every_answer_of_the_simulator_is_ours() -> None:
    assert len(VECTORS) >= 300
    assert {item["decision"] for item in VECTORS} == {"Allow", "Deny", ""}
    for item in VECTORS:
        found = decision(item["policy"], item["action"], item["resource"], context=item["context"])
        assert found == item["decision"], item


# Without wildcards of one character and without conditions, which moto reads otherwise than AWS.
_ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "kms:Decrypt", "iam:PassRole"])
_ACTION_PATTERNS = st.sampled_from(["*", "s3:*", "s3:Get*", "*Role", "k*t", "**"]) | _ACTIONS
_RESOURCES = st.sampled_from(["arn:aws:s3:::a/b", "arn:aws:s3:::a", "arn:aws:iam::1:role/x"])
_RESOURCE_PATTERNS = st.sampled_from(["*", "arn:aws:s3:::*", "arn:aws:*:role/*"]) | _RESOURCES


@st.composite
def _statements(draw: st.DrawFn) -> dict[str, Any]:
    def some(patterns: st.SearchStrategy[str]) -> Any:
        return draw(patterns | st.lists(patterns, min_size=1, max_size=3))

    return {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        draw(st.sampled_from(["Action", "NotAction"])): some(_ACTION_PATTERNS),
        "Resource": some(_RESOURCE_PATTERNS),
    }


@given(st.lists(_statements(), min_size=1, max_size=3), _ACTIONS, _RESOURCES)
def test_moto_decides_as_we_do(
    statements: list[dict[str, Any]], action: str, resource: str
) -> None:
    policy = {"Version": "2012-10-17", "Statement": statements}
    answer = IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)

    assert (
        decision(policy, action, resource)
        == {
            PermissionResult.PERMITTED: "Allow",
            PermissionResult.DENIED: "Deny",
            PermissionResult.NEUTRAL: "",
        }[answer]
    )


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("a*c", "abbc", True),
        ("a**c", "ac", True),
        ("a?c", "ac", False),
        ("a?c", "abc", True),
        ("a.c", "abc", False),
        ("[a]*", "a", False),
        ("a", "a\n", False),
        ("*", "", True),
    ],
)
def test_wildcards_are_star_and_question_mark_alone(
    pattern: str,
    text: str,
    found: bool,  # noqa: FBT001
) -> None:
    assert matches(pattern, text) is found


_KEY = "aws:SourceAccount"


@pytest.mark.parametrize(
    ("operator", "wanted", "context", "found"),
    [
        ("StringNotLike", "1*", {}, True),
        ("StringNotEquals", "1", {}, True),
        ("StringNotEquals", ["1", "2"], {_KEY: "2"}, False),
        ("StringNotEqualsIfExists", "1", {_KEY: "1"}, False),
        ("ForAllValues:StringEquals", "1", {}, True),
        ("ForAllValues:StringEquals", "1", {_KEY: []}, True),
        ("ForAllValues:StringEquals", "1", {_KEY: ["1", "2"]}, False),
        ("ForAllValues:StringNotEquals", "1", {_KEY: ["2", "3"]}, True),
        ("ForAllValues:StringNotEquals", "1", {_KEY: ["1", "3"]}, False),
        ("ForAnyValue:StringEquals", "1", {}, False),
        ("ForAnyValue:StringEquals", "1", {_KEY: ["2", "1"]}, True),
        ("ForAnyValue:StringNotEquals", "1", {_KEY: ["1", "2"]}, True),
        ("ForAnyValue:StringNotEquals", "1", {_KEY: ["1"]}, False),
        ("ForAnyValue:StringNotEquals", "1", {}, False),
        ("ForAnyValue:StringEqualsIfExists", "1", {}, True),
        ("ForAnyValue:NumericLessThan", "5", {_KEY: ["9", "4"]}, True),
        ("ForAllValues:IpAddress", "10.0.0.0/8", {_KEY: ["10.1.1.1", "11.1.1.1"]}, False),
        ("NumericLessThanIfExists", "5", {}, True),
        ("NumericEquals", "5", {_KEY: "five"}, False),
        ("NumericEquals", 5, {_KEY: "5.0"}, True),
        ("DateLessThan", "2026-01-01T00:00:00Z", {_KEY: "1735689600"}, True),
        ("DateLessThan", "2026-01-01", {_KEY: "2026-01-01T00:00:01Z"}, False),
        ("IpAddress", "10.0.0.0/8", {_KEY: "::1"}, False),
        ("Bool", True, {_KEY: "TRUE"}, True),
        ("Null", "true", {}, True),
        ("Null", "true", {_KEY: "1"}, False),
        ("Null", False, {_KEY: "1"}, True),
        ("ArnLike", "arn:aws:sns:*:1:*", {_KEY: "arn:aws:sns:eu:1:a:b"}, True),
        ("ArnEquals", "arn:aws:*:1:a", {_KEY: "arn:aws:sns:eu:1:a"}, False),
        ("StringLike", "arn:aws:*:1:a", {_KEY: "arn:aws:sns:eu:1:a"}, True),
        ("StringEquals", "${aws:username}", {_KEY: "ann", "aws:username": "ann"}, True),
        ("StringEquals", "${aws:username}", {_KEY: "ann"}, False),
        ("StringNotEquals", "${aws:username}", {_KEY: "ann"}, True),
        ("StringEquals", "${aws:username, 'ann'}", {_KEY: "ann"}, True),
        ("StringLike", "${aws:username}?", {_KEY: "*x", "aws:username": "*"}, True),
        ("StringLike", "${aws:username}?", {_KEY: "ax", "aws:username": "*"}, False),
        ("StringLike", "a${*}", {_KEY: "ab"}, False),
        ("StringLike", "a${*}", {_KEY: "a*"}, True),
    ],
)
def test_conditions(
    operator: str,
    wanted: Any,
    context: dict[str, Any],
    found: bool,  # noqa: FBT001
) -> None:
    policy = document(Condition={operator: {_KEY.upper(): wanted}})

    assert (decision(policy, context=context) == "Allow") is found


def test_a_policy_of_2008_has_no_variables() -> None:
    condition = {"StringLike": {"aws:username": "${aws:username}"}}
    context = {"aws:username": "ann"}

    assert decision(document(Condition=condition), context=context) == "Allow"
    assert decision(document("2008-10-17", Condition=condition), context=context) == ""


@pytest.mark.parametrize(
    ("principal", "caller", "found"),
    [
        ("*", ("AWS", "arn:aws:iam::9:role/x"), True),
        ({"AWS": "*"}, ("AWS", READER), True),
        ({"AWS": ACCOUNT}, ("AWS", READER), True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ("AWS", READER), True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ("AWS", READER.replace("1", "9")), False),
        ({"AWS": READER}, ("AWS", READER), True),
        ({"AWS": READER}, ("AWS", f"{READER}2"), False),
        ({"Service": "sns.amazonaws.com"}, ("Service", "sns.amazonaws.com"), True),
        ({"Service": "sns.amazonaws.com"}, ("AWS", "sns.amazonaws.com"), False),
        ({"AWS": READER, "Service": "a.amazonaws.com"}, ("Service", "a.amazonaws.com"), True),
    ],
)
def test_principals(principal: Any, caller: tuple[str, str], found: bool) -> None:  # noqa: FBT001
    assert (decision(document(Principal=principal), principal=caller) == "Allow") is found
    refused = document(NotPrincipal=principal)
    assert (decision(refused, principal=caller) == "Allow") is not found


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        {"Statement": []},
        {"Statement": "x"},
        {"Statement": [[]]},
        {"Version": "2026-01-01", "Statement": [{}]},
        {"Version": "2012-10-17", "Statement": [], "Extra": 1},
        document(Effect="allow"),
        document(Effect=None),
        document(effect="Deny"),
        document(Action=""),
        document(Action=None),
        document(Action=[None]),
        document(NotAction="*"),
        document(NotResource="*"),
        document(Principal="*", NotPrincipal="*"),
        document(Principal="x"),
        document(Principal={}),
        document(Principal={"aws": "*"}),
        document(Condition="x"),
        document(Condition={"StringEquals": "x"}),
        document(Condition={"StringMatches": {"a": "b"}}),
        document(Condition={"stringequals": {"a": "b"}}),
        document(Condition={"ForSomeValues:StringEquals": {"a": "b"}}),
        document(Condition={"NullIfExists": {"a": "true"}}),
        document(Condition={"StringEquals": {"a": {"b": "c"}}}),
    ],
)
def test_what_has_no_defined_meaning_is_refused(wrong: Any) -> None:
    with pytest.raises(PolicyError):
        parse_policy(wrong)
