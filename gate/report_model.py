"""The part of a report that is about models: what a new version does better and worse."""

from pydantic import Field

from gate.part import Count, Part

__all__ = ["Figure", "ModelChange", "Rollout", "VariantChange"]


class Figure(Part):
    """One measured figure of two versions."""

    name: str
    unit: str = ""
    prior: float | None = None
    proposed: float | None = None
    better: str = Field(description="`higher` or `lower`: which way is better.")
    note: str = Field(default="", description="Why a difference decides nothing; empty if it does.")

    @property
    def worse(self) -> bool:
        """Whether the new version is worse in it."""
        if self.note or self.prior is None or self.proposed is None:
            return False
        higher = self.better == "higher"
        return self.proposed < self.prior if higher else self.proposed > self.prior


class VariantChange(Part):
    """One variant that is placed somewhere, in both versions."""

    variant: str
    targets: tuple[str, ...]
    figures: tuple[Figure, ...]


class Rollout(Part):
    """How far a version may go."""

    stage: str
    percent: float
    halted: bool
    devices: Count = Field(description="Of the declared ones, those that the stage reaches.")
    rings: tuple[str, ...] = Field(description="Name and percent of every ring, in order.")
    prior_stage: str = ""


class ModelChange(Part):
    """What a deployment will run, against what it runs or can go back to."""

    deployment: str
    model: str
    version: str
    prior_version: str = Field(description="Empty if there is none to compare with.")
    deployed: bool = Field(description="Whether the prior version is the deployed one.")
    variants: tuple[VariantChange, ...]
    rollout: Rollout
