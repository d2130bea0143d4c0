"""The one error of this package: a file is refused, and why."""

from __future__ import annotations

from model_build.errors import BuildError

__all__ = ["InspectionError"]


class InspectionError(BuildError):
    """A file that is not loaded."""
