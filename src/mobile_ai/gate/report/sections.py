"""Sections of a report: cost, model changes and providers.

Every part is frozen, strict about fields, and camelCase in JSON.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Count = Annotated[int, Field(ge=0)]
"""Number of things, from 0."""
Usd = Annotated[str, Field(pattern=r"^-?\d+\.\d{2}$", description="US dollars, to the cent.")]
"""Amount as text, so that no reader makes it a binary floating-point number."""


class Part(BaseModel):
    """A part of a report."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )


class TotalCost(Part):
    """A monthly total; unpriced lines are excluded and counted separately."""

    low: Usd
    typical: Usd
    high: Usd
    unknown: Count = Field(description="Lines without a price or usage, excluded from totals.")
    ceiling: Usd | None = Field(
        default=None, description="Upper bound of the unpriced lines; null if there is none."
    )


class NamedCost(TotalCost):
    """Cost of a deployment or of a tag's value; the empty name holds shared costs."""

    name: str
    prior: Usd | None = Field(default=None, description="Typical cost before; null if not known.")
    delta: Usd | None = Field(default=None, description="Change of the typical cost.")


class ResourceCost(NamedCost):
    """Cost of one resource."""

    urn: str
    type: str


class BudgetCost(NamedCost):
    """One budget, evaluated against the estimate."""

    scope: str
    kind: str
    limit: Usd
    allowed: Usd = Field(description="The limit, or that of a signed exception.")
    outcome: Literal["pass", "warn", "deny"]
    reasons: tuple[str, ...]
    spent: Usd | None = Field(default=None, description="Charges of this month so far.")
    forecast: Usd | None = Field(default=None, description="Forecast for the end of this month.")

    @property
    def share(self) -> float:
        """Share of the limit that a typical month uses."""
        limit = float(self.limit)
        return float(self.typical) / limit if limit else 1.0


class UnknownCost(Part):
    """A line without a price or usage: excluded from totals, never counted as free."""

    resource: str
    item: str
    reason: str
    ceiling: Usd | None


class Actuals(Part):
    """Charges of this month, according to a FOCUS file."""

    month: str = Field(description="YYYY-MM.")
    day: Count = Field(description="Elapsed days.")
    days: Count = Field(description="Days of the month.")
    untagged: Usd = Field(
        description="Charges without this stack's cost tags, excluded from budgets."
    )


class CostReport(Part):
    """Monthly cost, by the price catalogue of the pack."""

    estimated: bool
    unpriced: Count = Field(description="Resources without a price: never counted as free.")
    reason: str = Field(default="", description="Reason for a missing estimate.")
    currency: str = "USD"
    prices: str = Field(default="", description="Date of the price catalogue.")
    prices_sha256: str = ""
    against: str = Field(
        default="", description="Display name of the prior figures; empty for none."
    )
    proposed: TotalCost | None = None
    prior: TotalCost | None = None
    delta: Usd | None = None
    budgets: tuple[BudgetCost, ...] = ()
    deployments: tuple[NamedCost, ...] = ()
    tags: dict[str, tuple[NamedCost, ...]] = Field(
        default={}, description="Costs by tag and value."
    )
    resources: tuple[ResourceCost, ...] = Field(
        default=(), description="Resources with a cost or a change, highest cost first."
    )
    unknowns: tuple[UnknownCost, ...] = ()
    declared: tuple[str, ...] = Field(
        default=(), description="Prices that the pack's owners declare, with who and where from."
    )
    actuals: Actuals | None = None


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


class ProviderReport(Part):
    """One provider of the plan."""

    name: str = Field(description="Name in type tokens: aws, kubernetes.")
    kind: Literal["official", "stand-in"]
    checked_against: str = Field(
        default="", description="Schemas, models or types that a stand-in checks inputs against."
    )
    inputs: Count = Field(default=0, description="Values set by the program, if counted.")
    checked: Count = Field(default=0, description="Inputs covered by a schema or model.")
    unknown: Count = Field(default=0, description="Values known only after deployment.")
    uncovered: tuple[str, ...] = Field(
        default=(), description="Properties, by type, that no schema and no model describes."
    )
