"""Administrator secret of the registry, its rotation, and the restart after a rotation."""

from typing import Final, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws.function import ServiceFunction
from mobile_ai.components.aws.names import AwsScope, physical_name, to_wire
from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.aws.schedule import scheduled
from mobile_ai.components.aws.service_source import invoker_source
from mobile_ai.components.registry import plan

_ROTATE_DAYS: Final = 30
# The interval bounds how long tasks run with a rotated password.
_RESTART_CHECK: Final = "rate(5 minutes)"


class RegistrySecretsArgs(TypedDict):
    """Arguments of :class:`RegistrySecrets`."""

    scope: AwsScope
    platform: PlatformParts
    key_arn: pulumi.Input[str]
    key_alias: str
    subnet_ids: list[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    """Client security group of the registry, which the rotation function calls."""
    domain: str


class RegistrySecrets(pulumi.ComponentResource):
    """Secret, rotation function, rotation every 30 days (FSBP SecretsManager.1, .4), restart.

    The first rotation creates the first value, so no password is ever in a plan or a state.
    """

    def __init__(
        self, name: str, args: RegistrySecretsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the secret, its rotation and the scheduled restart check."""
        super().__init__("mobileai:index:RegistrySecrets", name, to_wire(args), opts)
        child = pulumi.ResourceOptions(parent=self)
        secret = aws.secretsmanager.Secret(
            name,
            name=plan.auth_secret_name(args["scope"]),
            description="Administrator of the model registry",
            kms_key_id=args["key_arn"],
            # Unprotected stacks delete the secret immediately: its name must be free for the next
            # `up`, and a rotation creates a new value.
            recovery_window_in_days=30 if args["scope"]["protect"] else 0,
            opts=child,
        )
        _rotation(name, args, secret, child)
        _restart(name, args, child)
        self.register_outputs({"secret": plan.auth_secret_name(args["scope"])})


def _rotation(
    name: str,
    args: RegistrySecretsArgs,
    secret: aws.secretsmanager.Secret,
    opts: pulumi.ResourceOptions,
) -> aws.secretsmanager.SecretRotation:
    scope = args["scope"]
    function = ServiceFunction(
        f"{name}-rotate",
        {
            "scope": scope,
            "platform": args["platform"],
            "purpose": "registry-rotate",
            "sources": ["registry_rotate.py"],
            "environment": {"REGISTRY_URL": f"https://{args['domain']}"},
            "statements": plan.rotation_rights(scope, key_alias=args["key_alias"]),
            "timeout_seconds": 60,
            "concurrency": 1,
            "vpc": {
                "subnet_ids": args["subnet_ids"],
                "security_group_ids": [args["security_group_id"]],
            },
        },
        opts,
    )
    permission = aws.lambda_.Permission(
        f"{name}-rotate",
        action="lambda:InvokeFunction",
        function=function.function_name,
        **invoker_source("secretsmanager.amazonaws.com", scope),
        opts=opts,
    )
    return aws.secretsmanager.SecretRotation(
        name,
        secret_id=secret.id,
        rotation_lambda_arn=function.function_arn,
        rotation_rules={"automatically_after_days": _ROTATE_DAYS},
        rotate_immediately=True,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[permission])),
    )


def _restart(name: str, args: RegistrySecretsArgs, opts: pulumi.ResourceOptions) -> None:
    scope, platform = args["scope"], args["platform"]
    registry = physical_name(scope, "registry")
    function = ServiceFunction(
        f"{name}-restart",
        {
            "scope": scope,
            "platform": platform,
            "purpose": "registry-restart",
            "sources": ["registry_redeploy.py"],
            "environment": {
                "CLUSTER": registry,
                "SERVICE": registry,
                "DATABASE": registry,
                "ROTATED": plan.auth_secret_name(scope),
            },
            "statements": plan.restart_rights(scope),
            "timeout_seconds": 30,
            "concurrency": 1,
        },
        opts,
    )
    scheduled(
        f"{name}-restart",
        scope=scope,
        platform=platform,
        function=function,
        expression=_RESTART_CHECK,
        opts=opts,
    )
