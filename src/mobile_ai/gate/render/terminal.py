"""Terminal form of a report; plain text without colours when there is no terminal."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from mobile_ai.contracts.printable import printable, printable_lines
from mobile_ai.gate.render.blocks import (
    OUTCOME_NAMES,
    PASSED,
    Block,
    FactsBlock,
    Findings,
    FindingText,
    Listing,
    SectionBlock,
    Table,
    cost_block,
    visible_blocks,
)
from mobile_ai.gate.report.report import Report
from mobile_ai.gate.report.sections import CostReport

_VERDICTS: Final = {"pass": "bold green", "denied": "bold red", "undecided": "bold yellow"}
_TITLES: Final = {"Denied": "bold red", "Errors": "bold red", "Changes": "bold"}
_OUTCOMES: Final = {"pass": "green", "warn": "yellow", "deny": "red"}
_NUMBERS: Final = frozenset({*OUTCOME_NAMES, "low", "typical", "high", "limit", "change"})
# Beside the budgets there is room for a short title only.
_MOVERS: Final = {
    "most changed resources": "largest change",
    "highest-cost resources": "highest cost",
}
_ALWAYS: Final = 3  # level, pass and fail
_PLAIN_WIDTH: Final = 100  # columns when there is no terminal


def render_terminal(report: Report, *, verbose: bool = True) -> str:
    """Return the report as plain text.

    Args:
        report: The report.
        verbose: List the rules that passed, instead of their number.
    """
    plain = Console(
        width=_PLAIN_WIDTH, color_system=None, force_terminal=False, legacy_windows=False
    )
    with plain.capture() as capture:
        plain.print(_body(visible_blocks(report), verbose=verbose))
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def print_report(report: Report, console: Console, *, verbose: bool = False) -> None:
    """Print the report, coloured if standard output is a terminal (see `render_terminal`)."""
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        console.print(_body(visible_blocks(report), verbose=verbose))
    else:
        sys.stdout.write(render_terminal(report, verbose=verbose))


def print_cost(cost: CostReport, console: Console) -> None:
    """Print the monthly cost, its budgets as bars, and the main cost drivers."""
    console.print(_cost(cost_block(cost)))


def _body(found: Sequence[Block], *, verbose: bool) -> Group:
    shown = [item if verbose else _folded(item) for item in found]
    # The verdict is the last line too, since the end is what a terminal still shows.
    spaced = [part for block in (*shown, found[0]) for part in (Text(), _written(block))]
    return Group(*spaced[1:])


def _folded(block: Block) -> Block:
    """Return a block without the rules that passed; their number stands in their place."""
    if not isinstance(block, SectionBlock) or PASSED not in block.tables:
        return block
    tables = {head: table for head, table in block.tables.items() if head != PASSED}
    return replace(block, text=f"{block.text} (--verbose lists them)", tables=tables)


def _written(block: Block) -> RenderableType:
    match block:
        case Findings():
            return _list(block.title, map(_finding, block.shown))
        case Listing():
            return _list(block.title, (_lines(str(one)) for one in block.entries))
        case FactsBlock():
            return _facts(block)
        case SectionBlock():
            return _SECTIONS[block.title](block)


def _verdict(block: SectionBlock) -> Text:
    return _text(block.text, _VERDICTS[block.about])


def _rules(block: SectionBlock) -> Group:
    grids = [part for item in block.tables.values() for part in (Text(), _outcomes(item))]
    title = Text.assemble(("Rules  ", "bold"), _text(block.text))
    return Group(title, *grids, *(_text(f"  {note}", "dim") for note in block.notes))


def _outcomes(table: Table) -> Grid:
    cells = zip(*(row.cells for row in table.rows), strict=True)
    # Columns without any count are omitted.
    shown = [at for at, texts in enumerate(cells) if at < _ALWAYS or {*texts} != {"0"}]
    grid = _columns(table.head, (table.columns[at] for at in shown))
    grid.columns[0].no_wrap = True
    for row in table.rows:
        name = _text(row.name, "red" if row.outcome == "deny" else "")
        grid.add_row(name, *(Text("-" if row.cells[at] == "0" else row.cells[at]) for at in shown))
    return grid


def _list(title: str, entries: Iterable[Text]) -> Group:
    return Group(Text(title, _TITLES.get(title, "bold yellow")), *map(_indented, entries))


def _indented(text: Text) -> Grid:
    grid = Grid.grid(padding=(0, 1))
    grid.add_row("  -", text)
    return grid


def _finding(finding: FindingText) -> Text:
    item = finding.first
    place = f"{item.place} " if item.line else ""
    mark = "" if item.outcome == "fail" else f" [{item.outcome}]"
    kind = f" ({item.type})" if item.type and len(finding.names) == 1 else ""
    parts = [
        Text.assemble(_text(item.rule, "bold"), _text(f"{mark} on {finding.subjects}{kind}")),
        _lines(f"{place}{item.message}"),
        *([_text(str(item.changed_by))] if item.changed_by else []),
    ]
    return Text("\n").join(parts)


def _changes(block: SectionBlock) -> Group:
    rows = (row for table in block.tables.values() for row in table.rows)
    moved = (f"{row.name}: {row.cells[0] or 'new'} -> {row.cells[1]}" for row in rows)
    return _list(block.title, map(_text, (*moved, *block.notes)))


def _model(block: SectionBlock) -> Group:
    title = Text.assemble(("Model  ", "bold"), _text(f"{block.text}, in {block.about}"))
    notes = (_text(f"  {note}", "dim") for note in block.notes)
    grids = [_figures(table) for table in block.tables.values()]
    return Group(title, Text(), *grids, *notes)


def _figures(table: Table) -> Grid:
    grid = _columns(table.head, table.columns)
    for row in table.rows:
        grid.add_row(*_texts((f"{row.name} {row.kind}".strip(), *row.cells)))
    return grid


def _cost(block: SectionBlock) -> Group:
    parts: list[RenderableType] = [Text.assemble(("Cost  ", "bold"), _text(block.text))]
    if budgets := block.tables.get("budget"):
        parts += [Text(), _table(budgets)]
    if deployments := block.tables.get("deployment"):
        grid = _table(deployments)
        for head in _MOVERS.keys() & block.tables.keys():
            grid.add_section()
            grid.add_row(Text(_MOVERS[head], "dim"))
            _add_rows(grid, block.tables[head])
        parts += [Text(), grid]
    return Group(*parts, *(_text(f"  {note}", "dim") for note in block.notes))


def _table(table: Table) -> Grid:
    bar = ["" for _ in table.rows[0].bar]
    grid = _columns(table.head, ("", *bar, *table.columns))
    _add_rows(grid, table)
    return grid


def _add_rows(grid: Grid, table: Table) -> None:
    for row in table.rows:
        bar = (Text(part, _OUTCOMES[row.outcome]) for part in row.bar)
        grid.add_row(*_texts((row.name, row.kind)), *bar, *_texts(row.cells))


def _texts(values: Sequence[str]) -> list[Text]:
    return [_text(value) for value in values]


def _text(value: str, style: str = "") -> Text:
    """Return a value as plain text on one line: a string would be read as markup."""
    return Text(printable(value), style)


def _lines(value: str) -> Text:
    return Text(printable_lines(value))


def _columns(head: str, names: Iterable[str]) -> Grid:
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in (head, *names):
        grid.add_column(
            _text(name),
            justify="right" if name in _NUMBERS else "left",
            overflow="ellipsis",
        )
    return grid


def _facts(block: FactsBlock) -> Grid:
    told = {"engine": f"pulumi {block.facts['engine']}"}
    told |= {"providers": "\n".join(block.providers)} if block.providers else {}
    grid = Grid.grid(padding=(0, 2))
    for name, value in {**block.facts, **told}.items():
        if value:
            grid.add_row(Text(name, "dim"), _lines(value))
    return grid


_SECTIONS: Final[Mapping[str, Callable[[SectionBlock], RenderableType]]] = {
    "Verdict": _verdict,
    "Rules": _rules,
    "Changes": _changes,
    "Model": _model,
    "Cost": _cost,
}
