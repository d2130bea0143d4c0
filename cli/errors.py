"""User errors: mistakes that the user of a command can fix."""

from collections.abc import Iterator
from contextlib import contextmanager

from governance.errors import GovernanceError

__all__ = ["UserError", "answering"]


class UserError(Exception):
    """User error, printed without a traceback: what, got, expected, next step."""


@contextmanager
def answering() -> Iterator[None]:
    """Convert governance errors to user errors."""
    try:
        yield
    except GovernanceError as error:
        raise UserError(str(error)) from error
