"""Maps validated settings to component arguments."""

import math
from pathlib import PurePosixPath
from typing import Final, TypeVar, cast

import pulumi

from mobile_ai.components.aws.cost_tags import CostTagsArgs
from mobile_ai.components.aws.names import AwsScope
from mobile_ai.components.aws.platform import PlatformArgs, PlatformParts
from mobile_ai.components.aws.tags import aws_tags, kubernetes_labels
from mobile_ai.components.endpoints.cloud_endpoint import CloudInferenceEndpointArgs, TokenIssuer
from mobile_ai.components.endpoints.edge_endpoint import Canary, EdgeInferenceEndpointArgs
from mobile_ai.components.endpoints.edge_site import EdgeSiteArgs
from mobile_ai.components.network.network import ExistingVpc, ManagedVpc, NetworkArgs
from mobile_ai.stack.load import StackInputs
from mobile_ai.stack.settings import Settings
from mobile_ai.stack.settings_deployment import CloudPlacement, Deployment, EdgePlacement, Rollout
from mobile_ai.stack.settings_platform import ExistingNetwork, Site
from mobile_ai.stack.settings_types import Section

Args = TypeVar("Args")
_PEAK: Final = 4  # peak-to-mean factor: a busy hour served by a single replica


def arguments_of(kind: type[Args], section: Section, **more: object) -> Args:
    """Return the arguments that a section of the stack file has fields for, and others.

    Args:
        kind: The typed dictionary of the arguments.
        section: Its fields become the arguments of the same names.
        more: Arguments that are not in the section.

    Raises:
        TypeError: If an argument is left without a value.
    """
    fields = section.model_dump(mode="json", include=set(kind.__annotations__)) | more
    if fields.keys() != kind.__annotations__.keys():
        raise TypeError(f"{kind.__name__}: got {sorted(fields)}")
    return cast("Args", fields)


def aws_scope(inputs: StackInputs) -> AwsScope:
    """Return the account, region and protection of the stack's AWS resources."""
    settings = inputs.settings
    return {
        "stack": inputs.stack,
        "account_id": settings.aws.account_id,
        "region": settings.region,
        "protect": settings.protect,
    }


def platform_arguments(inputs: StackInputs) -> PlatformArgs:
    """Return the arguments of ``Platform``."""
    return {
        "scope": aws_scope(inputs),
        "log_retention_days": inputs.settings.delivery.log_retention_days,
        "notify": list(inputs.settings.telemetry.notify),
    }


def network_arguments(inputs: StackInputs) -> NetworkArgs:
    """Return the arguments of ``Network``."""
    network = inputs.settings.network
    arguments: NetworkArgs = {"scope": aws_scope(inputs), "existing": None, "managed": None}
    if isinstance(network, ExistingNetwork):
        return {**arguments, "existing": arguments_of(ExistingVpc, network)}
    return {**arguments, "managed": arguments_of(ManagedVpc, network)}


def tag_arguments(settings: Settings) -> CostTagsArgs:
    """Return the arguments of ``CostTags``."""
    return {
        "account_id": settings.aws.account_id,
        "region": settings.region,
        "tags": aws_tags(settings.owner, environment=settings.environment),
        "allocation": settings.cost.allocation_tags,
    }


def site_bundle(stack: str, site: str) -> str:
    """Return the folder that the objects of a ``pull`` site are rendered into."""
    return str(PurePosixPath("build", "sites", stack, site))


def site_arguments(settings: Settings, site: Site) -> EdgeSiteArgs:
    """Return the arguments of ``EdgeSite``."""
    return {
        "site": site.name,
        "region": site.region,
        "namespace": site.namespace,
        "quota": site.quota.model_dump(mode="json"),
        "gateway": site.gateway.model_dump(mode="json"),
        "labels": kubernetes_labels(settings.owner, environment=settings.environment),
    }


def edge_arguments(
    settings: Settings,
    deployment: Deployment,
    placement: EdgePlacement,
    *,
    release_url: pulumi.Input[str],
) -> EdgeInferenceEndpointArgs:
    """Return the arguments of ``EdgeInferenceEndpoint``."""
    site = settings.site(placement.site)
    stable, canary = rings(deployment.rollout)
    arguments: EdgeInferenceEndpointArgs = {
        "app": deployment.app,
        "model": deployment.model,
        "manifest_sha256": deployment.sha256,
        "variant": placement.variant,
        "image": settings.images.edge.index,
        "site": site.name,
        "region": site.region,
        "namespace": site.namespace,
        "host": f"{deployment.app}.{site.gateway.domain}",
        "gateway_namespace": site.gateway.namespace,
        "release_url": release_url,
        "ring": stable,
        "replicas": placement.replicas.model_dump(mode="json"),
        "cpu_millis": placement.cpu_millis,
        "memory_mb": placement.memory_mb,
        "rate_per_second": placement.rate_per_second or _usual_rate(deployment),
        "labels": kubernetes_labels(
            settings.owner, environment=settings.environment, app=deployment.app
        ),
    }
    if canary is not None:
        arguments["canary"] = canary
    if site.cache is not None:
        arguments["cache"] = site.cache.model_dump(mode="json")
    return arguments


def _usual_rate(deployment: Deployment) -> int:
    """Return the default rate limit of a replica, in requests per second.

    It is the declared mean times the peak factor. The cost estimate, and with it the budget, is
    computed from the same mean.
    """
    return max(1, math.ceil(_PEAK * deployment.usage.requests_per_second))


def rings(rollout: Rollout) -> tuple[str, Canary | None]:
    """Return the ring of the stable pods, and the ring and traffic weight of the canary pods.

    Canary pods subscribe to the first ring and stable pods to the last, so each receives a version
    when its ring does. A halted rollout sends no traffic to the canary.
    """
    first, last = rollout.rings[0], rollout.rings[-1]
    if first is last:
        return last.name, None
    weight = 0 if rollout.halted else max(1, round(first.percent))
    return last.name, {"ring": first.name, "weight": weight}


def cloud_arguments(
    inputs: StackInputs,
    deployment: Deployment,
    placement: CloudPlacement,
    *,
    platform: PlatformParts,
    release_url: pulumi.Input[str],
) -> CloudInferenceEndpointArgs:
    """Return the arguments of ``CloudInferenceEndpoint``."""
    settings = inputs.settings
    arguments: CloudInferenceEndpointArgs = {
        "scope": aws_scope(inputs),
        "platform": platform,
        "app": deployment.app,
        "model": deployment.model,
        "manifest_sha256": deployment.sha256,
        "variant": placement.variant,
        "image": getattr(settings.images.edge, placement.architecture),
        "architecture": placement.architecture,
        "release_url": release_url,
        "ring": deployment.rollout.rings[-1].name,
        "memory_mb": placement.memory_mb,
        "reserved_concurrency": placement.reserved_concurrency,
        "rate_per_second": placement.rate_per_second,
    }
    if placement.authorizer == "jwt":
        arguments["tokens"] = arguments_of(TokenIssuer, settings.identity)
    return arguments
