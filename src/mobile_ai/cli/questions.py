"""Questions to a person at the terminal, and how to answer where there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import typer

from mobile_ai.cli.errors import UserError

Answer = TypeVar("Answer")


def ask(question: str, *, instead: str) -> str:
    """Return a person's answer.

    Args:
        question: The question.
        instead: Next step where nobody can answer, such as the option to pass.

    Raises:
        UserError: If the input ends before the answer.
    """
    return _answered(lambda: str(typer.prompt(question)), question, instead)


def confirm(question: str, *, instead: str) -> bool:
    """Return whether a person agrees (see ``ask``)."""
    return _answered(lambda: typer.confirm(question), question, instead)


def _answered(get: Callable[[], Answer], question: str, instead: str) -> Answer:
    try:
        return get()
    except typer.Abort as stop:
        if isinstance(stop.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise UserError(
            f"{question}: got the end of the input; expected an answer. "
            f"Next: {instead}, or answer at a terminal (docs/records.md); nothing was written."
        ) from None
