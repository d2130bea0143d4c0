"""Cost section of a report: monthly cost of the plan and of its comparison."""

from typing import Literal

from pydantic import Field

from mobile_ai.gate.report.report_base import Count, Part, Usd

__all__ = [
    "Actuals",
    "BudgetCost",
    "CostReport",
    "NamedCost",
    "ResourceCost",
    "TotalCost",
    "UnknownCost",
]


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
    actuals: Actuals | None = None
