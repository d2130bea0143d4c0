"""Permission of the log service to write, by a bucket's policy."""

import json
from types import SimpleNamespace

import pytest

from mobile_ai.sandbox.services.aws_policies import may_log

LETS = {
    "Effect": "Allow",
    "Principal": {"Service": "logging.s3.amazonaws.com"},
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::logs/models/*",
}


def bucket(*statements):
    policy = json.dumps({"Statement": list(statements)}).encode() if statements else None
    return SimpleNamespace(name="logs", partition="aws", policy=policy)


@pytest.mark.parametrize(
    ("change", "lets"),
    [
        ({}, True),
        ({"Principal": {"Service": ["x", "logging.s3.amazonaws.com"]}}, True),
        ({"Action": ["s3:GetObject", "s3:PutObject"]}, True),
        ({"Resource": ["arn:aws:s3:::else/*", "arn:aws:s3:::logs/models/*"]}, True),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}, True),
        ({"Effect": "Deny"}, False),
        ({"Principal": "*"}, False),
        ({"Principal": {"AWS": "*"}}, False),
        ({"Principal": {"Service": "cloudfront.amazonaws.com"}}, False),
        ({"Action": "s3:GetObject"}, False),
        ({"Resource": "arn:aws:s3:::logs/others/*"}, False),
    ],
)
def test_one_statement_lets_or_does_not(change, lets):
    assert may_log(bucket({**LETS, **change}), "models/") is lets


def test_any_statement_will_do_and_without_a_policy_none_does():
    assert may_log(bucket({**LETS, "Effect": "Deny"}, LETS), "models/")
    assert not may_log(bucket(), "models/")


def test_a_whole_bucket_covers_no_prefix():
    assert may_log(bucket({**LETS, "Resource": "arn:aws:s3:::logs/*"}), None)
