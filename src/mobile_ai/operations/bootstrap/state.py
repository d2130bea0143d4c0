"""Permissions on a stack's state in the bootstrap's bucket.

The layout is that of Pulumi's own backend for object stores (``pkg/backend/diy`` of
https://github.com/pulumi/pulumi): one folder per kind and project, one name per stack. A preview
takes no lock and writes nothing.
"""

from collections.abc import Iterator
from typing import Any, Final

STATE_KEY: Final = "alias/mobile-ai-state"
"""Alias of the key that encrypts state and secrets."""
_PROJECT: Final = "mobile-ai"
_OF_STACK: Final = (
    "stacks/{project}/{stack}.json*",
    "history/{project}/{stack}/*",
    "backups/{project}/{stack}/*",
    "locks/organization/{project}/{stack}/*",
)


def state_bucket(*, account: str, region: str) -> str:
    """Return the name of the bucket that holds the state of an account's stacks."""
    return f"mobile-ai-state-{account}-{region}"


def state_statements(
    *, account: str, stack: str, region: str, write: bool
) -> Iterator[dict[str, Any]]:
    """Yield the statements that grant a role the state of one stack, and of no other.

    A principal that reads a state can decrypt it: a preview compares with it, secrets included.

    Args:
        account: 12 digits.
        stack: The stack.
        region: Region of the bucket.
        write: True for the role that deploys.
    """
    bucket = f"arn:aws:s3:::{state_bucket(account=account, region=region)}"
    objects = [
        f"{bucket}/.pulumi/{name.format(project=_PROJECT, stack=stack)}" for name in _OF_STACK
    ]
    # Without s3:ListBucket, S3 answers 403 instead of 404 for a missing object. A condition on
    # s3:prefix would not match a GetObject request, and so take that away again.
    yield _allow("ListState", ["s3:GetBucketLocation", "s3:ListBucket"], [bucket])
    yield _allow("ReadState", ["s3:GetObject"], [*objects, f"{bucket}/.pulumi/meta.yaml"])
    if write:
        yield _allow("WriteState", ["s3:DeleteObject", "s3:PutObject"], objects)
    keys = ["kms:Decrypt", *(["kms:GenerateDataKey"] if write else [])]
    condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": [STATE_KEY]}}
    yield {
        **_allow("UseKeyOfState", keys, [f"arn:aws:kms:{region}:{account}:key/*"]),
        "Condition": condition,
    }


def _allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
