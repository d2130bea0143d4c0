"""Compares an estimate with budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

from mobile_ai.contracts.records import Records
from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.pricing.estimate import CostEstimate, Total
from mobile_ai.pricing.values import ZERO, cents, decimal_of, text

BudgetOutcome = Literal["pass", "warn", "deny"]
"""Result of comparing a budget with the estimate."""
_NAMED: Final = 3  # unknown lines that a reason names
_ORDER: Final[tuple[BudgetOutcome, ...]] = ("pass", "warn", "deny")


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLimits:
    """Thresholds of the budget check, from the pack's config.

    Attributes:
        high_factor: A high figure above this times the limit needs an exception.
        warn_share: A soft budget warns above this share.
        increase_usd: The most that one change may add to a budget; ``None``: no cap.
    """

    high_factor: Decimal = Decimal("1.2")
    warn_share: Decimal = Decimal("0.8")
    increase_usd: Decimal | None = None

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> BudgetLimits:
        """Return the limits in the parameters of the rule `budgets-hold`."""
        cap = Decimal(str(parameters["maximumIncreaseUsd"]))
        return cls(
            high_factor=Decimal(str(parameters["highFactor"])),
            warn_share=Decimal(str(parameters["warnShare"])),
            increase_usd=cap if cap >= 0 else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Cost of what was deployed before the change.

    Attributes:
        known: Whether there is a baseline.
        costs: Typical USD a month by `budget_key`; empty if it could not be priced; ``None`` if
            nothing was deployed, so that there is no increase.
    """

    known: bool
    costs: Mapping[str, Decimal] | None = None

    @classmethod
    def unknown(cls) -> Prior:
        """Return the prior cost without a baseline."""
        return cls(known=False)

    @classmethod
    def told(cls, costs: Mapping[str, str] | None) -> Prior:
        """Return the prior cost from a baseline: amounts as text, ``None`` if none was deployed."""
        if costs is None:
            return cls(known=True)
        amounts = {name: decimal_of(text, what=f"{name} before") for name, text in costs.items()}
        return cls(known=True, costs=amounts)

    def of(self, key: str) -> Decimal | None:
        """Return the amount of a `budget_key`, ``None`` if unknown.

        A key without deployed resources has a prior cost of 0.
        """
        return self.costs.get(key, ZERO) if self.costs else None


def budget_key(scope: str, name: str) -> str:
    """Return the key of the resources that a budget covers (see ``CostEstimate.of_budget``).

    >>> budget_key("app:field", "a"), budget_key("stack", "b"), budget_key("deployments", "c")
    ('app:field', 'stack', 'budget:c')
    """
    return scope if scope == "stack" or scope.startswith("app:") else f"budget:{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetVerdict:
    """The result of comparing an estimate with one budget.

    Attributes:
        name: The budget.
        scope: Deployments that it covers (see ``CostEstimate.of_budget``).
        kind: ``hard`` or ``soft``.
        limit: Monthly limit, USD.
        allowed: The limit, or the amount that a signed exception allows if that is higher.
        total: Estimated cost of the plan.
        prior: Typical cost before the change; ``None`` if unknown.
        outcome: The most severe outcome of the reasons.
        reasons: One sentence for each exceeded threshold.
    """

    name: str
    scope: str
    kind: str
    limit: Decimal
    allowed: Decimal
    total: Total
    prior: Decimal | None
    outcome: BudgetOutcome
    reasons: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "name": self.name,
            "scope": self.scope,
            "kind": self.kind,
            "limit": str(cents(self.limit)),
            "allowed": str(cents(self.allowed)),
            "total": self.total.to_dict(),
            "prior": None if self.prior is None else str(cents(self.prior)),
            "delta": None
            if self.prior is None
            else str(cents(self.total.amount.typical - self.prior)),
            "outcome": self.outcome,
            "reasons": list(self.reasons),
        }


def judge_budgets(
    estimate: CostEstimate,
    budgets: Sequence[Mapping[str, Any]],
    *,
    limits: BudgetLimits,
    exceptions: Mapping[str, Decimal] | None = None,
    prior: Prior | None = None,
) -> list[BudgetVerdict]:
    """Return a verdict for every budget.

    Args:
        estimate: Estimated cost of the plan.
        budgets: Budgets with name, scope, monthlyUsd and kind.
        limits: Thresholds.
        exceptions: Amount that a signed and unexpired exception allows, by budget.
        prior: Cost before the change; ``None`` if unknown.

    Raises:
        CostError: If a limit is not a number in range.
    """
    before = prior or Prior.unknown()
    return [
        _judge(estimate, item, limits, (exceptions or {}).get(_name(item)), before)
        for item in budgets
    ]


def costs_by_budget(estimate: CostEstimate) -> dict[str, str]:
    """Return the typical monthly cost, USD as text, of every `budget_key` with deployments."""
    deployments = estimate.plan.by_type[DEPLOYMENT]
    apps = {estimate.plan.tags[item.urn].get("app", "") for item in deployments}
    names = {text(item.props, "spec", "budget") for item in deployments}
    scopes = [
        ("stack", ""),
        *((f"app:{app}", "") for app in sorted(apps)),
        *(("deployments", name) for name in sorted(names)),
    ]
    return {
        budget_key(*scope): f"{estimate.of_budget(*scope).amount.typical:f}" for scope in scopes
    }


