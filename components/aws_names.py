"""Names and ARNs that are known before anything exists.

A name that the cloud invents is unknown at preview, and a policy document that mentions it is
unknown with it, so nothing could judge it. Every name here follows from the stack alone.
"""

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from pydantic.alias_generators import to_camel

__all__ = [
    "AwsScope",
    "arn",
    "bucket_arn",
    "bucket_name",
    "key_alias",
    "log_group_arn",
    "physical_name",
    "role_arn",
    "to_wire",
]

_PREFIX: Final = "mobile-ai"
# S3 bucket and IAM role names: 63 and 64 characters; the shorter holds for all.
_LONGEST_NAME: Final = 63


class AwsScope(TypedDict):
    """Where a component's AWS resources live, and how firmly they are kept."""

    stack: str
    """Name of the Pulumi stack."""
    account_id: str
    """The account, 12 digits."""
    region: str
    """Region of everything that is not global."""
    protect: bool
    """Deletion protection on what holds state."""


def physical_name(scope: AwsScope, *parts: str) -> str:
    """Return ``mobile-ai-<stack>-<parts>``.

    Raises:
        ValueError: If the name is longer than AWS takes.
    """
    name = "-".join((_PREFIX, scope["stack"], *parts))
    if len(name) > _LONGEST_NAME:
        raise ValueError(
            f"name {name!r} has {len(name)} characters, AWS takes {_LONGEST_NAME}: "
            "shorten the stack's or the resource's name"
        )
    return name


def bucket_name(scope: AwsScope, purpose: str) -> str:
    """Return a bucket name: bucket names are global, so it ends in the account."""
    return physical_name(scope, purpose, scope["account_id"])


def bucket_arn(bucket: str) -> str:
    """Return the ARN of a bucket, which has neither region nor account."""
    return f"arn:aws:s3:::{bucket}"


def arn(scope: AwsScope, service: str, resource: str) -> str:
    """Return the ARN of a regional resource in the stack's account."""
    return f"arn:aws:{service}:{scope['region']}:{scope['account_id']}:{resource}"


def role_arn(scope: AwsScope, role: str) -> str:
    """Return the ARN of an IAM role by its name."""
    return f"arn:aws:iam::{scope['account_id']}:role/{role}"


def log_group_arn(scope: AwsScope, group: str) -> str:
    """Return the ARN of a log group, without the suffix that means its streams."""
    return arn(scope, "logs", f"log-group:{group}")


def key_alias(scope: AwsScope, purpose: str) -> str:
    """Return the alias of a KMS key: policies name keys by it, as key ids are unknown."""
    return f"alias/{physical_name(scope, purpose)}"


def to_wire(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return component arguments with the camelCase keys that the plan uses.

    Keys that are data, such as tag names, are no Python names and stay as they are.
    """
    return {
        to_camel(key) if key.isidentifier() else key: _wire_value(value)
        for key, value in args.items()
    }


def _wire_value(value: Any) -> Any:
    if isinstance(value, dict):
        return to_wire(value)
    return [_wire_value(item) for item in value] if isinstance(value, list | tuple) else value
