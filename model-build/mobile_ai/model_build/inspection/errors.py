"""Error of the inspection."""

from __future__ import annotations

from mobile_ai.model_build.errors import ModelBuildError


class InspectionError(ModelBuildError):
    """A file is refused and must not be loaded."""
