"""Whose a cost is, from the project down to the ring."""

from dataclasses import dataclass
from typing import Final

__all__ = ["DIMENSIONS", "Owner"]

DIMENSIONS: Final = ("project", "team", "app", "model", "version", "ring")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Owner:
    """Whose a cost is; an empty level means that nobody measured or tagged it that far.

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
        """Return the levels that are asked for, in that order."""
        return tuple(getattr(self, name) for name in dimensions)
