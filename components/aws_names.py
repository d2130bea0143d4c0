"""Names and ARNs that are known before anything exists.

A name that the cloud invents is unknown at preview, and a policy document that mentions it is
unknown with it, so nothing could judge it. Every name here follows from the stack alone.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, Literal, TypedDict

from pydantic.alias_generators import to_camel

__all__ = [
    "AwsScope",
    "LogKind",
    "arn",
    "balancer_name",
    "boundary_arn",
    "bucket_arn",
    "bucket_name",
    "key_alias",
    "log_group_arn",
    "log_group_name",
    "log_group_patterns",
    "physical_name",
    "role_arn",
    "to_wire",
]

_PREFIX: Final = "mobile-ai"
LogKind = Literal["access", "function", "service"]
"""What writes to a log group: API Gateway, a function, or anything else."""
_LOG_FOLDERS: Final[Mapping[LogKind, str]] = {
    # Below this name AWS grants delivery with one wildcard statement; other names get a statement
    # each in a resource policy of 5,120 characters (CloudWatch Logs user guide, "Enable logging
    # from AWS services").
    "access": "/aws/vendedlogs",
    "function": "/aws/lambda",
    "service": "/mobile-ai",
}
# S3 bucket and IAM role names: 63 and 64 characters; the shorter holds for all.
_LONGEST_NAME: Final = 63
# Elastic Load Balancing API reference, CreateLoadBalancer and CreateTargetGroup.
_LONGEST_BALANCER: Final = 32
_DIGEST: Final = 8


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


def physical_name(scope: AwsScope, *parts: str, longest: int = _LONGEST_NAME) -> str:
    """Return ``mobile-ai-<stack>-<parts>``.

    Args:
        scope: Where the resource is.
        parts: What it is.
        longest: Characters that its service takes, where that is more than most do.

    Raises:
        ValueError: If the name is longer than AWS takes.
    """
    name = "-".join((_PREFIX, scope["stack"], *parts))
    if len(name) > longest:
        raise ValueError(
            f"name {name!r} has {len(name)} characters, AWS takes {longest}: "
            "shorten the stack's or the resource's name"
        )
    return name


def balancer_name(scope: AwsScope, *parts: str) -> str:
    """Return the name of a load balancer or a target group, which has at most 32 characters.

    A longer one is cut, and ends in a digest of the whole, so that two stacks never share one.
    """
    name = physical_name(scope, *parts)
    if len(name) <= _LONGEST_BALANCER:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: _LONGEST_BALANCER - _DIGEST - 1].rstrip('-')}-{digest}"


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


def boundary_arn(scope: AwsScope) -> str:
    """Return the ARN of the permissions boundary that the bootstrap makes for the stack's roles."""
    name = f"{_PREFIX}-pipeline-{scope['stack']}-boundary"
    return f"arn:aws:iam::{scope['account_id']}:policy/{_PREFIX}/{name}"


def log_group_arn(scope: AwsScope, group: str) -> str:
    """Return the ARN of a log group, without the suffix that means its streams."""
    return arn(scope, "logs", f"log-group:{group}")


def log_group_name(scope: AwsScope, kind: LogKind, *parts: str) -> str:
    """Return the name of a log group."""
    return f"{_LOG_FOLDERS[kind]}/{physical_name(scope, *parts)}"


def log_group_patterns(scope: AwsScope) -> list[str]:
    """Return patterns of the ARNs of all log groups that `log_group_name` names for a stack."""
    return [
        log_group_arn(scope, f"{folder}/{_PREFIX}-{scope['stack']}-*")
        for folder in _LOG_FOLDERS.values()
    ]


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
