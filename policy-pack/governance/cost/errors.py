"""What cannot be priced because it cannot be right."""

from __future__ import annotations

from governance.errors import GovernanceError

__all__ = ["CostError", "UnknownInputError"]


class CostError(GovernanceError):
    """An input or a price file that no honest sum can be made of."""


class UnknownInputError(Exception):
    """An input is not known yet; its resource becomes a line that says so.

    Attributes:
        path: The property.
    """

    def __init__(self, path: str) -> None:
        """Keep the path."""
        super().__init__(f"{path} is not known before the update")
        self.path = path
