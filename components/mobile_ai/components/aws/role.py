"""IAM service role with a deterministic name, one trusted service and one inline policy."""

from typing import Any

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.names import AwsScope, boundary_arn, physical_name


def service_role(
    name: str,
    *,
    scope: AwsScope,
    service: str,
    purpose: str,
    statements: list[dict[str, Any]],
    opts: pulumi.ResourceOptions,
    source_arn: str | None = None,
) -> aws.iam.Role:
    """Create a role that ``service`` may assume for this account, with exactly these rights.

    The name is deterministic, so that policies of other resources can refer to its ARN at preview.
    """
    role = aws.iam.Role(
        name,
        name=physical_name(scope, purpose),
        assume_role_policy=iam.trust(service, scope, source_arn=source_arn),
        # The deploy role may create roles only with this boundary, which prevents privilege
        # escalation through a role of its own making.
        permissions_boundary=boundary_arn(scope),
        opts=opts,
    )
    if statements:
        aws.iam.RolePolicy(
            name, name=purpose, role=role.name, policy=iam.document(*statements), opts=opts
        )
    return role
