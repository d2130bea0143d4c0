"""Model section of a report: comparison of model versions."""

from pydantic import Field

from mobile_ai.gate.report.report_base import Count, Part

__all__ = ["Figure", "ModelChange", "RolloutReport", "VariantChange"]


class Figure(Part):
    """One measured figure of two versions."""

    name: str
    unit: str = ""
    prior: float | None = None
    proposed: float | None = None
    better: str = Field(description="Better direction: `higher` or `lower`.")
    note: str = Field(
        default="", description="Reason that a difference is insignificant; empty if it is not."
    )

    @property
    def worse(self) -> bool:
        """True if the new version is worse."""
        if self.note or self.prior is None or self.proposed is None:
            return False
        higher = self.better == "higher"
        return self.proposed < self.prior if higher else self.proposed > self.prior


class VariantChange(Part):
    """One placed variant, in both versions."""

    variant: str
    targets: tuple[str, ...]
    figures: tuple[Figure, ...]


class RolloutReport(Part):
    """Rollout stage of a version, and the devices that it reaches."""

    stage: str
    percent: float
    halted: bool
    devices: Count = Field(description="Declared devices that the stage reaches.")
    rings: tuple[str, ...] = Field(description="Name and percent of every ring, in order.")
    prior_stage: str = ""


class ModelChange(Part):
    """Model version that a deployment will run, compared with the deployed or rollback version."""

    deployment: str
    model: str
    version: str
    prior_version: str = Field(description="Empty without a version to compare with.")
    deployed: bool = Field(description="Whether the prior version is the deployed one.")
    variants: tuple[VariantChange, ...]
    rollout: RolloutReport
