"""Text from outside, made safe for each place where it is shown; every writer uses one of these.

Names and values come from pull requests, models, bills, devices and registries. A line break could
forge a log line (a GitHub runner executes ``::add-mask::...``), an ANSI escape could rewrite the
terminal, and a bidirectional control character could display ``FAIL`` as ``PASS``
(https://trojansource.codes). Escapes have the form of JSON's, so that a JSON document that is
printed keeps its meaning.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any, Final
from urllib.parse import quote

# Workflow commands of a GitHub runner: `##[...` anywhere in a line; `::name ...` at its start,
# where the wrapping of a table may move any text (actions/runner, ActionCommand.cs).
_ANYWHERE: Final = re.compile(
    r"##(?=\[)|::(?=(?:add-(?:mask|matcher|path)|debug|echo|endgroup|error|group|notice|"
    r"remove-matcher|save-state|set-(?:env|output)|stop-commands|warning)\b)",
    re.IGNORECASE,
)
_COMMAND: Final = re.compile(r"^(?=[ \t]*(?:::|##\[))", re.MULTILINE)
# Characters that `str.isprintable` accepts and that show nothing: fillers, joiners and variation
# selectors (Default_Ignorable_Code_Point of DerivedCoreProperties.txt), and the blank of Braille.
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_BREAK: Final = "<!-- -->"
# What GitHub makes of text after Markdown was parsed, where an escape is gone already: mentions,
# references to issues, emoji, addresses (https://github.com/github/cmark-gfm/issues/181).
_AUTOMATIC: Final = re.compile(
    r"@|\#(?=\d)|\bGH-(?=\d)|:(?=//|(?!\d+:)[\w+-]+:|1(?:00|234):)|\bwww(?=\.)",
    re.IGNORECASE | re.ASCII,
)
_MARKDOWN: Final = re.compile(r"[\\`*_\[\]!|~]")
# Starts of a heading, a quotation, a list, a line across, an underlined heading, a table.
_BLOCK: Final = re.compile(
    r"^(?:(?=#{1,6}(?:\s|$)|>|[-+](?:\s|$)|[=-]+\s*$|:-)|(\d{1,9})(?=[.)](?:\s|$)))"
)
_NUMBER: Final = re.compile(r"[-+]?\d[\d.,]*(?:[eE][-+]?\d+)?")


def printable(text: str) -> str:
    """Return a text as one line, with every character that does not show as itself escaped."""
    if not text.isprintable():
        text = "".join(one if one.isprintable() else _escape(one) for one in text)
    if not text.isascii():
        text = _INVISIBLE.sub(lambda found: _escape(found[0]), text)
    return _ANYWHERE.sub(lambda found: _escape(found[0][0]) + found[0][1], text)


def printable_lines(text: str) -> str:
    """Return a text of several lines, each printable and none a workflow command."""
    lines = (printable(line.expandtabs()) for line in text.split("\n"))
    return _COMMAND.sub("| ", "\n".join(lines))


def printable_json(value: Any, *, indent: int | None = None) -> str:
    """Return a value as JSON that can be printed; it reads back as the same value."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return "\n".join(map(printable, text.split("\n")))


def markdown(text: str, *, starts_block: bool = True) -> str:
    """Return a text for a line of GitHub's Markdown, where it is nothing but text.

    Args:
        text: The text.
        starts_block: Whether a paragraph, a heading or a list item may begin with it; in a cell of
            a table or behind other text it begins none.
    """
    lines = (line.strip() for line in printable_lines(text).splitlines())
    shown = "<br>".join(_markdown_line(line) for line in lines if line)
    return _BLOCK.sub(r"\1\\", shown) if starts_block else shown


def markdown_code(text: str) -> str:
    """Return a text as a code span of Markdown, outside of tables."""
    shown = printable(text).strip() or "-"
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    pad = " " if "`" in shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def html_text(text: str) -> str:
    """Return a text for an element or a quoted attribute of HTML."""
    return html.escape(printable(text), quote=True)


def sarif_text(text: str) -> str:
    """Return a text as a plain message of SARIF, which would read ``[text](target)`` as a link.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, section 3.11.6
    """
    shown = printable_lines(text)
    return re.sub(r"[\\\[\]]", r"\\\g<0>", shown) if "](" in shown else shown


def relative_uri(path: str) -> str:
    """Return a path as a relative URI reference: its first segment is never read as a scheme."""
    return quote(path, safe="/", errors="surrogatepass")


def csv_cell(text: str) -> str:
    """Return a text for a cell of CSV, which a spreadsheet does not run as a formula.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    is_formula = text[:1] in {"=", "@", "\t", "\r"} or (
        text[:1] in {"+", "-"} and len(text) > 1 and not _NUMBER.fullmatch(text)
    )
    return f"'{text}" if is_formula else text


def _markdown_line(line: str) -> str:
    escaped = _MARKDOWN.sub(r"\\\g<0>", line.replace("&", "&amp;").replace("<", "&lt;"))
    # As documented by GitHub, a dollar sign in an element of its own begins no formula.
    escaped = escaped.replace("$", "<span>$</span>")
    return _AUTOMATIC.sub(rf"\g<0>{_BREAK}", escaped)


def _escape(character: str) -> str:
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
    if short is not None:
        return short
    units = character.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
