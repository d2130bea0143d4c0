"""Permissions on a stack's state."""

from fnmatch import fnmatchcase
from typing import Any

import pytest

from mobile_ai.operations.bootstrap.state import STATE_KEY, state_statements

ENDS: dict[str, Any] = {"account": "111122223333", "stack": "dev", "region": "eu-central-1"}
BUCKET = "arn:aws:s3:::mobile-ai-state-111122223333-eu-central-1"


def may(action: str, resource: str, *, write: bool) -> bool:
    return any(
        action in item["Action"] and any(fnmatchcase(resource, one) for one in item["Resource"])
        for item in state_statements(**ENDS, write=write)
    )


@pytest.mark.parametrize("write", [True, False])
@pytest.mark.parametrize(
    "name",
    [
        "stacks/mobile-ai/dev.json",
        "stacks/mobile-ai/dev.json.bak",
        "history/mobile-ai/dev/dev-1.history.json",
        "backups/mobile-ai/dev/dev.1.json",
        "locks/organization/mobile-ai/dev/one.json",
    ],
)
def test_a_deployment_writes_its_own_state_and_a_preview_reads_it(
    name: str, *, write: bool
) -> None:
    own, others = f"{BUCKET}/.pulumi/{name}", f"{BUCKET}/.pulumi/{name}".replace("dev", "prod")
    assert may("s3:GetObject", own, write=write)
    assert may("s3:PutObject", own, write=write) is write
    assert may("s3:DeleteObject", own, write=write) is write
    assert not may("s3:GetObject", others, write=write)
    assert not may("s3:PutObject", others, write=write)


def test_only_the_key_of_the_state_is_used_and_a_preview_encrypts_nothing() -> None:
    for write, actions in (
        (True, ["kms:Decrypt", "kms:GenerateDataKey"]),
        (False, ["kms:Decrypt"]),
    ):
        *_, key = state_statements(**ENDS, write=write)
        assert key["Action"] == actions
        assert key["Condition"] == {
            "ForAnyValue:StringEquals": {"kms:ResourceAliases": [STATE_KEY]}
        }
