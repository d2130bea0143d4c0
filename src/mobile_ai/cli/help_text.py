"""Help texts from docstrings, wrapped to the terminal and not as the source is."""

import inspect
from collections.abc import Callable
from typing import Any

import typer


def unwrapped(command: Callable[..., Any]) -> str | None:
    """Return a command's docstring with each paragraph on one line; None without a docstring."""
    text = inspect.getdoc(command)
    if text is None:
        return None
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def unwrap_all(app: typer.Typer) -> None:
    """Give every command of an application, and of those in it, its unwrapped help text."""
    for item in app.registered_commands:
        if item.help is None and item.callback is not None:
            item.help = unwrapped(item.callback)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            unwrap_all(group.typer_instance)
