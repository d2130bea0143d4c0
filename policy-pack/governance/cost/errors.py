"""What cannot be priced because it cannot be right."""

from __future__ import annotations

from governance.errors import GovernanceError

__all__ = ["CostError", "UnknownInputError", "unpriceable"]


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


def unpriceable(error: UnknownInputError) -> CostError:
    """Return the error for an unknown without which nothing at all can be estimated."""
    return CostError(
        error.path,
        got="unknown",
        expected="a known value: without it nothing can be estimated",
        next_step="give it as a plain value in the stack file",
    )
