"""Model version in the plan: manifest and evidence as text."""

from typing import TypedDict

import pulumi


class ModelVersionArgs(TypedDict):
    """The pinned manifest and evidence, byte for byte as in Git.

    They are passed as text, because the engine converts numbers to floats, and hashed contents must
    keep their bytes.
    """

    model: str
    """Name of the model."""
    version: str
    """Its version."""
    sha256: str
    """The pin: SHA-256 of the manifest's text."""
    manifest: str
    """The manifest."""
    evidence: dict[str, str]
    """Each piece of evidence by kind."""


class ModelVersion(pulumi.ComponentResource):
    """Carries a model version in the plan and in the state; creates no cloud resource."""

    def __init__(
        self, name: str, args: ModelVersionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register the version as inputs and as outputs."""
        version = dict(args)
        super().__init__("mobileai:index:ModelVersion", name, version, opts)
        self.register_outputs(version)
