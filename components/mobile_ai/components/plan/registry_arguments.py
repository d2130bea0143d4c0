"""Maps settings to the arguments of ``ModelRegistry``."""

from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.network.parts import NetworkParts
from mobile_ai.components.plan.arguments import aws_scope
from mobile_ai.components.registry.registry import FargateServer, RegistryArgs
from mobile_ai.stack.load import StackInputs
from mobile_ai.stack.settings_platform import ExternalRegistry, FargateRegistry

__all__ = ["registry_arguments"]


def registry_arguments(
    inputs: StackInputs, *, platform: PlatformParts, network: NetworkParts
) -> RegistryArgs:
    """Return the arguments of ``ModelRegistry``."""
    settings = inputs.settings
    registry = settings.registry
    arguments: RegistryArgs = {
        "scope": aws_scope(inputs),
        "platform": platform,
        "tracking_uri": None,
        "fargate": None,
        "artifact_bucket": settings.existing.artifact_bucket,
        "image_repository": settings.existing.image_repository,
    }
    if isinstance(registry, ExternalRegistry):
        return {**arguments, "tracking_uri": registry.tracking_uri}
    return {**arguments, "fargate": _server(registry, settings.images.mlflow, network)}


def _server(registry: FargateRegistry, image: str, network: NetworkParts) -> FargateServer:
    return {
        "network": network,
        "image": image,
        "domain": registry.domain,
        "certificate_arn": registry.certificate_arn,
        "tasks": registry.tasks,
        "cpu": registry.cpu,
        "memory_mb": registry.memory_mb,
        "instance_class": registry.instance_class,
        "storage_gb": registry.storage_gb,
        "multi_az": registry.multi_az,
        "backup_retention_days": registry.backup_retention_days,
    }
