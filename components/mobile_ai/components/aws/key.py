"""A customer-managed KMS key with its alias and policy."""

from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.names import AwsScope, key_alias, to_wire


class EncryptionKeyArgs(TypedDict):
    """Arguments of :class:`EncryptionKey`."""

    scope: AwsScope
    purpose: str
    """Purpose of the key; part of its alias."""
    services: list[dict[str, Any]] | None
    """Statements for AWS services; ``None`` leaves the policy to a resource of the caller."""


class EncryptionKey(pulumi.ComponentResource):
    """A rotating symmetric KMS key (FSBP KMS.4) and its alias.

    Without ``services`` the key gets no policy here: a policy that names a resource which itself
    requires the key must be created after both.
    """

    arn: pulumi.Output[str]
    key_id: pulumi.Output[str]
    alias: str

    def __init__(
        self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the key and its alias."""
        super().__init__("mobileai:index:EncryptionKey", name, to_wire(args), opts)
        scope, services = args["scope"], args["services"]
        self.alias = key_alias(scope, args["purpose"])
        child = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key(
            name,
            description=f"Encrypts {args['purpose']} of the stack {scope['stack']}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=None if services is None else iam.key_policy(scope, *services),
            # Deleting the key makes everything encrypted with it unreadable.
            opts=pulumi.ResourceOptions(parent=self, protect=scope["protect"]),
        )
        aws.kms.Alias(name, name=self.alias, target_key_id=key.key_id, opts=child)
        self.arn, self.key_id = key.arn, key.key_id
        self.register_outputs({"arn": self.arn, "alias": self.alias})
