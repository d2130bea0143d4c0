"""Output formats of a report; each is a function from a report to text."""

from collections.abc import Callable
from typing import Final

from mobile_ai.contracts.printable import printable_json
from mobile_ai.gate.render.markdown import render_markdown
from mobile_ai.gate.render.sarif import render_sarif
from mobile_ai.gate.render.terminal import render_terminal
from mobile_ai.gate.report.report import Report, Timing

__all__ = ["FORMS", "SUFFIXES", "render", "render_timing"]


def _render_json(report: Report) -> str:
    return printable_json(report.to_dict(), indent=2) + "\n"


FORMS: Final[dict[str, Callable[[Report], str]]] = {
    "table": render_terminal,
    "json": _render_json,
    "markdown": render_markdown,
    "sarif": render_sarif,
}
"""Writers of a report by format."""
SUFFIXES: Final = {"table": ".txt", "json": ".json", "markdown": ".md", "sarif": ".sarif"}
"""File suffix of each format."""


def render(report: Report, form: str) -> str:
    """Return a report in one of `FORMS`, with a final line break.

    Raises:
        KeyError: The format is unknown.
    """
    return FORMS[form](report)


def render_timing(timing: Timing) -> str:
    """Return a line per phase and one for the total."""
    width = max(map(len, timing.phases), default=0)
    total = timing.total_seconds or 1.0
    lines = [
        f"  {name:<{width}}  {seconds:7.2f} s  {seconds / total:5.0%}"
        for name, seconds in timing.phases.items()
    ]
    lines.append(f"  {'total':<{width}}  {timing.total_seconds:7.2f} s")
    if timing.resources_per_second:
        lines.append(f"  {timing.resources_per_second:.0f} resources per second while they came")
    if timing.cpu_seconds:
        parts = ", ".join(f"{part} {used:.2f} s" for part, used in timing.cpu_seconds.items())
        lines.append(f"  CPU of the engine's run: {parts}")
    return "\n".join(["Time:", *lines]) + "\n"
