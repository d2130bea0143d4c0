"""Makes text of others safe to print: it starts no line, moves no cursor, turns no reading order.

Names and values come from pull requests, and end in terminals, logs and summaries. A line break in
one could write a line of its own (for a GitHub runner `::add-mask::...` is a command), an escape
character could repaint a terminal, and a bidirectional control could show `FAIL` as `PASS`
(https://trojansource.codes).
"""

from __future__ import annotations

import re

__all__ = ["printable", "printable_lines"]

# Commands of a GitHub runner, which it finds at the start of a line, after blanks too.
_COMMAND = re.compile(r"^(?=[ \t]*(?:::|##\[))", re.MULTILINE)


def printable(text: str) -> str:
    """Return a text as one line, with every character that prints nothing written as an escape."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def printable_lines(text: str) -> str:
    """Return a text of several lines, each printable and none of them a command to a runner."""
    lines = (printable(line.expandtabs()) for line in text.split("\n"))
    return _COMMAND.sub("| ", "\n".join(lines))
