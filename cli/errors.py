"""The error of a command that is the user's to mend."""

from collections.abc import Iterator
from contextlib import contextmanager

from governance.errors import GovernanceError

__all__ = ["UserError", "answering"]


class UserError(Exception):
    """Shown as one line, without a traceback: what, got, expected, next step."""


@contextmanager
def answering(*kinds: type[Exception]) -> Iterator[None]:
    """Turn what the rooms refuse into the one line that a user reads.

    Args:
        kinds: Errors that are the user's beside `GovernanceError`.
    """
    refused: tuple[type[Exception], ...] = (GovernanceError, *kinds)
    try:
        yield
    except refused as error:
        raise UserError(str(error)) from error
