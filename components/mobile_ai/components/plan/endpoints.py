"""Declares a deployment and its endpoints as one resource tree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.endpoints.cloud_endpoint import CloudInferenceEndpoint
from mobile_ai.components.endpoints.edge_endpoint import EdgeInferenceEndpoint
from mobile_ai.components.endpoints.edge_site import EdgeSite
from mobile_ai.components.plan.arguments import cloud_arguments, edge_arguments
from mobile_ai.components.plan.dependencies import after
from mobile_ai.components.plan.deployment import MobileAIDeployment
from mobile_ai.components.plan.documents import deployment_document
from mobile_ai.stack.load import StackInputs
from mobile_ai.stack.settings_deployment import Deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Shared dependencies of deployments.

    Attributes:
        versions: Every model version, all of which are registered before a deployment.
        sites: Provider and namespace component of every site.
        account: Provider of the AWS account.
        platform: Shared key and alarm topic.
        release_url: Base URL of the signed releases.
    """

    versions: Sequence[pulumi.Resource]
    sites: Mapping[str, tuple[k8s.Provider, EdgeSite]]
    account: aws.Provider
    platform: PlatformParts
    release_url: pulumi.Input[str]


def deploy(
    inputs: StackInputs, deployment: Deployment, around: Surroundings
) -> dict[str, pulumi.Input[str]]:
    """Declare a deployment and its endpoints; return the endpoint addresses.

    The deployment depends on every model version, so no version can be deployed that the gate has
    not verified.
    """
    parent = MobileAIDeployment(
        deployment.name,
        deployment_document(inputs.settings, deployment),
        pulumi.ResourceOptions(depends_on=after(*around.versions)),
    )
    addresses: dict[str, pulumi.Input[str]] = {}
    for edge in deployment.edge:
        provider, site = around.sites[edge.site]
        arguments = edge_arguments(
            inputs.settings, deployment, edge, release_url=around.release_url
        )
        EdgeInferenceEndpoint(
            f"{deployment.name}-{edge.site}",
            arguments,
            pulumi.ResourceOptions(parent=parent, providers=[provider], depends_on=[site]),
        )
        addresses[edge.site] = f"https://{arguments['host']}"
    for cloud in deployment.cloud:
        endpoint = CloudInferenceEndpoint(
            f"{deployment.name}-cloud",
            cloud_arguments(
                inputs,
                deployment,
                cloud,
                platform=around.platform,
                release_url=around.release_url,
            ),
            pulumi.ResourceOptions(parent=parent, providers=[around.account]),
        )
        addresses["cloud"] = endpoint.url
    return addresses
