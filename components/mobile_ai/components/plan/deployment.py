"""Deployment: the governance document of one model in one application."""

from typing import Any, TypedDict

import pulumi


class MobileAIDeploymentArgs(TypedDict):
    """The governance document, as built by ``mobile_ai.components.plan.documents``."""

    apiVersion: str
    """``mobile-ai/v1``."""
    kind: str
    """``MobileAIDeployment``."""
    metadata: dict[str, Any]
    """Name and cost labels."""
    spec: dict[str, Any]
    """Model, data processing, placement, rollout, usage, oversight and budget."""


class MobileAIDeployment(pulumi.ComponentResource):
    """Declares the deployment document; its endpoints are its children."""

    def __init__(
        self, name: str, args: MobileAIDeploymentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register the document as inputs and as outputs."""
        document = dict(args)
        super().__init__("mobileai:index:MobileAIDeployment", name, document, opts)
        self.register_outputs(document)
