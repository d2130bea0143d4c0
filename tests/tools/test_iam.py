"""The evaluator of policies answers as AWS documents it."""

from typing import Any

import pytest

from tests.tools.iam import allows

ALLOW = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


def may(*items: dict[str, Any], context: dict[str, Any] | None = None) -> bool:
    return allows([{"Statement": list(items)}], "s3:GetObject", "arn:aws:s3:::b/k", context)


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {**ALLOW, "Condition": {operator: {key: value}}}


def test_nothing_is_allowed_that_no_statement_allows_and_a_denial_wins() -> None:
    assert not may()
    assert may(ALLOW)
    assert not may(ALLOW, {**ALLOW, "Effect": "Deny"})
    assert not may({**ALLOW, "Effect": "Deny"})


@pytest.mark.parametrize(
    ("action", "arn", "expected"),
    [
        ("S3:getobject", "*", True),
        ("s3:Get*", "arn:aws:s3:::b/*", True),
        ("s3:Get?bject", "arn:aws:s3:::b/?", True),
        ("s3:Get", "*", False),
        ("s3:GetObject", "arn:aws:s3:::b", False),
        ("s3:GetObject", "arn:aws:s3:::B/k", False),
        (["s3:PutObject", "s3:GetObject"], ["arn:aws:s3:::c/*", "arn:aws:s3:::b/k"], True),
    ],
)
def test_actions_match_in_any_case_and_arns_in_theirs(
    action: Any, arn: Any, *, expected: bool
) -> None:
    assert may({"Effect": "Allow", "Action": action, "Resource": arn}) is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", "a", None, False),
        ("StringNotEquals", "a", None, True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringLike", "a*", "ab", True),
        ("ArnNotLike", "a*", "b", True),
        ("Bool", "true", "true", True),
        ("Bool", "true", "false", False),
        ("ForAnyValue:StringEquals", ["a"], ["b", "a"], True),
        ("ForAnyValue:StringEquals", ["a"], None, False),
    ],
)
def test_conditions_hold_as_documented(
    operator: str, wanted: Any, given: Any, *, expected: bool
) -> None:
    context = {} if given is None else {"aws:Key": given}

    assert may(when(operator, "AWS:key", wanted), context=context) is expected


def test_all_conditions_have_to_hold() -> None:
    both = {**ALLOW, "Condition": {"StringEquals": {"a": "1", "b": "2"}}}

    assert may(both, context={"a": "1", "b": "2"})
    assert not may(both, context={"a": "1"})


def test_an_operator_that_is_not_known_is_an_error() -> None:
    with pytest.raises(KeyError):
        may(when("NumericLessThan", "a", "1"), context={"a": "0"})
