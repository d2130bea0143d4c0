"""Renders the dashboard as one HTML file with styles, scripts, chart library and data inline."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import vl_convert

from mobile_ai.contracts.printable import html_text as _text
from mobile_ai.contracts.printable import printable
from mobile_ai.operations.dashboard.board import FILTERS, Board, BoardSection, Chart, Table
from mobile_ai.operations.dashboard.charts import DATA, specification

_HERE: Final = Path(__file__).parent
# Content Security Policy: only inline code and styles; Vega compiles expressions with eval.
_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'"
)


def render_page(board: Board) -> str:
    """Return the page; it works from a file, without a network."""
    title = f"{board.stack}: models, fleet, cost"
    # Escaped, since `</script>` within a text would end the script element.
    data = json.dumps(_shown(_data(board)), separators=(",", ":")).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{_text(title)}</title>
<link rel="icon" href="data:,">
<style>{_file("page.css")}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>{_text(title)}</h1>
<p class="quiet">Made {_text(board.made)}. Everything on this page is in this file.</p>
<nav aria-label="Sections"><ul>{_links(board)}</ul></nav>
</header>
<form class="filters" aria-label="Filters">{_filters(board)}
<p id="told" role="status" class="quiet">Showing everything</p></form>
<main id="content">
<dl class="facts">{_facts(board)}</dl>
{"".join(map(_section, board.sections))}
</main>
<footer><p>Every chart has its table below it, and its data as a file.</p></footer>
<script type="application/json" id="board">{data}</script>
<script>{_library()}</script>
<script>{_file("page.js")}</script>
</body>
</html>
"""


def _data(board: Board) -> dict[str, Any]:
    charts = [
        {
            "id": chart.id,
            "spec": specification(chart),
            "rows": chart.rows,
            "columns": list(_columns(chart)),
            "empty": "No data for this selection.",
        }
        for chart in board.charts
    ]
    tables = [
        {"id": p.id, "rows": p.rows, "columns": list(p.columns), "empty": p.empty}
        for section in board.sections
        for p in section.parts
        if isinstance(p, Table)
    ]
    return {"filters": FILTERS, "data": DATA, "charts": charts, "tables": tables}


def _section(section: BoardSection) -> str:
    parts = "".join(_chart(p) if isinstance(p, Chart) else _table(p) for p in section.parts)
    return (
        f'<section aria-labelledby="{section.id}"><h2 id="{section.id}">{_text(section.title)}</h2>'
        f'<div class="grid">{parts}</div></section>'
    )


def _chart(chart: Chart) -> str:
    note = chart.note if chart.limit is None else f"{chart.note} Dashed: {chart.limit:g}."
    return (
        f'<div class="card">{_heading(chart)}<p class="quiet">{_text(note)}</p>'
        f'<div class="plot" id="plot-{chart.id}"></div>'
        f'<details data-chart="{chart.id}"><summary>Table of {_text(chart.title.lower())}</summary>'
        f"{_grid(chart.id, chart.title, _columns(chart))}</details></div>"
    )


def _table(table: Table) -> str:
    grid = _grid(table.id, table.title, table.columns)
    return f'<div class="card wide">{_heading(table)}{grid}</div>'


def _heading(part: Chart | Table) -> str:
    title = _text(part.title)
    return (
        f'<header><h3>{title}</h3><button type="button" data-download="{part.id}" '
        f'aria-label="Download {title} as CSV">CSV</button></header>'
    )


def _grid(part: str, title: str, columns: Any) -> str:
    heads = "".join(f'<th scope="col">{_text(name)}</th>' for name in columns.values())
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{_text(title)}, table">'
        f'<table id="table-{part}"><thead><tr>{heads}</tr></thead><tbody></tbody></table></div>'
    )


def _columns(chart: Chart) -> dict[str, str]:
    names = {"at": "when", "series": "series", "value": chart.unit, "low": "from", "high": "to"}
    used = {key for row in chart.rows for key in row}
    return {key: name for key, name in names.items() if key in used or key == "value"}


def _links(board: Board) -> str:
    return "".join(f'<li><a href="#{s.id}">{_text(s.title)}</a></li>' for s in board.sections)


def _filters(board: Board) -> str:
    return "".join(_filter(name, board.values(name)) for name in FILTERS if board.values(name))


def _filter(name: str, values: list[str]) -> str:
    options = "".join(f"<option>{_text(value)}</option>" for value in values)
    return (
        f'<label>{name}<select data-filter="{name}"><option value="">all</option>{options}'
        "</select></label>"
    )


def _facts(board: Board) -> str:
    return "".join(
        f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>"
        for name, value in board.facts.items()
    )


def _shown(value: Any) -> Any:
    """Return the data of charts and tables with every text printable."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items()}
    return [_shown(item) for item in value] if isinstance(value, list | tuple) else value


@cache
def _file(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def _library() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script."""
    bundle = str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
    return bundle.replace("</script", "<\\/script")
