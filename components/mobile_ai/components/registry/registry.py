"""Model registry: an external MLflow server, or one that the stack runs on Fargate."""

from typing import Final, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.bucket import LifecycleRule, PrivateBucket
from mobile_ai.components.aws.key import EncryptionKey
from mobile_ai.components.aws.names import (
    AwsScope,
    arn,
    boundary_arn,
    bucket_name,
    physical_name,
    to_wire,
)
from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.network.parts import NetworkParts
from mobile_ai.components.registry import plan
from mobile_ai.components.registry.balancer import RegistryBalancer
from mobile_ai.components.registry.database import RegistryDatabase
from mobile_ai.components.registry.network import RegistryGroups, registry_groups, secrets_endpoint
from mobile_ai.components.registry.secrets import RegistrySecrets
from mobile_ai.components.registry.server import RegistryServer

_KEEP_NONCURRENT_DAYS: Final = 365
_MONITORING_POLICY: Final = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"


class FargateServer(TypedDict):
    """Settings of an MLflow server on Fargate."""

    network: NetworkParts
    image: str
    """MLflow image, ``repository@sha256:…``."""
    domain: str
    certificate_arn: str
    tasks: int
    cpu: int
    memory_mb: int
    instance_class: str
    storage_gb: int
    multi_az: bool
    backup_retention_days: int


class RegistryArgs(TypedDict):
    """Arguments of :class:`ModelRegistry`: one of ``tracking_uri`` and ``fargate``."""

    scope: AwsScope
    platform: PlatformParts
    tracking_uri: str | None
    """Address of an external registry."""
    fargate: FargateServer | None
    artifact_bucket: str | None
    """Bucket to use instead of a new one."""
    image_repository: str | None
    """ECR repository to use instead of a new one."""


