"""Technical documentation as Markdown and as a page to print."""

from collections.abc import Iterator, Sequence
from typing import Final

from mobile_ai.contracts.printable import html_text, markdown
from mobile_ai.operations.evidence.document import Point, TechnicalDocument

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_STYLE: Final = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; border-bottom: 1px solid #bbb; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
table { border-collapse: collapse; width: 100%; margin: .25rem 0; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0;
  border-bottom: 1px solid #ddd; overflow-wrap: anywhere; }
th { font-weight: 600; } th.name { width: 26%; } th.source { width: 26%; }
td.source { color: #555; font-size: .85em; }
.status { font-size: .8rem; font-weight: 600; padding: .05rem .5rem; border-radius: 1rem;
  border: 1px solid currentColor; white-space: nowrap; margin-left: .4rem; }
.stated { color: #1b5e20; } .partly { color: #8a4b00; } .missing { color: #a4121c; }
.not { color: #555; }
ul.gaps { margin: .25rem 0; padding-left: 1.2rem; } ul.gaps li { color: #a4121c; }
.quiet { color: #555; }
@page { size: A4; margin: 18mm; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; }
  h2, h3 { break-after: avoid; } tr, li { break-inside: avoid; } }
"""


def render_document_markdown(document: TechnicalDocument) -> str:
    """Return the document as Markdown."""
    return "\n".join(_markdown(document)) + "\n"


def _markdown(document: TechnicalDocument) -> Iterator[str]:
    yield f"# {markdown(_title(document))}"
    yield ""
    yield markdown(f"{document.regulation}. {document.obligation}")
    yield ""
    yield from _markdown_table(_facts(document), ("about", "value"))
    yield ""
    yield "## Missing"
    yield ""
    yield from _markdown_table(
        [(at, gap.what, gap.who) for at, gap in document.gaps],
        ("point", "missing", "who could supply it"),
    )
    for section in document.sections:
        yield ""
        yield f"## {section.number} {markdown(section.title, starts_block=False)}"
        for point in section.points:
            yield from _markdown_point(point)


def _markdown_point(point: Point) -> Iterator[str]:
    yield ""
    yield f"### {markdown(f'{point.id} {point.title}', starts_block=False)}: {point.status}"
    yield ""
    if point.note:
        yield from (markdown(point.note), "")
    if point.facts:
        facts = [(fact.name, fact.value, fact.source) for fact in point.facts]
        yield from _markdown_table(facts, ("what", "value", "source"))
    if point.facts and point.gaps:
        yield ""
    yield from (f"- missing: {markdown(f'{gap.what}; from {gap.who}')}" for gap in point.gaps)


def _markdown_table(rows: Sequence[tuple[str, ...]], heads: tuple[str, ...]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(markdown(cell, starts_block=False) for cell in row)} |"


def render_document_html(document: TechnicalDocument) -> str:
    """Return the document as a page in one file, to read and to print."""
    title = html_text(_title(document))
    facts = "".join(_html_row(row) for row in _facts(document))
    missing = "".join(_html_row((at, gap.what, gap.who)) for at, gap in document.gaps)
    heads = '<tr><th scope="col" class="name">{}</th><th scope="col">{}</th>{}</tr>'
    who = '<th scope="col" class="source">who could supply it</th>'
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{title}</h1>
<p>{html_text(document.regulation)}. {html_text(document.obligation)}</p>
<table><thead>{heads.format("about", "value", "")}</thead><tbody>{facts}</tbody></table>
<h2>Missing</h2>
<table><thead>{heads.format("point", "missing", who)}</thead><tbody>{missing}</tbody></table>
{"".join(_html_section(document))}
</body>
</html>
"""


def _html_section(document: TechnicalDocument) -> Iterator[str]:
    for section in document.sections:
        yield f"<h2>{section.number} {html_text(section.title)}</h2>\n"
        yield from map(_html_point, section.points)


def _html_point(point: Point) -> str:
    kind = point.status.partition(" ")[0]
    title = f"{html_text(point.id)} {html_text(point.title)}"
    facts = "".join(_html_row((one.name, one.value, one.source)) for one in point.facts)
    gaps = "".join(
        f"<li>missing: {html_text(gap.what)}; from {html_text(gap.who)}</li>" for gap in point.gaps
    )
    heads = (
        '<thead><tr><th scope="col" class="name">what</th><th scope="col">value</th>'
        '<th scope="col" class="source">source</th></tr></thead>'
    )
    return (
        f'<h3>{title} <span class="status {kind}">{point.status}</span></h3>'
        + (f'<p class="quiet">{html_text(point.note)}</p>' if point.note else "")
        + (f"<table>{heads}<tbody>{facts}</tbody></table>" if facts else "")
        + (f'<ul class="gaps">{gaps}</ul>' if gaps else "")
        + "\n"
    )


def _html_row(row: tuple[str, ...]) -> str:
    head, *cells = map(html_text, row)
    last = f'<td class="source">{cells.pop()}</td>' if len(row) > len(("name", "value")) else ""
    return f'<tr><th scope="row">{head}</th>{"".join(f"<td>{c}</td>" for c in cells)}{last}</tr>'


def _title(document: TechnicalDocument) -> str:
    named = f"{document.model} {document.version} in {document.deployment}"
    return f"Technical documentation: {named}, stack {document.stack}"


def _facts(document: TechnicalDocument) -> list[tuple[str, str]]:
    counts = ", ".join(f"{count} {status}" for status, count in document.counts.items())
    rows = [
        ("points of Annex IV", counts),
        ("risk class", document.risk_class),
        ("environment", document.environment),
        ("manifest, sha256", document.manifest),
    ]
    for one in document.signatures:
        when = f", issued {one.issued}" if one.issued else ""
        when += f", expires {one.expires}" if one.expires else ""
        rows.append((f"{one.kind}, role {one.role}", f"signed by {', '.join(one.signers)}{when}"))
    return rows
