"""An encrypted log group that ends by itself."""

from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws

from components.aws_names import AwsScope, LogKind, log_group_name
from components.aws_platform import PlatformParts

__all__ = ["log_group"]

_DAYS: Final = 30


def log_group(
    name: str,
    kind: LogKind,
    *parts: str,
    scope: AwsScope,
    platform: PlatformParts,
    opts: pulumi.ResourceOptions,
    days: int = _DAYS,
    tags: Mapping[str, str] | None = None,
) -> aws.cloudwatch.LogGroup:
    """Create a log group under the platform's key.

    No other log group may name that key: its policy admits the names that are made here.

    Args:
        name: Of the resource.
        kind: What writes to it.
        parts: Of its physical name.
        scope: Where it is.
        platform: Whose key encrypts it.
        opts: Options of the resource.
        days: How long events are kept.
        tags: Beside those of the stack.
    """
    return aws.cloudwatch.LogGroup(
        name,
        name=log_group_name(scope, kind, *parts),
        retention_in_days=days,
        kms_key_id=platform["key_arn"],
        tags=tags,
        opts=opts,
    )
