"""CloudWatch log group with encryption and retention."""

from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws.names import AwsScope, LogKind, log_group_name
from mobile_ai.components.aws.platform import PlatformParts

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
    """Create a log group encrypted with the platform's key.

    The key policy admits only names built by ``log_group_name``, so every log group under that key
    is created here.

    Args:
        name: Name of the resource.
        kind: Kind of writer.
        parts: Parts of the physical name.
        scope: Account and region.
        platform: Platform that owns the key.
        opts: Options of the resource.
        days: Retention in days.
        tags: Tags besides those of the stack.
    """
    return aws.cloudwatch.LogGroup(
        name,
        name=log_group_name(scope, kind, *parts),
        retention_in_days=days,
        kms_key_id=platform["key_arn"],
        tags=tags,
        opts=opts,
    )
