"""Costs and model changes of a report as Markdown."""

from collections.abc import Callable, Iterator, Sequence

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
from mobile_ai.gate.report.report_cost import CostReport, NamedCost
from mobile_ai.gate.report.report_model import ModelChange

__all__ = ["cost_lines", "model_lines"]

Cells = Callable[..., str]
_MARKS = {"pass": "", "warn": " :warning:", "deny": " :x:"}
_UNKNOWNS = 20


def cost_lines(cost: CostReport, cells: Cells, quote: Callable[[str], str]) -> Iterator[str]:
    """Yield the cost section.

    Args:
        cost: Cost section of the report.
        cells: Formats a table row and escapes its texts.
        quote: Escapes a text.
    """
    yield f"### Cost: {quote(cost_sentence(cost))}"
    if cost.budgets:
        yield from _head("budget", "of its limit", "typical", "limit", *_compared(cost))
        for item in cost.budgets:
            name = f"{item.name}, {item.kind}{_MARKS[item.outcome]}"
            filled = f"{bar(item)} {share(item)}"
            yield cells(name, filled, usd(item.typical), usd(item.limit), *_moved(cost, item))
        yield ""
    for said in (unknown_sentence(cost), forecast_sentence(cost)):
        if said:
            yield f"{quote(said)}.<br>"
    if cost.proposed is not None:
        yield from _details(cost, cells)
    yield ""


def model_lines(item: ModelChange, cells: Cells, quote: Callable[[str], str]) -> Iterator[str]:
    """Yield the comparison of a model version with its predecessor, and its rollout."""
    yield f"### Model: {quote(model_title(item))}"
    yield from _head("", *(f"{i.variant}: {', '.join(i.targets)}" for i in item.variants))
    for row in zip(*(variant.figures for variant in item.variants), strict=False):
        unit = f", {row[0].unit}" if row[0].unit else ""
        yield cells(f"{row[0].name}{unit}", *(figure_text(figure) for figure in row))
    yield ""
    yield f"Rollout of {quote(item.deployment)}: {quote(rollout_sentence(item.rollout))}."
    yield ""


def _details(cost: CostReport, cells: Cells) -> Iterator[str]:
    yield "<details><summary>By deployment, resource and tag</summary>"
    yield ""
    yield from _head("deployment", "low", "typical", "high", *_compared(cost))
    yield from (_row(cells, part_name(item), cost, item) for item in cost.deployments)
    yield ""
    if moved := movers(cost):
        title = "most changed resources" if cost.prior else "highest-cost resources"
        yield from _head(title, "low", "typical", "high", *_compared(cost))
        for item in moved:
            yield _row(cells, f"{item.name}, {resource_kind(item)}", cost, item)
        yield ""
    yield from _head("tag", "low", "typical", "high", *_compared(cost))
    for key, parts in cost.tags.items():
        for part in (part for part in parts if float(part.high) or float(part.delta or 0)):
            yield _row(cells, f"{key}: {part_name(part, 'none')}", cost, part)
    yield ""
    yield from _unknowns(cost, cells)
    yield "</details>"


def _unknowns(cost: CostReport, cells: Cells) -> Iterator[str]:
    if not cost.unknowns:
        return
    yield from _head("without a known price", "why", "at most")
    for item in cost.unknowns[:_UNKNOWNS]:
        most = "no bound" if item.ceiling is None else usd(item.ceiling)
        yield cells(f"{item.resource}, {item.item}", item.reason, most)
    yield ""


def _row(cells: Cells, name: str, cost: CostReport, item: NamedCost) -> str:
    return cells(name, usd(item.low), usd(item.typical), usd(item.high), *_moved(cost, item))


def _compared(cost: CostReport) -> tuple[str, ...]:
    return ("change",) if cost.prior else ()


def _moved(cost: CostReport, item: NamedCost) -> tuple[str, ...]:
    return (change(item),) if cost.prior else ()


def _head(*names: str) -> Sequence[str]:
    numbers = {"low", "typical", "high", "limit", "change", "at most"}
    marks = ("--:" if name in numbers else "---" for name in names)
    return (f"| {' | '.join(names)} |", f"|{'|'.join(marks)}|")
