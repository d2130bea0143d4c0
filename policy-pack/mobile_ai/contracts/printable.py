"""Neutralizes untrusted text before it is printed to terminals, logs and summaries.

Names and values come from pull requests. A line break could forge a log line (a GitHub runner
executes `::add-mask::...`), an ANSI escape could rewrite the terminal, and a bidirectional control
character could display `FAIL` as `PASS` (https://trojansource.codes).
"""

from __future__ import annotations

import re

# Workflow commands of a GitHub runner: `##[...` anywhere in a line; `::name ...` at its start,
# where the wrapping of a table may move any text (actions/runner, ActionCommand.cs).
_ANYWHERE = re.compile(
    r"##(?=\[)|::(?=(?:add-(?:mask|matcher|path)|debug|echo|endgroup|error|group|notice|"
    r"remove-matcher|save-state|set-(?:env|output)|stop-commands|warning)\b)"
)
_COMMAND = re.compile(r"^(?=[ \t]*(?:::|##\[))", re.MULTILINE)


def printable(text: str) -> str:
    """Return a text as one line, with every non-printable character escaped."""
    if not text.isprintable():
        text = "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode()
            for character in text
        )
    return _ANYWHERE.sub(lambda found: rf"\x{ord(found[0][0]):x}{found[0][1]}", text)


def printable_lines(text: str) -> str:
    """Return a text of several lines, each printable and none a workflow command."""
    lines = (printable(line.expandtabs()) for line in text.split("\n"))
    return _COMMAND.sub("| ", "\n".join(lines))
