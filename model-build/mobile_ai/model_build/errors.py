"""Errors of the model builder; each states what failed, what was found and a next step."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Self

__all__ = ["DataError", "MissingExtraError", "ModelBuildError", "RecipeError", "need"]


class ModelBuildError(Exception):
    """Base class: a build step that failed.

    Args:
        what: Name of the examined thing.
        got: The value found.
        expected: Accepted values.
        next_step: An action that resolves it.
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


class RecipeError(ModelBuildError):
    """An invalid recipe."""


class DataError(ModelBuildError):
    """A data set that is missing or differs from its lock entry."""


class MissingExtraError(ModelBuildError):
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
            expected="the packages of the extra build",
            next_step="Next: pip install 'mobile-ai-delivery[build]'",
        ) from error
