"""Values of a manifest that may not be known.

A value that nobody measured or declared is the text ``unknown``, never 0 and never absent:
rules that need it deny.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from mobile_ai.contracts.manifest_parts import ManifestPart

Unknown = Literal["unknown"]
"""Value that nobody measured, declared or derived."""
UNSTATED: Final[Unknown] = "unknown"
"""The one value of ``Unknown``."""

Count = Annotated[int, Field(ge=1)]
"""Number of things; 0 is never a measurement of them."""
Positive = Annotated[float, Field(gt=0)]
"""Measured figure that cannot be 0."""


_How = Literal["measured", "declared", "derived"]


def known(figure: float | Unknown) -> float | None:
    """Return a figure, or ``None`` if it is unknown."""
    return None if isinstance(figure, str) else figure


class StatedCount(ManifestPart):
    """A whole number and how it is known."""

    value: Count
    how: _How


class StatedText(ManifestPart):
    """A text and how it is known."""

    value: str
    how: _How


class StatedTexts(ManifestPart):
    """Texts and how they are known."""

    value: tuple[str, ...]
    how: _How
