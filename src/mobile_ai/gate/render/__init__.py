"""Output formats of a report; each is a function from a report to text."""

from collections.abc import Callable
from typing import Final

from mobile_ai.gate.render.json_form import render_json
from mobile_ai.gate.render.markdown import render_markdown
from mobile_ai.gate.render.sarif import render_sarif
from mobile_ai.gate.render.table import render_table
from mobile_ai.gate.report.report import Report

__all__ = ["FORMS", "SUFFIXES", "render"]

FORMS: Final[dict[str, Callable[[Report], str]]] = {
    "table": render_table,
    "json": render_json,
    "markdown": render_markdown,
    "sarif": render_sarif,
}
SUFFIXES: Final = {"table": ".txt", "json": ".json", "markdown": ".md", "sarif": ".sarif"}


def render(report: Report, form: str) -> str:
    """Return a report in one of `FORMS`, with a final line break.

    Raises:
        KeyError: The format is unknown.
    """
    return FORMS[form](report)
