"""The section of the stack file about deployments: which model goes where, how fast."""

import itertools
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mobile_ai.contracts.models import DataTypeName, Mail
from mobile_ai.contracts.vocabulary import DeviceClass, PrivacyTier
from mobile_ai.stack.settings_types import (
    ManifestPath,
    Name,
    Region,
    Section,
    Sha256,
    Version,
)


class DataProcessing(Section):
    """Data that the application passes to the model."""

    privacy_tier: PrivacyTier = Field(description="Sensitivity of the data.")
    data_types: tuple[DataTypeName, ...] = Field(min_length=1, description="Kinds of data.")


class Replicas(Section):
    """Number of replicas at a site."""

    min: int = Field(ge=1, le=100, description="At least so many, also with no load.")
    max: int = Field(ge=1, le=100, description="At most so many.")

    @model_validator(mode="after")
    def _ordered(self) -> "Replicas":
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class OnDevicePlacement(Section):
    """The model runs on phones."""

    target: Literal["on-device"] = Field(description="`on-device`: phones run it.")
    variant: Name = Field(description="Artifact of the manifest.")
    device_class: DeviceClass = Field(description="Weakest phones that get it.")


class EdgePlacement(Section):
    """The model runs at a site."""

    target: Literal["edge"] = Field(description="`edge`: a site runs it.")
    variant: Name = Field(description="Artifact of the manifest.")
    site: Name = Field(description="One of `sites`.")
    replicas: Replicas = Field(description="Number of replicas.")
    cpu_millis: int = Field(default=500, ge=50, le=16_000, description="CPU of a copy, 1/1000.")
    memory_mb: int = Field(default=512, ge=128, le=65_536, description="Memory of a copy, MiB.")
    rate_per_second: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="Requests that a copy lets in; absent: four times the mean rate of `usage`.",
    )


class CloudPlacement(Section):
    """The model runs in a function, for low traffic."""

    target: Literal["cloud"] = Field(description="`cloud`: a function runs it.")
    variant: Name = Field(description="Artifact of the manifest.")
    region: Region = Field(description="Region of the function.")
    reserved_concurrency: int = Field(ge=1, le=1_000, description="Copies that may run at once.")
    memory_mb: int = Field(ge=256, le=10_240, description="Memory of a copy, MiB.")
    authorizer: Literal["jwt", "iam"] = Field(
        default="jwt", description="Authorized callers: tokens of `identity`, or AWS credentials."
    )
    rate_per_second: int = Field(
        default=50, ge=1, le=10_000, description="Requests that the API lets in."
    )
    architecture: Literal["amd64", "arm64"] = Field(
        default="arm64", description="Architecture of the image; arm64 costs less per GB-second."
    )


Placement = Annotated[
    OnDevicePlacement | EdgePlacement | CloudPlacement, Field(discriminator="target")
]
"""Place of a deployment, told apart by ``target``."""


class Ring(Section):
    """A share of the devices that gets a version together."""

    name: Name = Field(description="Name of the ring.")
    percent: float = Field(
        gt=0, le=100, description="Share of devices, this ring and all before it together."
    )
    soak_hours: int = Field(
        default=24, ge=0, le=720, description="Hours in the ring before the next may start."
    )


class Rollout(Section):
    """Progress of a version's rollout."""

    salt: str = Field(
        pattern=r"^[a-z0-9-]{4,64}$",
        description="Decides which devices fall in which ring; another salt, other devices.",
    )
    stage: Name = Field(description="The ring reached; one of `rings`.")
    halted: bool = Field(
        default=False,
        description="Stop on every device: it goes back to its embedded model or switches the "
        "feature off, as `fallback` of the manifest says.",
    )
    frozen: bool | None = Field(
        default=None,
        description="Let no further ring have the version; devices keep what they have.",
    )
    rings: tuple[Ring, ...] = Field(min_length=1, max_length=8, description="Rings, in order.")
    min_app_version: Version = Field(description="Oldest version of the application that gets it.")

    @model_validator(mode="after")
    def _consistent(self) -> "Rollout":
        names = [ring.name for ring in self.rings]
        percents = [ring.percent for ring in self.rings]
        if len(set(names)) != len(names):
            raise ValueError(f"ring names repeat: {names}")
        if any(later <= earlier for earlier, later in itertools.pairwise(percents)):
            raise ValueError(f"percent is cumulative and must rise from ring to ring: {percents}")
        if self.stage not in names:
            raise ValueError(f"stage {self.stage!r} is not one of the rings {names}")
        return self


class Usage(Section):
    """Usage that the cost estimate assumes; checked against signed measurements."""

    monthly_active_devices: int = Field(ge=0, description="Devices that ask at least once.")
    updates_per_month: float = Field(ge=0, le=100, description="New versions in a month.")
    requests_per_second: float = Field(
        ge=0, description="Mean rate of requests to edge and cloud placements together."
    )


class ModelPin(Section):
    """A version of a model, pinned by its manifest."""

    version: Version = Field(description="Version of the model.")
    manifest: ManifestPath = Field(description="Its manifest.")
    sha256: Sha256 = Field(description="SHA-256 of that file.")


class Deployment(Section):
    """One model in one application."""

    app: Name = Field(description="The application.")
    model: Name = Field(description="The model, as its manifest names it.")
    version: Version = Field(description="Version of the model.")
    manifest: ManifestPath = Field(description="Its manifest, below models/.")
    sha256: Sha256 = Field(description="SHA-256 of that file.")
    region: Region = Field(description="Region that the data count to.")
    data_processing: DataProcessing = Field(description="Data that the model gets.")
    placement: tuple[Placement, ...] = Field(min_length=1, description="Places where it runs.")
    rollout: Rollout = Field(description="Progress of the rollout.")
    usage: Usage = Field(description="Assumptions of the cost estimate.")
    previous: ModelPin | None = Field(
        default=None, description="The version to go back to; absent: the first one."
    )
    human_oversight: Mail = Field(description="Person who can halt the model (AI Act, Art. 14).")
    budget: Name = Field(description="One of `budgets`.")

    @property
    def name(self) -> str:
        """Name of the deployment, unique in the stack."""
        return f"{self.app}-{self.model}"

    @property
    def pin(self) -> ModelPin:
        """The version that runs in the rings reached."""
        return ModelPin(version=self.version, manifest=self.manifest, sha256=self.sha256)

    @property
    def pins(self) -> tuple[ModelPin, ...]:
        """The version, and the one to go back to if there is one."""
        return (self.pin,) if self.previous is None else (self.pin, self.previous)

    @property
    def on_device(self) -> tuple[OnDevicePlacement, ...]:
        """The placements on phones."""
        return tuple(item for item in self.placement if isinstance(item, OnDevicePlacement))

    @property
    def edge(self) -> tuple[EdgePlacement, ...]:
        """The placements at sites."""
        return tuple(item for item in self.placement if isinstance(item, EdgePlacement))

    @property
    def cloud(self) -> tuple[CloudPlacement, ...]:
        """The placements in functions."""
        return tuple(item for item in self.placement if isinstance(item, CloudPlacement))
