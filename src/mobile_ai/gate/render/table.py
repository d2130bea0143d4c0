"""Terminal form of a report; plain text without colours when there is no terminal."""

import os
import sys

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from mobile_ai.contracts.printable import printable_lines
from mobile_ai.gate.render.money import price_sentence, uncovered
from mobile_ai.gate.render.summary_text import (
    OUTCOME_NAMES,
    FindingText,
    advice,
    blocking,
    counts,
    findings,
    headline,
    judging,
    kind_sentence,
    pack_sentence,
    provider_sentence,
    resource_sentence,
    silent_sentence,
    source_sentence,
)
from mobile_ai.gate.render.table_money import cost_part, model_part
from mobile_ai.gate.report.report import Change, Report, RuleResult

__all__ = ["print_table", "render_table"]

_STYLES = {"pass": "bold green", "denied": "bold red", "undecided": "bold yellow"}
_ALWAYS = 2  # pass and fail
_PLAIN_WIDTH = 100  # columns when there is no terminal


def render_table(report: Report) -> str:
    """Return the report as plain text."""
    console = Console(
        width=_PLAIN_WIDTH, color_system=None, force_terminal=False, legacy_windows=False
    )
    with console.capture() as capture:
        console.print(_body(report))
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def print_table(report: Report) -> None:
    """Print the report, coloured if standard output is a terminal."""
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        Console().print(_body(report))
    else:
        sys.stdout.write(render_table(report))


def _body(report: Report) -> Group:
    parts: list[RenderableType] = [_rules(report)]
    parts += _list("Denied", [_violation(item) for item in findings(blocking(report))], "red")
    parts += _list("Advice", [_violation(item) for item in findings(advice(report))], "yellow")
    parts += _list("Errors", [_told(str(item)) for item in report.errors], "red")
    parts += _list("Cannot be trusted", [_told(item) for item in report.doubts], "yellow")
    parts += _list("Weakened rules", [_told(item) for item in report.pack.weakenings], "yellow")
    parts += _list("Warnings", [_told(item) for item in report.warnings], "yellow")
    rest = uncovered(report)
    moved = [Text(_change(item)) for item in report.changes if item.deployment in rest]
    parts += _list("Changes", moved, "")
    for item in report.models:
        parts += [Text(), model_part(item)]
    parts += [Text(), cost_part(report.cost)]
    parts += [Text(), _facts(report), Text(), Text(headline(report), _STYLES[report.verdict])]
    return Group(*parts)


def _rules(report: Report) -> RenderableType:
    silent = Text(silent_sentence(report), "dim")
    if not any(item.outcomes.judged for item in report.rules):
        return silent
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    rules = judging(report)
    # Columns without any count are omitted.
    shown = [name for place, name in enumerate(OUTCOME_NAMES) if _needed(place, rules)]
    table.add_column("rule", no_wrap=True)
    table.add_column("level")
    for name in shown:
        table.add_column(name, justify="right")
    for item in rules:
        table.add_row(*_row(item, shown))
    return Group(table, Text(), silent) if silent else table


def _needed(place: int, rules: tuple[RuleResult, ...]) -> bool:
    return place < _ALWAYS or any(counts(item)[place] for item in rules)


def _row(item: RuleResult, shown: list[str]) -> tuple[Text | str, ...]:
    found = item.outcomes
    numbers = dict(zip(OUTCOME_NAMES, counts(item), strict=True))
    return (
        Text(item.id, "red" if found.fail or found.unknown else ""),
        item.level,
        *(Text(str(numbers[name] or "-"), "bold" if name != "pass" else "") for name in shown),
    )


def _list(title: str, entries: list[Text], style: str) -> list[RenderableType]:
    if not entries:
        return []
    return [Text(), Text(title, f"bold {style}".strip()), *(_indented(item) for item in entries)]


def _told(text: str) -> Text:
    return Text(printable_lines(text))


def _indented(text: Text) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_row("  -", text)
    return grid


def _violation(finding: FindingText) -> Text:
    item = finding.first
    place = f"{item.file}:{item.line} " if item.line else ""
    mark = "" if item.outcome == "fail" else f" [{item.outcome}]"
    kind = f" ({item.type})" if item.type and len(finding.names) == 1 else ""
    text = Text.assemble((item.rule, "bold"), f"{mark} on {finding.subjects}{kind}\n")
    text.append(f"{place}{printable_lines(item.message)}")
    if item.changed_by:
        text.append(f"\n{item.changed_by}")
    return text


def _change(item: Change) -> str:
    return f"{item.deployment}: {item.prior or 'new'} -> {item.proposed or 'removed'}"


def _facts(report: Report) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    engine = report.engine
    rows = {
        "judged": source_sentence(report),
        "by": pack_sentence(report),
        "engine": f"pulumi {engine.version} ({engine.origin})",
        "providers": "\n".join(map(provider_sentence, report.providers)) or engine.providers,
        "resources": resource_sentence(report),
        "of them": kind_sentence(report),
        "prices": price_sentence(report.cost).removeprefix("prices of "),
    }
    if report.baseline:
        rows["against"] = report.baseline
    for name, value in ((name, value) for name, value in rows.items() if value):
        grid.add_row(Text(name, "dim"), Text(value))
    return grid
