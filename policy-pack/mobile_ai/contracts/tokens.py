"""Resource type tokens that rules refer to; tokens may change with major provider versions."""

from __future__ import annotations

from typing import Final

CONTEXT: Final = "mobileai:index:GovernanceContext"
"""Carries the stack's declarations to the rules."""
MODEL_VERSION: Final = "mobileai:index:ModelVersion"
"""Carries a manifest and its evidence to the rules."""
DEPLOYED: Final = "mobileai:index:Deployed"
"""Carries the baseline: the models deployed before."""
DEPLOYMENT: Final = "mobileai:index:MobileAIDeployment"
"""Governance document of one deployment."""
EDGE_ENDPOINT: Final = "mobileai:index:EdgeInferenceEndpoint"
"""Endpoint of a deployment at an edge site."""
CLOUD_ENDPOINT: Final = "mobileai:index:CloudInferenceEndpoint"
"""Endpoint of a deployment in the cloud."""
EDGE_SITE: Final = "mobileai:index:EdgeSite"
"""Edge site: namespace, quotas and policies."""
MODEL_DELIVERY: Final = "mobileai:index:ModelDelivery"
"""Delivery of releases to devices."""
TELEMETRY: Final = "mobileai:index:Telemetry"
"""Ingestion, storage and queries of telemetry."""
STACK: Final = "pulumi:pulumi:Stack"
"""The stack itself."""

MODEL_COMPONENTS: Final = frozenset({DEPLOYMENT, EDGE_ENDPOINT, CLOUD_ENDPOINT})
"""Components whose workloads run a model and must carry its digest."""

FUNCTION: Final = "aws:lambda/function:Function"
"""A Lambda function."""
TASK_DEFINITION: Final = "aws:ecs/taskDefinition:TaskDefinition"
"""A task of a container cluster."""
DELIVERY_OBJECTS: Final = (
    "aws:s3/bucketObject:BucketObject",
    "aws:s3/bucketObjectv2:BucketObjectv2",
)
"""Objects of a bucket."""

_TEMPLATE: Final = ("spec", "template", "spec")
_POD_PATHS: Final = {
    "kubernetes:apps/v1:DaemonSet": _TEMPLATE,
    "kubernetes:apps/v1:Deployment": _TEMPLATE,
    "kubernetes:apps/v1:ReplicaSet": _TEMPLATE,
    "kubernetes:apps/v1:StatefulSet": _TEMPLATE,
    "kubernetes:batch/v1:CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "kubernetes:batch/v1:Job": _TEMPLATE,
    "kubernetes:core/v1:Pod": ("spec",),
    "kubernetes:core/v1:ReplicationController": _TEMPLATE,
}
KUBERNETES_WORKLOADS: Final = tuple(_POD_PATHS)
"""Kubernetes kinds that run pods."""


def pod_path(resource_type: str) -> tuple[str, ...]:
    """Return the path of the pod specification in a workload of this type.

    Raises:
        KeyError: If the type is not one of ``KUBERNETES_WORKLOADS``.
    """
    return _POD_PATHS[resource_type]