class ModelRegistry(pulumi.ComponentResource):
    """Image repository, and with ``fargate`` an MLflow server: database, artifacts, balancer.

    The server is reachable only inside the network, on one domain. It requires authentication and
    reads its secrets at startup.
    """

    tracking_uri: str
    repository: str
    client_security_group_id: pulumi.Output[str] | None

    def __init__(
        self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the registry, or use the external one.

        Raises:
            ValueError: If not exactly one registry is given.
        """
        super().__init__("mobileai:index:ModelRegistry", name, to_wire(args), opts)
        scope, fargate, uri = args["scope"], args["fargate"], args["tracking_uri"]
        child = pulumi.ResourceOptions(parent=self)
        self.repository = args["image_repository"] or physical_name(scope, "images")
        if (fargate is None) == (uri is None):
            raise ValueError("registry: expected exactly one of 'tracking_uri' and 'fargate'")
        self.tracking_uri, self.client_security_group_id = uri or "", None
        if fargate is not None or args["image_repository"] is None:
            key = EncryptionKey(
                name, {"scope": scope, "purpose": "registry", "services": []}, child
            )
            if args["image_repository"] is None:
                _repository(name, scope, key, child)
            if fargate is not None:
                self.tracking_uri = f"https://{fargate['domain']}"
                groups = self._server(name, args, fargate, key)
                self.client_security_group_id = groups.client.id
        self.register_outputs({"trackingUri": self.tracking_uri, "repository": self.repository})

    def _server(
        self, name: str, args: RegistryArgs, fargate: FargateServer, key: EncryptionKey
    ) -> RegistryGroups:
        scope, platform, network = args["scope"], args["platform"], fargate["network"]
        child = pulumi.ResourceOptions(parent=self)
        artifacts = args["artifact_bucket"] or bucket_name(scope, "registry")
        if args["artifact_bucket"] is None:
            _artifacts(name, args, artifacts, key, child)
        groups = registry_groups(name, scope=scope, vpc_id=network["vpc_id"], opts=child)
        database = self._database(name, args, fargate, key, groups)
        balancer = RegistryBalancer(
            name,
            {
                "scope": scope,
                "platform": platform,
                "network": network,
                "security_group_id": groups.balancer.id,
                "domain": fargate["domain"],
                "certificate_arn": fargate["certificate_arn"],
            },
            child,
        )
        secrets = self._secrets(name, args, fargate, key, groups)
        RegistryServer(
            name,
            {
                "scope": scope,
                "platform": platform,
                "network": network,
                "key_alias": key.alias,
                "security_group_id": groups.server.id,
                # Depends on the listener: ECS rejects a service whose target group has none.
                "target_group_arn": balancer.listener.arn.apply(
                    lambda _: balancer.target_group.arn
                ),
                "image": fargate["image"],
                "repository": plan.repository_name(fargate["image"]),
                "artifacts": artifacts,
                "domain": fargate["domain"],
                "tasks": fargate["tasks"],
                "cpu": fargate["cpu"],
                "memory_mb": fargate["memory_mb"],
            },
            pulumi.ResourceOptions(parent=self, depends_on=[database, secrets]),
        )
        return groups

    def _secrets(
        self,
        name: str,
        args: RegistryArgs,
        fargate: FargateServer,
        key: EncryptionKey,
        groups: RegistryGroups,
    ) -> RegistrySecrets:
        scope, network = args["scope"], fargate["network"]
        child = pulumi.ResourceOptions(parent=self)
        if network["assign_public_ip"]:
            secrets_endpoint(name, scope=scope, network=network, groups=groups, opts=child)
        return RegistrySecrets(
            name,
            {
                "scope": scope,
                "platform": args["platform"],
                "key_arn": key.arn,
                "key_alias": key.alias,
                "subnet_ids": network["app_subnet_ids"],
                "security_group_id": groups.client.id,
                "domain": fargate["domain"],
            },
            child,
        )

    def _database(
        self,
        name: str,
        args: RegistryArgs,
        fargate: FargateServer,
        key: EncryptionKey,
        groups: RegistryGroups,
    ) -> RegistryDatabase:
        scope, child = args["scope"], pulumi.ResourceOptions(parent=self)
        monitoring = aws.iam.Role(
            f"{name}-monitoring",
            name=physical_name(scope, "registry-monitoring"),
            assume_role_policy=iam.trust(
                "monitoring.rds.amazonaws.com",
                scope,
                source_arn=arn(scope, "rds", f"db:{physical_name(scope, 'registry')}"),
            ),
            managed_policy_arns=[_MONITORING_POLICY],
            permissions_boundary=boundary_arn(scope),
            opts=child,
        )
        return RegistryDatabase(
            name,
            {
                "scope": scope,
                "platform": args["platform"],
                "key_arn": key.arn,
                "subnet_ids": fargate["network"]["data_subnet_ids"],
                "security_group_id": groups.database.id,
                "monitoring_role_arn": monitoring.arn,
                "instance_class": fargate["instance_class"],
                "storage_gb": fargate["storage_gb"],
                "multi_az": fargate["multi_az"],
                "backup_retention_days": fargate["backup_retention_days"],
            },
            child,
        )


def _repository(
    name: str, scope: AwsScope, key: EncryptionKey, opts: pulumi.ResourceOptions
) -> None:
    repository = aws.ecr.Repository(
        name,
        name=physical_name(scope, "images"),
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration={"scan_on_push": True},
        encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
        force_delete=not scope["protect"],
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=scope["protect"])),
    )
    aws.ecr.LifecyclePolicy(
        name, repository=repository.name, policy=plan.image_lifecycle(), opts=opts
    )
    aws.ecr.RepositoryPolicy(
        name, repository=repository.name, policy=plan.image_policy(scope), opts=opts
    )


def _artifacts(
    name: str,
    args: RegistryArgs,
    bucket: str,
    key: EncryptionKey,
    opts: pulumi.ResourceOptions,
) -> None:
    old_versions: LifecycleRule = {
        "id": "expire-old-versions",
        "prefix": "",
        "expire_days": None,
        "expire_noncurrent_days": _KEEP_NONCURRENT_DAYS,
    }
    PrivateBucket(
        f"{name}-artifacts",
        {
            "bucket": bucket,
            "kms_key_arn": key.arn,
            "log_bucket": args["platform"]["log_bucket"],
            "lifecycle": [old_versions],
            "protect": args["scope"]["protect"],
        },
        opts,
    )
