"""Makes text of others safe to print: it starts no line, moves no cursor, turns no reading order.

Names and values come from pull requests, and end in terminals, logs and summaries. A line break in
one could write a line of its own (for a GitHub runner `::add-mask::...` is a command), an escape
character could repaint a terminal, and a bidirectional control could show `FAIL` as `PASS`
(https://trojansource.codes).
"""

from __future__ import annotations

import re

__all__ = ["printable", "printable_lines"]

# Commands of a GitHub runner: `##[...` anywhere in a line; `::name ...` at its start, which a table
# that wraps may put anywhere (actions/runner, ActionCommand.cs).
_ANYWHERE = re.compile(
    r"##(?=\[)|::(?=(?:add-(?:mask|matcher|path)|debug|echo|endgroup|error|group|notice|"
    r"remove-matcher|save-state|set-(?:env|output)|stop-commands|warning)\b)"
)
_COMMAND = re.compile(r"^(?=[ \t]*(?:::|##\[))", re.MULTILINE)


def printable(text: str) -> str:
    """Return a text as one line, with every character that prints nothing written as an escape."""
    if not text.isprintable():
        text = "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode()
            for character in text
        )
    return _ANYWHERE.sub(lambda found: rf"\x{ord(found[0][0]):x}{found[0][1]}", text)


def printable_lines(text: str) -> str:
    """Return a text of several lines, each printable and none of them a command to a runner."""
    lines = (printable(line.expandtabs()) for line in text.split("\n"))
    return _COMMAND.sub("| ", "\n".join(lines))
