"""Jobs that may assume a role of the pipeline."""

from typing import Any

import pytest

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.operations.bootstrap.trust import Repository, trust_policy

AUDIENCE = "token.actions.githubusercontent.com:aud"
SUBJECT = "token.actions.githubusercontent.com:sub"


def condition(repository: str, environment: str = "prod") -> dict[str, Any]:
    policy = trust_policy(
        account="1", repository=Repository.parse(repository), environment=environment
    )
    (statement,) = policy["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    found: dict[str, Any] = statement["Condition"]
    return found


def test_one_environment_of_one_repository_may_take_a_role() -> None:
    assert condition("o/r") == {
        "StringEquals": {AUDIENCE: "sts.amazonaws.com", SUBJECT: "repo:o/r:environment:prod"}
    }


def test_with_ids_both_forms_of_the_subject_are_trusted_and_nothing_else() -> None:
    # A repository of after 2026-07 presents the second one.
    assert condition("example@123456/models@456789") == {
        "StringEquals": {
            AUDIENCE: "sts.amazonaws.com",
            SUBJECT: [
                "repo:example/models:environment:prod",
                "repo:example@123456/models@456789:environment:prod",
            ],
        }
    }


@pytest.mark.parametrize(
    "text",
    [
        "models", "o/", "/r", "o/r/x", "o/*", "*/r", "o/r:ref", "o@x/r@1", "o@1/r@0", "o@1/r@1@2",
        "o/r\n", "", "o@/r@", "o?/r", "OWNER/NAME",
    ],
)  # fmt: skip
def test_what_names_no_single_repository_is_refused(text: str) -> None:
    with pytest.raises(GovernanceError, match=r"expected OWNER/NAME or OWNER@ID/NAME@ID"):
        Repository.parse(text)


@pytest.mark.parametrize("text", ["o@1/r", "o/r@1"])
def test_one_id_of_two_is_refused_with_the_command_that_finds_both(text: str) -> None:
    with pytest.raises(GovernanceError, match=r"one id of two.* gh api repos/o/r --jq"):
        Repository.parse(text)
