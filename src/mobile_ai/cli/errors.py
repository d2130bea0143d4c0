"""User errors: mistakes that the user of a command can fix."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from mobile_ai.contracts.printable import printable

DISTRIBUTION: Final = "mobile-ai-delivery"
"""Name of the installed distribution."""
# What a file system answers where the call had no name of a file.
_OF_FILES: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM}
)


class UserError(Exception):
    """User error, printed without a traceback: what, got, expected, next step."""


@contextmanager
def answering(*kinds: type[Exception]) -> Iterator[None]:
    """Convert errors of rooms whose import takes long; `GovernanceError` needs none."""
    try:
        yield
    except kinds as error:
        raise UserError(str(error)) from error


def file_error(error: OSError) -> str:
    """Return the message about a file that cannot be used; empty if no file is the cause."""
    if not error.filename and error.errno not in _OF_FILES:
        return ""
    place = printable(str(error.filename or "disk"))
    return (
        f"{place}: got {error.strerror}; expected a file or folder that can be "
        "used. Next: check its path, its permissions and the free space, then run it again."
    )


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
