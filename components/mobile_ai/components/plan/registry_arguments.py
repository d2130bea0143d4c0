"""Maps settings to the arguments of ``ModelRegistry``."""

from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.network.parts import NetworkParts
from mobile_ai.components.plan.arguments import arguments_of, aws_scope
from mobile_ai.components.registry.registry import FargateServer, RegistryArgs
from mobile_ai.stack.load import StackInputs
from mobile_ai.stack.settings_platform import ExternalRegistry


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
    image = settings.images.mlflow
    server = arguments_of(FargateServer, registry, network=network, image=image)
    return {**arguments, "fargate": server}
