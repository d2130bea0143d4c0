"""Pull request comment form of a report, in GitHub-flavoured Markdown."""

from collections.abc import Iterable, Iterator

from mobile_ai.contracts.printable import printable, printable_lines
from mobile_ai.gate.render.markdown_money import cost_lines, model_lines
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
from mobile_ai.gate.report.report import Report

__all__ = ["MARKER", "render_markdown"]

# Identifies the comment that a later run replaces.
MARKER = "<!-- mobile-ai gate: {stack} -->"
_ICONS = {"pass": ":white_check_mark:", "denied": ":x:", "undecided": ":warning:"}
_MAX_SHOWN = 50  # entries of a list: a comment holds 65,536 characters


def render_markdown(report: Report) -> str:
    """Return the report as Markdown; quoted values are escaped."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield MARKER.format(stack=report.stack)
    yield f"## {_ICONS[report.verdict]} {headline(report)}"
    yield ""
    yield from _section("Denied", [_violation(item) for item in findings(blocking(report))])
    yield from _section("Errors", [_quote(str(item)) for item in report.errors])
    yield from _section("Cannot be trusted", [_quote(item) for item in report.doubts])
    yield from cost_lines(report.cost, _cells, _quote)
    for item in report.models:
        yield from model_lines(item, _cells, _quote)
    yield from _changes(report)
    yield from _folded("Advice", [_violation(item) for item in findings(advice(report))])
    yield from _section("Weakened rules", [_quote(item) for item in report.pack.weakenings])
    yield from _section("Warnings", [_quote(item) for item in report.warnings])
    yield from _rules(report)
    yield from _facts(report)


def _section(title: str, entries: list[str]) -> Iterator[str]:
    if not entries:
        return
    yield f"### {title}"
    yield from _entries(entries)
    yield ""


def _folded(title: str, entries: list[str]) -> Iterator[str]:
    if not entries:
        return
    yield f"<details><summary>{title} ({len(entries)})</summary>"
    yield ""
    yield from _entries(entries)
    yield ""
    yield "</details>"
    yield ""


def _entries(entries: list[str]) -> Iterator[str]:
    yield from (f"- {entry}" for entry in entries[:_MAX_SHOWN])
    if len(entries) > _MAX_SHOWN:
        yield f"- and {len(entries) - _MAX_SHOWN} more: see the JSON report"


def _violation(finding: FindingText) -> str:
    item = finding.first
    place = f" ({item.file}:{item.line})" if item.line else ""
    mark = "" if item.outcome == "fail" else f" *{item.outcome}*"
    author = f"<br>{_quote(str(item.changed_by))}" if item.changed_by else ""
    told = f"{_quote(item.message)}{author}"
    return f"**{item.rule}**{mark} on {_code(finding.subjects)}{place}: {told}"


def _changes(report: Report) -> Iterator[str]:
    rest = uncovered(report)
    if not rest:
        return
    yield f"### Changes against {_quote(report.baseline or 'nothing deployed')}"
    yield "| deployment | prior | proposed |"
    yield "|---|---|---|"
    for item in (item for item in report.changes if item.deployment in rest):
        yield _cells(item.deployment, item.prior or "-", item.proposed or "removed")
    yield ""


def _rules(report: Report) -> Iterator[str]:
    yield "<details><summary>Rules</summary>"
    yield ""
    yield f"| rule | level | {' | '.join(OUTCOME_NAMES)} |"
    yield f"|---|---|{'--:|' * len(OUTCOME_NAMES)}"
    for item in judging(report):
        yield _cells(item.id, item.level, *map(str, counts(item)))
    yield ""
    yield _quote(silent_sentence(report))
    yield ""
    yield "</details>"
    yield ""


def _facts(report: Report) -> Iterator[str]:
    engine = report.engine
    yield f"{_quote(source_sentence(report))}, judged by {_quote(pack_sentence(report))}."
    prices = price_sentence(report.cost)
    yield (
        f"{resource_sentence(report)}: {kind_sentence(report)}{f'; {prices}' if prices else ''}. "
        f"Pulumi {engine.version} ({engine.origin}), providers: {engine.providers}"
        f"{':' if report.providers else '.'}"
    )
    for provider in report.providers:
        yield f"- {_quote(provider_sentence(provider))}"


def _cells(*values: str) -> str:
    return f"| {' | '.join(_quote(value).replace('|', chr(92) + '|') for value in values)} |"


def _code(text: str) -> str:
    return f"`{printable(text).replace('`', '')}`"


def _quote(text: str) -> str:
    """Return a text escaped for Markdown, since messages contain values from the stack file."""
    escaped = printable_lines(text).replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;")
    for character in "\\`*_[]!":
        escaped = escaped.replace(character, f"\\{character}")
    return "<br>".join(_stripped(escaped.splitlines()))


def _stripped(lines: Iterable[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip()]
