"""What can go wrong while a model is built: one small tree, every message complete."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Self

__all__ = ["BuildError", "DataError", "MissingExtraError", "RecipeError", "need"]


class BuildError(Exception):
    """A build that cannot go on.

    Args:
        what: The thing that is wrong, by name.
        got: What was found.
        expected: What would have been right.
        next_step: What the reader can do.
    """

    def __init__(self, what: str, *, got: str, expected: str, next_step: str) -> None:
        """Compose the message from its four parts."""
        self.what = what
        super().__init__(f"{what}: got {got}; expected {expected}; {next_step}")

    @classmethod
    def advising(cls, next_step: str) -> Callable[[str, str, str], Self]:
        """Return a constructor, of what, got and expected, for errors with one next step."""
        return lambda what, got, expected: cls(
            what, got=got, expected=expected, next_step=next_step
        )


class RecipeError(BuildError):
    """A recipe that says something impossible."""


class DataError(BuildError):
    """A data set that is not what its lock says."""


class MissingExtraError(BuildError):
    """A part of the `[build]` extra that is not installed."""


def need(module: str) -> ModuleType:
    """Import a module of the `[build]` extra.

    Raises:
        MissingExtraError: If it is not installed, naming the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"module {module}",
            got=str(error),
            expected="the build extra",
            next_step="run: uv sync --frozen --extra build",
        ) from error
