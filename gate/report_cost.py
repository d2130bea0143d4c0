"""The part of a report that is about money: a month of what is planned, of what is deployed."""

from typing import Literal

from pydantic import Field

from gate.part import Count, Part, Usd

__all__ = ["Actuals", "BudgetCost", "Cost", "NamedCost", "ResourceCost", "TotalCost", "UnknownCost"]


class TotalCost(Part):
    """A sum of a month; what has no price is not in it and counted beside it."""

    low: Usd
    typical: Usd
    high: Usd
    unknown: Count = Field(description="Lines without a price or usage: in no sum.")
    ceiling: Usd | None = Field(
        default=None, description="What those surely do not exceed; null if nobody knows."
    )


class NamedCost(TotalCost):
    """The part of a deployment, of a tag's value; the empty name holds what all share."""

    name: str
    prior: Usd | None = Field(default=None, description="Typical, before; null if not known.")
    delta: Usd | None = Field(default=None, description="Typical, what the change adds.")


class ResourceCost(NamedCost):
    """One resource."""

    urn: str
    type: str


class BudgetCost(NamedCost):
    """One budget and what the estimate means to it."""

    scope: str
    kind: str
    limit: Usd
    allowed: Usd = Field(description="The limit, or what a signed exception raises it to.")
    outcome: Literal["pass", "warn", "deny"]
    reasons: tuple[str, ...]
    spent: Usd | None = Field(default=None, description="This month, as billed so far.")
    forecast: Usd | None = Field(default=None, description="At the end of this month.")

    @property
    def share(self) -> float:
        """What part of the limit the typical month takes."""
        limit = float(self.limit)
        return float(self.typical) / limit if limit else 1.0


class UnknownCost(Part):
    """A line without a price or usage: in no sum, and never counted as free."""

    resource: str
    item: str
    reason: str
    ceiling: Usd | None


class Actuals(Part):
    """What was billed this month, as far as a file told."""

    month: str = Field(description="YYYY-MM.")
    day: Count = Field(description="Days of it that are over.")
    days: Count = Field(description="Days that it has.")
    untagged: Usd = Field(description="Without this stack's cost tags: in no budget.")


class Cost(Part):
    """What a month costs, by the price catalogue of the pack."""

    estimated: bool
    unpriced: Count = Field(description="Resources without a price: never counted as free.")
    reason: str = Field(default="", description="Why there is no estimate.")
    currency: str = "USD"
    prices: str = Field(default="", description="Day of the price catalogue.")
    prices_sha256: str = ""
    against: str = Field(default="", description="What prior figures are of; empty for nothing.")
    proposed: TotalCost | None = None
    prior: TotalCost | None = None
    delta: Usd | None = None
    budgets: tuple[BudgetCost, ...] = ()
    deployments: tuple[NamedCost, ...] = ()
    tags: dict[str, tuple[NamedCost, ...]] = Field(default={}, description="By a tag's values.")
    resources: tuple[ResourceCost, ...] = Field(
        default=(), description="What is not free or has changed, the dearest first."
    )
    unknowns: tuple[UnknownCost, ...] = ()
    actuals: Actuals | None = None
