"""The table of record types in ``docs/records.md``, between its two markers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from mobile_ai.signing.schemas import types_table

__all__ = ["records_page"]

_TABLE: Final = re.compile(r"(<!-- types -->\n).*?(<!-- /types -->)", re.DOTALL)


def records_page(path: Path) -> str:
    """Return the page with its table as the contracts have it."""
    page, found = _TABLE.subn(
        lambda match: match.group(1) + types_table() + match.group(2), path.read_text("utf-8")
    )
    if found != 1:
        raise ValueError(f"{path} has {found} tables between <!-- types --> and <!-- /types -->")
    return page
