"""The decisions of the CDN, each by itself."""

import asyncio
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.sandbox.services.cdn.access import may_read
from mobile_ai.sandbox.services.cdn.freshness import lifetime_seconds, revalidates
from mobile_ai.sandbox.services.cdn.function import FunctionError, FunctionRunner
from mobile_ai.sandbox.services.cdn.ranges import UNSATISFIABLE, parse_range
from mobile_ai.sandbox.services.cdn.store import ObjectStore

ARN = "arn:aws:cloudfront::111122223333:distribution/E1"
DAY = 86_400
READ = {
    "Effect": "Allow",
    "Principal": {"Service": "cloudfront.amazonaws.com"},
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::models/targets/*",
    "Condition": {"StringEquals": {"AWS:SourceArn": ARN}},
}
INSECURE = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::models", "arn:aws:s3:::models/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def _may(*statements, key="targets/a", arn=ARN):
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return may_read(policy, bucket="models", key=key, distribution_arn=arn)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", DAY),
        ("public", DAY),
        ("max-age=60", 60),
        ("public, max-age=60, s-maxage=5", 5),
        ("MAX-AGE=60", 60),
        ("max-age=soon", DAY),
        ("no-cache, max-age=60", 0),
        ("no-store", None),
        ("private, max-age=60", None),
    ],
)
def test_the_origin_says_how_long_a_copy_is_fresh(header, seconds):
    assert lifetime_seconds({"cache-control": header}) == seconds


@pytest.mark.parametrize(
    ("header", "must"),
    [("max-age=1", False), ("max-age=1, must-revalidate", True), ("no-cache", True)],
)
def test_the_origin_may_forbid_to_serve_a_stale_copy(header, must):
    assert revalidates({"cache-control": header}) is must


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-3", range(4)),
        ("bytes=2-", range(2, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-30", range(10)),
        ("bytes=8-99", range(8, 10)),
        ("bytes=10-", UNSATISFIABLE),
        ("bytes=-0", UNSATISFIABLE),
        ("bytes=3-1", None),
        ("bytes=0-1,4-5", None),
        ("bytes=-", None),
        ("items=0-1", None),
    ],
)
def test_a_range_of_ten_bytes(header, wanted):
    assert parse_range(header, 10) == wanted


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 40))
def test_a_range_lies_inside_the_body(first, last, size):
    wanted = parse_range(f"bytes={first}-{last}", size)

    assert wanted is None or wanted is UNSATISFIABLE or set(wanted) <= set(range(size))


def test_the_policy_of_the_delivery_bucket_lets_its_distribution_read():
    assert _may(INSECURE, READ)


@pytest.mark.parametrize(
    ("statements", "changed"),
    [
        ([], {}),
        ([INSECURE], {}),
        ([READ], {"key": "private/a"}),
        (
            [READ, {"Effect": "Deny", "Principal": "*", "NotAction": "s3:List*", "Resource": "*"}],
            {},
        ),
        ([{"Effect": "Allow", "NotPrincipal": "*", "Action": "s3:*", "Resource": "*"}], {}),
        ([READ], {"arn": ARN.replace("E1", "E2")}),
        ([{**READ, "Action": "s3:ListBucket"}], {}),
        ([{**READ, "Principal": {"Service": "lambda.amazonaws.com"}}], {}),
        ([{**READ, "Principal": {"AWS": "*"}}], {}),
        ([{**READ, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}], {}),
        ([{**READ, "Condition": {"NumericEquals": {"AWS:SourceArn": ARN}}}], {}),
        ([READ, {**READ, "Effect": "Deny"}], {}),
        ([READ, {**INSECURE, "Condition": {}}], {}),
        ([READ, {**INSECURE, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}], {}),
        ([{**READ, "Resource": "arn:aws:s3:::models/[t]argets/*"}], {}),
    ],
)
def test_nothing_else_lets_a_distribution_read(statements, changed):
    assert not _may(*statements, **changed)


@pytest.mark.parametrize("policy", ["", "[]", "{}", '{"Statement": 1}', "not json"])
def test_without_a_readable_policy_nothing_may_be_read(policy):
    assert not may_read(policy, bucket="models", key="targets/a", distribution_arn=ARN)


@pytest.mark.parametrize(
    "changed",
    [
        {"Action": ["s3:Get*"]},
        {"Action": "S3:GETOBJECT"},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::111122223333:*"}}},
        {"Resource": "*"},
    ],
)
def test_other_ways_to_write_the_same_right(changed):
    assert _may({**READ, **changed})


def test_copies_age_and_make_way():
    now = [0.0]
    store = ObjectStore(limit_bytes=10, now=lambda: now[0])
    for path in ("/a", "/b", "/c"):
        store.keep("E1", path, headers={}, body=b"12345", seconds=60)
    now[0] = 61.0

    assert store.find("E1", "/a") is None
    assert store.find("E2", "/b") is None
    kept = store.find("E1", "/b")
    assert (store.age_seconds(kept), store.is_fresh(kept)) == (61, False)


def _run(code, event, node=None):
    async def call():
        runner = FunctionRunner(node)
        try:
            return await runner.run(code, event)
        finally:
            await runner.close()

    return asyncio.run(call())


def test_a_function_gets_its_event_and_answers():
    code = "async function handler(event) { return { uri: event.request.uri + '/x' }; }"

    assert _run(code, {"request": {"uri": "/a"}}) == {"uri": "/a/x"}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("function handler() { while (true) {} }", "timed out"),
        ("function handler() { return null; }", "returned no object"),
        ("function handler() { throw new Error('boom'); }", "boom"),
        ("not javascript", "SyntaxError"),
        ("var x = 1;", "handler is not defined"),
        ("function handler() { return { uri: process.env.HOME }; }", "process is not defined"),
        ("function handler() { return { uri: require('fs') }; }", "require is not defined"),
        ("function handler() { return eval('({})'); }", "Code generation from strings"),
    ],
)
def test_a_function_that_fails_or_reaches_out_is_an_error(code, reason):
    with pytest.raises(FunctionError, match=reason):
        _run(code, {})


def test_without_node_no_function_runs(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(FunctionError, match=r"Node\.js is not on PATH"):
        _run("function handler(e) { return e.request; }", {"request": {}})


def test_a_killed_node_is_started_again():
    async def story():
        runner = FunctionRunner()
        code = "function handler(event) { return event; }"
        await runner.run(code, {"n": 1})
        runner._process.kill()
        with suppress(FunctionError):  # this one may be lost with the process
            await runner.run(code, {"n": 2})
        answer = await runner.run(code, {"n": 3})
        await runner.close()
        return answer

    assert asyncio.run(story()) == {"n": 3}
