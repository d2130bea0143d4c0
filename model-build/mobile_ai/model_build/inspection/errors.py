"""Error of the inspection."""

from __future__ import annotations

from mobile_ai.model_build.errors import BuildError

__all__ = ["InspectionError"]


class InspectionError(BuildError):
    """A file is refused and must not be loaded."""
