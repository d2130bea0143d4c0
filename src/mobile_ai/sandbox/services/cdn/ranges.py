"""Byte ranges of a response (RFC 9110, section 14)."""

import re
from typing import Final

UNSATISFIABLE: Final = range(-1, -1)
_ONE: Final = re.compile(r"bytes=\s*(\d*)-(\d*)\s*")


def parse_range(header: str, size: int) -> range | None:
    """Return the bytes that a `Range` header requests.

    Args:
        header: Value of the header.
        size: Size of the whole body in bytes.

    Returns:
        The range; `UNSATISFIABLE` if it lies outside of the body; None for several ranges or an
        invalid header, for which the whole body is returned.
    """
    match = _ONE.fullmatch(header)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    return range(start, stop) if start < stop else UNSATISFIABLE
