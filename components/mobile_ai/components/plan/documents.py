"""Governance documents that components carry for the rules, built from the settings."""

from typing import Any

from mobile_ai.components.aws.tags import kubernetes_labels
from mobile_ai.components.plan.deployment import MobileAIDeploymentArgs
from mobile_ai.components.plan.governance_context import GovernanceContextArgs
from mobile_ai.components.plan.model_version import ModelVersionArgs
from mobile_ai.stack.load import StackInputs
from mobile_ai.stack.records import ModelFiles
from mobile_ai.stack.settings import Settings
from mobile_ai.stack.settings_deployment import Deployment, EdgePlacement, Placement
from mobile_ai.stack.settings_platform import Images, Site


def context_document(inputs: StackInputs) -> GovernanceContextArgs:
    """Return the facts of a stack.

    ``releasedDigests`` claims nothing: a digest counts as released by the signed metadata in
    ``release``, which rules verify, never because a stack file says so.
    """
    settings = inputs.settings
    return {
        "stack": inputs.stack,
        "environment": settings.environment,
        "owner": settings.owner.to_plan(),
        "regions": list(settings.aws.allowed_regions),
        "sites": [_site(site) for site in settings.sites],
        "budgets": [budget.to_plan() for budget in settings.budgets],
        "images": image_references(settings.images),
        "records": [{"name": record.name, "text": record.text} for record in inputs.records],
        "releasedDigests": [],
        "release": [{"name": name, "text": text} for name, text in inputs.release.metadata.items()],
    }


def version_document(files: ModelFiles) -> ModelVersionArgs:
    """Return a model version, exactly as in Git."""
    return {
        "model": files.manifest.metadata.name,
        "version": files.manifest.metadata.version,
        "sha256": files.sha256,
        "manifest": files.text,
        "evidence": dict(files.evidence),
    }


def deployment_document(settings: Settings, deployment: Deployment) -> MobileAIDeploymentArgs:
    """Return the governance document of a deployment."""
    labels = kubernetes_labels(settings.owner, environment=settings.environment, app=deployment.app)
    return {
        "apiVersion": "mobile-ai/v1",
        "kind": "MobileAIDeployment",
        "metadata": {"name": deployment.name, "labels": labels},
        "spec": {
            "aiModel": _model(deployment),
            "dataProcessing": {
                **deployment.data_processing.to_plan(),
                "region": deployment.region,
            },
            "placement": [_placement(settings, item) for item in deployment.placement],
            "rollout": deployment.rollout.to_plan(),
            "usage": deployment.usage.to_plan(),
            "humanOversight": deployment.human_oversight,
            "budget": deployment.budget,
        },
    }


def image_references(images: Images) -> dict[str, str]:
    """Return every pinned image by purpose; a platform's image has a purpose of its own."""
    return {
        "edge": images.edge.index,
        "edgeAmd64": images.edge.amd64,
        "edgeArm64": images.edge.arm64,
        "mlflow": images.mlflow,
    }


def _site(site: Site) -> dict[str, Any]:
    """Return where a site is and what it costs; how it is reached is no rule's business."""
    return {key: value for key, value in site.to_plan().items() if key in _SITE_FIELDS}


def _model(deployment: Deployment) -> dict[str, Any]:
    model: dict[str, Any] = {
        "id": deployment.model,
        "version": deployment.version,
        "sha256": deployment.sha256,
    }
    if deployment.previous is not None:
        model["previous"] = {
            "version": deployment.previous.version,
            "sha256": deployment.previous.sha256,
        }
    return model


def _placement(settings: Settings, placement: Placement) -> dict[str, Any]:
    """Return a placement in the fields of the contract, with the region of its site."""
    value = placement.to_plan()
    if isinstance(placement, EdgePlacement):
        value["region"] = settings.site(placement.site).region
    return {key: value[key] for key in _PLACEMENT_FIELDS[placement.target]}


_SITE_FIELDS = frozenset(
    {
        "name",
        "kind",
        "region",
        "mode",
        "nodePriceUsdPerHour",
        "nodeCpu",
        "nodeMemoryGb",
        "storageUsdPerGbMonth",
    }
)
_PLACEMENT_FIELDS = {
    "on-device": ("target", "variant", "deviceClass"),
    "edge": ("target", "variant", "site", "region", "replicas"),
    "cloud": ("target", "variant", "region", "reservedConcurrency", "memoryMb"),
}
