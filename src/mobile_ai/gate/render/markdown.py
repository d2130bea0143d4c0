"""Pull request comment form of a report, in GitHub-flavoured Markdown."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from mobile_ai.contracts.printable import markdown, markdown_code, relative_uri
from mobile_ai.gate.render.blocks import (
    OUTCOME_NAMES,
    Block,
    FactsBlock,
    Findings,
    FindingText,
    Listing,
    SectionBlock,
    Table,
    visible_blocks,
)
from mobile_ai.gate.report.report import Report

# Identifies the comment that a later run replaces.
MARKER = "<!-- mobile-ai gate: {stack} -->"
"""Hidden text by which a comment on a pull request is found again."""
_ICONS: Final = {"pass": ":white_check_mark:", "denied": ":x:", "undecided": ":warning:"}
_OUTCOMES: Final = {"pass": "", "warn": " :warning:", "deny": " :x:"}
_NUMBERS: Final = {*OUTCOME_NAMES, "low", "typical", "high", "limit", "change", "at most"}
_MAX_SHOWN: Final = 50  # entries of a list: a comment holds 65,536 characters


def render_markdown(report: Report) -> str:
    """Return the report as Markdown; quoted values are escaped."""
    lines = (line for block in visible_blocks(report) for line in (*_written(block), ""))
    marker = MARKER.format(stack=relative_uri(report.stack))  # no `>`, which would end it
    return "\n".join([marker, *lines][:-1]) + "\n"


def _written(block: Block) -> Iterable[str]:
    match block:
        case Findings():
            return _findings(block)
        case Listing():
            entries = [markdown(str(item)) for item in block.entries]
            return [f"### {block.title}", *_entries(entries)]
        case FactsBlock():
            return _facts(block)
        case SectionBlock():
            return _SECTIONS[block.title](block)


def _verdict(block: SectionBlock) -> Iterator[str]:
    yield f"## {_ICONS[block.about]} {markdown(block.text)}"


def _rules(block: SectionBlock) -> list[str]:
    lines = [*_tables(block.tables.values()), *map(markdown, block.notes), ""]
    return _folded(f"Rules: {block.text}", lines)


def _findings(block: Findings) -> Iterable[str]:
    entries = [_finding(item) for item in block.shown]
    if block.title == "Denied":
        return [f"### {block.title}", *_entries(entries)]
    return _folded(f"{block.title} ({len(entries)})", [*_entries(entries), ""])


def _folded(title: str, lines: Iterable[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *lines, "</details>"]


def _entries(entries: list[str]) -> Iterator[str]:
    yield from (f"- {entry}" for entry in entries[:_MAX_SHOWN])
    if len(entries) > _MAX_SHOWN:
        yield f"- and {len(entries) - _MAX_SHOWN} more: see the JSON report"


def _finding(finding: FindingText) -> str:
    item = finding.first
    place = f" ({markdown(item.place)})" if item.line else ""
    mark = "" if item.outcome == "fail" else f" *{item.outcome}*"
    author = f"<br>{markdown(str(item.changed_by))}" if item.changed_by else ""
    told = f"{markdown(item.message)}{author}"
    return f"**{markdown(item.rule)}**{mark} on {markdown_code(finding.subjects)}{place}: {told}"


def _cost(block: SectionBlock) -> Iterator[str]:
    yield f"### Cost: {markdown(block.text)}"
    yield from _tables(table for head, table in block.tables.items() if head == "budget")
    yield from (f"{markdown(note)}.<br>" for note in block.notes)
    details = [*_tables(table for head, table in block.tables.items() if head != "budget")]
    if details:
        yield from _folded("By deployment, resource and tag", details)


def _model(block: SectionBlock) -> Iterator[str]:
    yield f"### Model: {markdown(block.text)}"
    yield from _tables(block.tables.values())
    yield from (f"{markdown(note)}.<br>" for note in block.notes)


def _changes(block: SectionBlock) -> Iterator[str]:
    yield f"### Changes against {markdown(block.about or 'nothing deployed')}"
    yield from _tables(block.tables.values())
    yield from (f"{markdown(note)}.<br>" for note in block.notes)


def _facts(block: FactsBlock) -> Iterator[str]:
    facts = block.facts
    yield f"{markdown(facts['judged'])}, judged by {markdown(facts['by'])}."
    prices = f"; prices of {facts['prices']}" if facts["prices"] else ""
    yield markdown(
        f"{facts['resources']}: {facts['of them']}{prices}. Pulumi {facts['engine']}, "
        f"providers: {facts['providers']}{':' if block.providers else '.'}"
    )
    yield from (f"- {markdown(provider)}" for provider in block.providers)


def _tables(tables: Iterable[Table]) -> Iterator[str]:
    for table in tables:
        yield from (*_table(table), "")


def _table(table: Table) -> Iterator[str]:
    bar = ("of its limit",) if any(row.bar for row in table.rows) else ()
    heads = (table.head, *bar, *table.columns)
    yield _cells(map(_cell, heads))
    yield f"|{'|'.join('--:' if head in _NUMBERS else '---' for head in heads)}|"
    for row in table.rows:
        mark = _OUTCOMES[row.outcome] if row.bar else ""
        name = f"{_cell(', '.join(filter(None, (row.name, row.kind))))}{mark}"
        told = (*filter(None, [" ".join(row.bar)]), *(cell or "-" for cell in row.cells))
        yield _cells((name, *map(_cell, told)))


def _cell(text: str) -> str:
    return markdown(text, starts_block=False)


def _cells(values: Iterable[str]) -> str:
    return f"| {' | '.join(values)} |"


_SECTIONS: Final[Mapping[str, Callable[[SectionBlock], Iterable[str]]]] = {
    "Verdict": _verdict,
    "Rules": _rules,
    "Changes": _changes,
    "Model": _model,
    "Cost": _cost,
}
