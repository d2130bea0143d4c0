"""Writes a model card as Markdown and HTML; values of strangers are text and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mobile_ai.contracts.evidence import VerifiedModel
from mobile_ai.contracts.printable import html_text, markdown
from mobile_ai.model_build.model_card import model_card

# The page loads nothing and runs nothing, whatever a value says.
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:.5rem 0}td,th{border:1px solid #bbb;padding:.3rem .6rem;"
    "text-align:left;vertical-align:top;overflow-wrap:break-word}th{background:#f2f2f2}"
    ".scroll{overflow-x:auto}"
)


def card_markdown(model: VerifiedModel) -> str:
    """Return the card as Markdown."""
    title, sections = model_card(model)
    lines = [f"# {markdown(title)}", ""]
    for section in sections:
        lines += [f"## {markdown(section.title)}", ""]
        for text in section.text:
            lines += [markdown(text), ""]
        if section.rows:
            lines += [_cells(section.head), _cells(["---"] * len(section.head), raw=True)]
            lines += [*map(_cells, section.rows), ""]
    return "\n".join(lines).rstrip() + "\n"


def card_html(model: VerifiedModel) -> str:
    """Return the card as one page of HTML that loads nothing."""
    title, sections = model_card(model)
    body = [f"<h1>{html_text(title)}</h1>"]
    for section in sections:
        body.append(f"<h2>{html_text(section.title)}</h2>")
        body += [f"<p>{html_text(text)}</p>" for text in section.text]
        if section.rows:
            body += ['<div class="scroll"><table>', _row(section.head, "th")]
            body += [_row(row, "td") for row in section.rows]
            body.append("</table></div>")
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
    )
    return head + "\n".join(body) + "\n</body>\n</html>\n"


def _cells(values: Iterable[str], *, raw: bool = False) -> str:
    shown = values if raw else (markdown(item, starts_block=False) or "-" for item in values)
    return f"| {' | '.join(shown)} |"


def _row(values: tuple[str, ...], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{html_text(item)}</{tag}>' for item in values)}</tr>"
