"""Cost owner dimensions, from the project down to the ring."""

from dataclasses import dataclass
from typing import Final

DIMENSIONS: Final = ("project", "team", "app", "model", "version", "ring")
"""Dimensions of a cost's owner, from general to specific."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class CostOwner:
    """Owner of a cost; an empty level was neither measured nor tagged.

    Attributes:
        project: The cost tag.
        team: The cost tag.
        app: The application.
        model: The model that it used.
        version: The version of the model.
        ring: The ring of the devices.
    """

    project: str = ""
    team: str = ""
    app: str = ""
    model: str = ""
    version: str = ""
    ring: str = ""

    def at(self, dimensions: tuple[str, ...]) -> tuple[str, ...]:
        """Return the requested levels, in that order."""
        return tuple(getattr(self, name) for name in dimensions)