def exceptions_of(records: Records, *, stack: str, now: datetime) -> dict[str, Decimal]:
    """Return the amounts that signed, unexpired exceptions allow a stack, by budget."""
    allowed: dict[str, Decimal] = {}
    for record in records.exceptions:
        said = record.content
        if said.stack == stack and said.counts(now):
            limit = decimal_of(said.monthly_usd, what=f"{record.name} monthlyUsd")
            allowed[said.budget] = max(limit, allowed.get(said.budget, ZERO))
    return allowed


def _judge(
    estimate: CostEstimate,
    budget: Mapping[str, Any],
    limits: BudgetLimits,
    exception: Decimal | None,
    prior: Prior,
) -> BudgetVerdict:
    name, kind, scope = _name(budget), str(budget.get("kind")), str(budget.get("scope"))
    limit = decimal_of(budget.get("monthlyUsd"), what=f"budget {name} monthlyUsd")
    total = estimate.of_budget(scope, name)
    allowed = max(limit, exception or ZERO)
    check = _soft if kind == "soft" else _hard  # an unknown kind is treated as hard
    found = [*check(total, limit, allowed, limits, excepted=exception is not None)]
    before = prior.of(budget_key(scope, name))
    found += _increase(total, before, prior, limits, exception)
    outcome: BudgetOutcome = max((item for item, _ in found), key=_ORDER.index, default="pass")
    return BudgetVerdict(
        name=name,
        scope=scope,
        kind=kind,
        limit=limit,
        allowed=allowed,
        total=total,
        prior=before,
        outcome=outcome,
        reasons=tuple(reason for _, reason in found),
    )


def _hard(
    total: Total, limit: Decimal, allowed: Decimal, limits: BudgetLimits, *, excepted: bool
) -> list[tuple[BudgetOutcome, str]]:
    found: list[tuple[BudgetOutcome, str]] = []
    typical, high = total.amount.typical, total.amount.high
    if typical > limit:  # an exception does not raise the limit of a hard budget's typical cost
        found.append(("deny", f"typical {cents(typical)} USD is above the limit of {cents(limit)}"))
    if high > limit * limits.high_factor and not (excepted and high <= allowed):
        most = cents(limit * limits.high_factor)
        found.append(("deny", f"high {cents(high)} USD is above {most} without an exception"))
    if total.unknown:
        found += _unknown(total, limit, "deny")
    return found


def _soft(
    total: Total,
    limit: Decimal,
    allowed: Decimal,
    limits: BudgetLimits,
    *,
    excepted: bool,
) -> list[tuple[BudgetOutcome, str]]:
    found: list[tuple[BudgetOutcome, str]] = []
    typical = total.amount.typical
    if typical > allowed:
        covered = "beyond the exception" if excepted else "without an exception"
        found.append(("deny", f"typical {cents(typical)} USD is above {cents(allowed)} {covered}"))
    elif typical > limit * limits.warn_share:
        share = cents(typical / limit * 100) if limit else typical
        found.append(("warn", f"typical {cents(typical)} USD is {share} percent of the limit"))
    if total.unknown:
        found += _unknown(total, allowed, "warn")
    return found


def _unknown(
    total: Total, limit: Decimal, outcome: BudgetOutcome
) -> list[tuple[BudgetOutcome, str]]:
    if total.ceiling is None:
        names = ", ".join(total.unbounded[:_NAMED])
        more = f" and {len(total.unbounded) - _NAMED} more" if total.unbounded[_NAMED:] else ""
        return [(outcome, f"unknown, and without a ceiling: {names}{more}; {_lacks(total)}")]
    worst = total.amount.typical + total.ceiling
    if worst > limit:
        text = f"{total.unknown} unknown lines could bring it to {cents(worst)} USD"
        return [(outcome, f"{text}; {_lacks(total)}")]
    return []


def _lacks(total: Total) -> str:
    """Return what the unknown lines lack, each with its next step; the first few of them."""
    more = f"; and {len(total.reasons) - _NAMED} more" if total.reasons[_NAMED:] else ""
    return "; ".join(total.reasons[:_NAMED]) + more


def _increase(
    total: Total,
    before: Decimal | None,
    prior: Prior,
    limits: BudgetLimits,
    exception: Decimal | None,
) -> list[tuple[BudgetOutcome, str]]:
    """Check the cap on the increase by one change; a first deployment is exempt."""
    typical = total.amount.typical
    if limits.increase_usd is None or (prior.known and prior.costs is None):
        return []
    if before is None:
        return [("deny", "an increase is capped, and what was deployed before is not known")]
    added = typical - before
    if added <= limits.increase_usd or (exception is not None and typical <= exception):
        return []
    text = f"adds {cents(added)} USD, more than {cents(limits.increase_usd)} without an exception"
    return [("deny", text)]


def month_end(actual: Decimal, planned: Decimal, *, day: int, days: int) -> Decimal:
    """Return the month-end forecast: actual cost plus the planned cost of the remaining days.

    Args:
        actual: Cost of the month so far.
        planned: Typical monthly cost of the plan.
        day: Days that have passed.
        days: Days of the month.
    """
    return actual + planned * (days - day) / days


def _name(budget: Mapping[str, Any]) -> str:
    return str(budget.get("name"))
