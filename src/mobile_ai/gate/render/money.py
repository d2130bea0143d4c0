"""Text for costs and model changes, shared by the table and Markdown forms."""

from collections.abc import Sequence
from decimal import Decimal

from mobile_ai.gate.report.report import Report
from mobile_ai.gate.report.report_cost import BudgetCost, CostReport, NamedCost, ResourceCost
from mobile_ai.gate.report.report_model import Figure, ModelChange, RolloutReport

__all__ = [
    "bar",
    "change",
    "cost_sentence",
    "figure_text",
    "forecast_sentence",
    "model_title",
    "movers",
    "part_name",
    "price_sentence",
    "resource_kind",
    "rollout_sentence",
    "share",
    "uncovered",
    "unknown_sentence",
    "usd",
]

_MOVERS = 8
_FULL, _EMPTY = "█", "░"


def usd(amount: str) -> str:
    """Return an amount with thousands separators: `1,234.50`."""
    return f"{Decimal(amount):,.2f}"


def change(part: NamedCost) -> str:
    """Return the signed difference; empty if there is nothing to compare with."""
    if part.delta is None:
        return ""
    return f"{Decimal(part.delta):+,.2f}" if Decimal(part.delta) else "0"


def cost_sentence(cost: CostReport) -> str:
    """Return the monthly cost in one line."""
    if cost.proposed is None:
        return f"no estimate: {cost.reason}" if cost.reason else "no estimate"
    total = cost.proposed
    low, high = (f"{Decimal(item):,.0f}" for item in (total.low, total.high))
    said = f"{usd(total.typical)} USD a month ({low} to {high})"
    if cost.delta is None:
        return said
    delta = Decimal(cost.delta)
    moved = f"{delta:+,.2f}" if delta else "no change"
    return f"{said}, {moved} against {cost.against}"


def unknown_sentence(cost: CostReport) -> str:
    """Return the lines excluded from totals; empty if there are none."""
    count = len(cost.unknowns)
    if cost.proposed is None or not count:
        return ""
    ceiling = cost.proposed.ceiling
    most = "without a bound" if ceiling is None else f"at most {usd(ceiling)} together"
    return f"{count} line{'s' * (count != 1)} without a known price, excluded from totals: {most}"


def price_sentence(cost: CostReport) -> str:
    """Return date and digest of the price catalogue."""
    return f"prices of {cost.prices} (sha256 {cost.prices_sha256[:12]})" if cost.prices else ""


def forecast_sentence(cost: CostReport) -> str:
    """Return the month-end forecast by budget; empty without actual charges."""
    if cost.actuals is None:
        return ""
    ends = [
        f"{item.name} {usd(item.spent)} billed, {usd(item.forecast)} at its end"
        f"{' - above its limit' if Decimal(item.forecast) > Decimal(item.limit) else ''}"
        for item in cost.budgets
        if item.spent is not None and item.forecast is not None
    ]
    found = cost.actuals
    return f"{found.month}, day {found.day} of {found.days}: {'; '.join(ends) or 'no budget'}"


def share(budget: BudgetCost) -> str:
    """Return the used share of a budget's limit."""
    return f"{budget.share * 100:.0f} %"


def bar(budget: BudgetCost, width: int = 20) -> str:
    """Return a bar of a budget's used share, full at the limit."""
    filled = min(width, round(budget.share * width))
    return _FULL * filled + _EMPTY * (width - filled)


def part_name(part: NamedCost, otherwise: str = "shared by all") -> str:
    """Return the name of a deployment or a tag's value."""
    return part.name or otherwise


def resource_kind(item: ResourceCost) -> str:
    """Return a shortened resource type: `rds/instance`, `Deployment`."""
    provider, _, rest = item.type.partition(":")
    module, _, name = rest.rpartition(":")
    return name if provider == "kubernetes" else module or item.type


def movers(cost: CostReport) -> tuple[ResourceCost, ...]:
    """Return the resources with the largest change, or without comparison the highest cost."""
    if cost.prior is None:
        return cost.resources[:_MOVERS]
    moved = [item for item in cost.resources if item.delta and Decimal(item.delta)]
    return tuple(sorted(moved, key=lambda item: -abs(Decimal(item.delta or 0)))[:_MOVERS])


def model_title(item: ModelChange) -> str:
    """Return the new and the previous version."""
    if not item.prior_version:
        return f"{item.model} {item.version}, the first"
    kept = "" if item.deployed else ", the version to go back to"
    return f"{item.model} {item.version} after {item.prior_version}{kept}"


def figure_text(figure: Figure) -> str:
    """Return a figure of both versions, marked if it is worse or not significant."""
    old, new = (_number(value) for value in (figure.prior, figure.proposed))
    if figure.prior is None or figure.proposed is None:
        return new if figure.prior is None else f"{old} → {new}"
    mark = figure.note or "worse" * figure.worse
    return new if old == new else f"{old} → {new}{f' ({mark})' if mark else ''}"


def rollout_sentence(rollout: RolloutReport) -> str:
    """Return the rollout stage, its share of devices, and the rings."""
    if rollout.halted:
        return f"halted at {rollout.stage}; rings {', '.join(rollout.rings)}"
    moved = rollout.prior_stage not in {"", rollout.stage}
    came = f"from {rollout.prior_stage} to " if moved else ""
    return (
        f"{came}{rollout.stage}, {rollout.percent:g} % of devices (about {rollout.devices:,}); "
        f"rings {', '.join(rollout.rings)}"
    )


def uncovered(report: Report) -> Sequence[str]:
    """Return the changed deployments without a model change."""
    told = {item.deployment for item in report.models}
    return [item.deployment for item in report.changes if item.deployment not in told]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
