"""Errors of the model builder; each states what failed, what was found and a next step."""

from __future__ import annotations

import importlib
from types import ModuleType

from mobile_ai.contracts.errors import GovernanceError


class ModelBuildError(GovernanceError):
    """Base class: a build step that failed."""


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
