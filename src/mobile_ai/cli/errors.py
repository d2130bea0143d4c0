"""User errors: mistakes that the user of a command can fix."""

from collections.abc import Iterator
from contextlib import contextmanager

from mobile_ai.contracts.errors import GovernanceError

__all__ = ["UserError", "answering"]


class UserError(Exception):
    """User error, printed without a traceback: what, got, expected, next step."""


@contextmanager
def answering(*kinds: type[Exception]) -> Iterator[None]:
    """Convert errors of the rooms to user errors of one line.

    Args:
        kinds: Further error types to convert, beside `GovernanceError`.
    """
    refused: tuple[type[Exception], ...] = (GovernanceError, *kinds)
    try:
        yield
    except refused as error:
        raise UserError(str(error)) from error
