"""Monthly showback report: cost by owner, against budgets and estimates, and per unit of use."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from mobile_ai.operations.showback.allocate import Allocated, Allocation
from mobile_ai.operations.showback.bill import require_price_currency
from mobile_ai.operations.showback.measured import Measured
from mobile_ai.operations.showback.owner import DIMENSIONS
from mobile_ai.operations.showback.split import in_cents
from mobile_ai.pricing.budgets import month_end
from mobile_ai.pricing.money import cents

_ZERO: Final = Decimal(0)
# Unit of use: its count and the size of one unit.
_UNITS: Final[Mapping[str, tuple[str, int]]] = {
    "1,000 inferences": ("inferences", 1000),
    "update": ("updates", 1),
    "active device": ("active_devices", 1),
}
# Services in a unit's cost: delivery for an update, serving for an inference.
_SERVICES: Final[Mapping[str, tuple[str, ...]]] = {
    "1,000 inferences": ("AWS Lambda", "Amazon API Gateway", "Edge site"),
    "update": ("Amazon CloudFront", "AWS Data Transfer"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Cost of one owner.

    Attributes:
        key: The requested levels; all empty for unallocated cost.
        billed: Billed cost, in cents; the rows sum to the bill.
        effective: Effective cost, in cents; the rows sum to the bill.
    """

    key: tuple[str, ...]
    billed: Decimal
    effective: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Cost of one unit of use of an application.

    Attributes:
        app: The application.
        unit: See ``UNITS``.
        cost: Effective cost of one unit; ``None`` without counts.
    """

    app: str
    unit: str
    cost: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """A budget compared with the month's cost.

    Attributes:
        name: The budget.
        limit: Monthly limit.
        actual: Effective cost so far.
        forecast: Forecast for the whole month; the actual cost once the month is over.
        estimate: The plan's estimate for a typical month; ``None`` without a plan.
    """

    name: str
    limit: Decimal
    actual: Decimal
    forecast: Decimal
    estimate: Decimal | None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        figures = {key: getattr(self, key) for key in ("limit", "actual", "forecast", "estimate")}
        return {"name": self.name} | {
            key: None if value is None else str(cents(value)) for key, value in figures.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Showback:
    """A month's report.

    Attributes:
        allocation: The allocated bill.
        by: The levels of ``rows``.
        rows: By owner, highest cost first.
        units: By application.
        budgets: Budgets of the stack.
    """

    allocation: Allocation
    by: tuple[str, ...]
    rows: tuple[Row, ...]
    units: tuple[Unit, ...]
    budgets: tuple[BudgetLine, ...]

    def unallocated(self) -> Mapping[tuple[str, str], Decimal]:
        """Return the effective cost without an owner, by service and reason."""
        found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for part in self.allocation.unallocated:
            found[part.charge.service or part.charge.category, part.reason] += part.effective
        return in_cents(found)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; amounts as text, in cents."""
        bill = self.allocation.bill
        return {
            "apiVersion": "mobile-ai/v1",
            "kind": "Showback",
            "month": bill.month,
            "currency": bill.currency,
            "estimated": bill.estimated,
            "total": {key: str(cents(bill.total(key))) for key in ("billed", "effective")},
            "rows": [
                dict(zip(self.by, row.key, strict=True))
                | {"billed": str(row.billed), "effective": str(row.effective)}
                for row in self.rows
            ],
            "unallocated": [
                {"service": service, "reason": reason, "effective": str(amount)}
                for (service, reason), amount in self.unallocated().items()
            ],
            "units": [
                {"app": u.app, "unit": u.unit, "cost": None if u.cost is None else f"{u.cost:f}"}
                for u in self.units
            ],
            "budgets": [item.to_dict() for item in self.budgets],
        }


def showback(
    allocation: Allocation,
    *,
    by: Sequence[str] = ("app",),
    budgets: Sequence[Mapping[str, Any]] = (),
    estimates: Mapping[str, Decimal] | None = None,
    elapsed: tuple[int, int] = (1, 1),
) -> Showback:
    """Summarize an allocation as a report.

    Args:
        allocation: The allocated bill.
        by: Levels of the rows, of ``DIMENSIONS``.
        budgets: Budgets of the stack: name, scope and monthlyUsd, with the deployments'
            applications under ``apps`` where the scope is neither the stack nor an application.
        estimates: The plan's estimate for a typical month, by budget.
        elapsed: Days that are over, and days of the month; equal when it is over.

    Raises:
        ShowbackError: The bill is in another currency than the budgets.
    """
    if budgets:
        require_price_currency(allocation.bill, "budgets")
    levels = tuple(name for name in DIMENSIONS if name in by)
    billed: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    effective: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for part in allocation.parts:
        key = part.owner.at(levels)
        billed[key] += part.billed
        effective[key] += part.effective
    shown, cost = in_cents(billed), in_cents(effective)
    rows = [Row(key=key, billed=shown[key], effective=cost[key]) for key in shown]
    return Showback(
        allocation=allocation,
        by=levels,
        rows=tuple(sorted(rows, key=lambda row: (-row.effective, row.key))),
        units=tuple(_units(allocation)),
        budgets=tuple(_budget(allocation, item, estimates or {}, elapsed) for item in budgets),
    )


def _units(allocation: Allocation) -> list[Unit]:
    apps = sorted({row.app for row in allocation.measured.rows})
    return [
        Unit(app=app, unit=unit, cost=_unit_cost(allocation, app, unit))
        for app in apps
        for unit in _UNITS
    ]


def _unit_cost(allocation: Allocation, app: str, unit: str) -> Decimal | None:
    count_name, size = _UNITS[unit]
    count = _count(allocation.measured.owners(app), count_name)
    if not count:
        return None
    services = _SERVICES.get(unit)
    cost = sum(
        (
            part.effective
            for part in allocation.parts
            if part.owner.app == app and (services is None or part.charge.service in services)
        ),
        _ZERO,
    )
    return round(cost * size / count, 6)


def _count(rows: Sequence[Measured], name: str) -> Decimal:
    return sum((getattr(row, name) for row in rows), _ZERO)


def _budget(
    allocation: Allocation,
    budget: Mapping[str, Any],
    estimates: Mapping[str, Decimal],
    elapsed: tuple[int, int],
) -> BudgetLine:
    name = str(budget.get("name"))
    actual = sum((p.effective for p in allocation.parts if _covers(budget, p)), _ZERO)
    planned = estimates.get(name)
    day, days = elapsed
    # Without a plan, a linear extrapolation of the days so far.
    pace = planned if planned is not None else actual * days / day
    return BudgetLine(
        name=name,
        limit=Decimal(str(budget.get("monthlyUsd"))),
        actual=actual,
        forecast=month_end(actual, pace, day=day, days=days),
        estimate=planned,
    )


def _covers(budget: Mapping[str, Any], part: Allocated) -> bool:
    scope = str(budget.get("scope"))
    if scope == "stack":
        return True
    if scope.startswith("app:"):
        return part.owner.app == scope.removeprefix("app:")
    return part.owner.app in budget.get("apps", ())
