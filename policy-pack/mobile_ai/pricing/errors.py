"""Errors of pricing."""

from __future__ import annotations

from mobile_ai.contracts.errors import GovernanceError


class CostError(GovernanceError):
    """An input or a price file from which no valid estimate can be computed."""


class UnknownInputError(Exception):
    """An input is unknown before the update; its resource is reported as an unknown line.

    Attributes:
        path: Path of the property.
    """

    def __init__(self, path: str) -> None:
        """Keep the path."""
        super().__init__(f"{path} is not known before the update")
        self.path = path


def unpriceable(error: UnknownInputError) -> CostError:
    """Return the error for an unknown input that makes the whole estimate impossible."""
    return CostError(
        error.path,
        got="unknown",
        expected="a known value: without it nothing can be estimated",
        next_step="give it as a plain value in the stack file",
    )
