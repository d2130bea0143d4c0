"""User errors: mistakes that the user of a command can fix."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from mobile_ai.contracts.errors import GovernanceError

DISTRIBUTION: Final = "mobile-ai-delivery"


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


def missing_extra(error: Exception, extra: str) -> str:
    """Return the message about an extra that is not installed; empty for any other error.

    Args:
        error: Error of an import, at start or later: heavy packages are imported when used.
        extra: The extra that the command needs; empty if the base is enough for it.
    """
    if not isinstance(error, ModuleNotFoundError) or not extra:
        return ""
    module = (error.name or "").partition(".")[0]
    if module in {"", "mobile_ai"}:
        return ""
    return (
        f"module {module}: got {error}; expected the packages of the extra {extra}. "
        f"Next: pip install '{DISTRIBUTION}[{extra}]'"
    )
