"""Costs and model changes of a report for a terminal."""

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mobile_ai.gate.render.money import (
    bar,
    change,
    cost_sentence,
    figure_text,
    forecast_sentence,
    model_title,
    movers,
    part_name,
    resource_kind,
    rollout_sentence,
    share,
    unknown_sentence,
    usd,
)
from mobile_ai.gate.report.report_cost import BudgetCost, CostReport
from mobile_ai.gate.report.report_model import ModelChange

__all__ = ["cost_part", "model_part"]

_STYLES = {"pass": "green", "warn": "yellow", "deny": "red"}


def cost_part(cost: CostReport) -> RenderableType:
    """Return the monthly cost, its budgets as bars, and the main cost drivers."""
    parts: list[RenderableType] = [
        Text.assemble(("Cost  ", "bold"), cost_sentence(cost)),
    ]
    if cost.budgets:
        parts += [Text(), _budgets(cost)]
    if cost.deployments:
        parts += [Text(), _parts(cost)]
    said = [unknown_sentence(cost), forecast_sentence(cost)]
    parts += [Text(f"  {item}", "dim") for item in said if item]
    return Group(*parts)


def model_part(item: ModelChange) -> RenderableType:
    """Return the comparison of a model version with its predecessor, and its rollout."""
    table = _table("", *(_variant_title(i.variant, i.targets) for i in item.variants))
    for row in zip(*(variant.figures for variant in item.variants), strict=False):
        unit = f" {row[0].unit}" if row[0].unit else ""
        table.add_row(f"{row[0].name}{unit}", *(figure_text(figure) for figure in row))
    title = Text.assemble(("Model  ", "bold"), f"{model_title(item)}, in {item.deployment}")
    return Group(title, Text(), table, Text(f"  rollout: {rollout_sentence(item.rollout)}", "dim"))


def _budgets(cost: CostReport) -> Table:
    table = _table("budget", "", "", "", "typical", "limit", "change")
    for item in cost.budgets:
        table.add_row(
            item.name,
            item.kind,
            Text(bar(item), _style(item)),
            Text(share(item), _style(item)),
            usd(item.typical),
            usd(item.limit),
            change(item),
        )
    return table


def _parts(cost: CostReport) -> Table:
    title = "largest change" if cost.prior else "highest cost"
    table = _table("deployment", "", "low", "typical", "high", "change")
    for item in cost.deployments:
        table.add_row(
            part_name(item), "", *map(usd, (item.low, item.typical, item.high)), change(item)
        )
    if moved := movers(cost):
        table.add_section()
        table.add_row(Text(title, "dim"))
    for resource in moved:
        row = map(usd, (resource.low, resource.typical, resource.high))
        table.add_row(resource.name, resource_kind(resource), *row, change(resource))
    return table


def _style(item: BudgetCost) -> str:
    return _STYLES[item.outcome]


def _variant_title(variant: str, targets: tuple[str, ...]) -> str:
    return f"{variant}: {', '.join(targets)}"


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for name in columns:
        numbers = name in {"low", "typical", "high", "limit", "change"}
        table.add_column(name, justify="right" if numbers else "left", overflow="ellipsis")
    return table
