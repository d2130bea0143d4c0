"""EventBridge schedule that invokes a function."""

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.function import ServiceFunction
from mobile_ai.components.aws.names import AwsScope, arn, physical_name
from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.aws.role import service_role


def scheduled(
    name: str,
    *,
    scope: AwsScope,
    platform: PlatformParts,
    function: ServiceFunction,
    expression: str,
    opts: pulumi.ResourceOptions,
) -> aws.scheduler.Schedule:
    """Create a schedule that invokes the function, and the role it uses."""
    role = service_role(
        f"{name}-schedule",
        scope=scope,
        service="scheduler.amazonaws.com",
        purpose=f"{name}-schedule",
        statements=[
            iam.allow("Invoke", ["lambda:InvokeFunction"], [function.arn]),
            iam.use_key(scope, platform["key_alias"], actions=["kms:Decrypt"]),
        ],
        opts=opts,
        # EventBridge Scheduler passes the schedule group, not the schedule.
        source_arn=arn(scope, "scheduler", "schedule-group/default"),
    )
    return aws.scheduler.Schedule(
        name,
        name=physical_name(scope, name),
        schedule_expression=expression,
        kms_key_arn=platform["key_arn"],
        flexible_time_window={"mode": "OFF"},
        target={
            "arn": function.function_arn,
            "role_arn": role.arn,
            "retry_policy": {"maximum_retry_attempts": 2, "maximum_event_age_in_seconds": 600},
        },
        opts=opts,
    )
