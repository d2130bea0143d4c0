"""Lambda's quota of an account: asked before the first `up`, with the request to make."""

import re
from pathlib import Path

import boto3
import pytest

from mobile_ai.gate.deploy.concurrency import (
    PLATFORM_RESERVED,
    Concurrency,
    account_concurrency,
    require_concurrency,
)
from mobile_ai.gate.errors import GateError
from tests.components.support import run_stack, write_repository

CONFIG = {
    "mobile-ai:region": "eu-central-1",
    "mobile-ai:aws": {"accountId": "123456789012"},
    "mobile-ai:deployments": [
        {
            "placement": [
                {"target": "edge", "reservedConcurrency": 500},
                {"target": "cloud", "reservedConcurrency": 6},
            ]
        }
    ],
}
WANTED = PLATFORM_RESERVED + 6
EMPTY = {"deployment": {"resources": []}}
DEPLOYED = {
    "deployment": {
        "resources": [
            {"type": "aws:lambda/function:Function", "outputs": {}},
            {
                "type": "aws:lambda/function:Function",
                "outputs": {"reservedConcurrentExecutions": WANTED},
            },
            {
                "type": "aws:lambda/function:Function",
                "outputs": {"reservedConcurrentExecutions": -1},  # reserves nothing
            },
        ]
    }
}


def check(total, unreserved, state=EMPTY):
    answer = Concurrency(total=total, unreserved=unreserved)
    return require_concurrency(CONFIG, state, {}, lambda *_: answer)


def test_a_new_account_is_told_the_request_to_make():
    with pytest.raises(GateError) as caught:
        check(10, 10)

    assert re.search(r"--quota-code L-B99A9384 .*--region eu-central-1", str(caught.value))
    assert f"--desired-value {WANTED + 100}" in str(caught.value)


def test_the_value_asked_for_is_enough_and_one_less_is_not():
    with pytest.raises(GateError) as caught:
        check(150, 90)  # others have reserved 60
    needed = int(re.search(r"--desired-value (\d+)", str(caught.value))[1])

    assert check(needed, needed - 60) == ""
    with pytest.raises(GateError):
        check(needed - 1, needed - 1 - 60)


def test_what_the_stack_has_reserved_already_counts_for_it():
    assert check(100 + WANTED, 100, DEPLOYED) == ""
    with pytest.raises(GateError):
        check(100 + WANTED, 100)


def test_an_account_that_cannot_be_asked_is_a_note_and_no_verdict():
    def refuse(*_):
        raise PermissionError("AccessDenied")

    assert "was not checked (AccessDenied)" in require_concurrency(CONFIG, EMPTY, {}, refuse)


class Session:
    """Credentials of one account."""

    def __init__(self, account: str) -> None:
        self.account = account

    def client(self, _name, **_):
        return self

    def get_caller_identity(self):
        return {"Account": self.account}

    def get_account_settings(self):
        limit = {"ConcurrentExecutions": 1_000, "UnreservedConcurrentExecutions": 900}
        return {"AccountLimit": limit}


def test_the_account_is_asked_in_the_region_of_the_stack(monkeypatch):
    asked = {}

    def session(**arguments):
        asked.update(arguments)
        return Session("123456789012")

    monkeypatch.setattr(boto3, "Session", session)
    found = account_concurrency("123456789012", "eu-west-1", {"AWS_PROFILE": "mine"})

    assert found == Concurrency(total=1_000, unreserved=900)
    assert (asked["profile_name"], asked["region_name"]) == ("mine", "eu-west-1")


def test_credentials_of_another_account_answer_nothing(monkeypatch):
    monkeypatch.setattr(boto3, "Session", lambda **_: Session("999999999999"))

    with pytest.raises(PermissionError, match="credentials of 999999999999"):
        account_concurrency("123456789012", "eu-west-1", {})


def test_the_platform_reserves_no_more_than_is_counted(tmp_path: Path):
    engine = run_stack(write_repository(tmp_path), "prod-full")
    functions = engine.of_type("lambda/function:Function")

    reserved = [
        item.inputs["reservedConcurrentExecutions"]
        for item in functions
        if "imageUri" not in item.inputs
    ]
    assert sum(reserved) == PLATFORM_RESERVED
