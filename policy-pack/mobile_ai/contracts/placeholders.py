"""Words that messages, help and drafts write in place of a value, which nobody may take for one."""

from __future__ import annotations

import re
from typing import Final

_PLACEHOLDER: Final = re.compile(
    r"(?:ACCOUNT|ADDRESS|AUDIENCE|BUCKET|BUDGET|CONTEXT|DIGEST|DOMAIN|FIELD|ISSUER|KEY|MAIL|NAME|"
    r"NUMBER|OWNER|PERSON|REASON|REGION|REPOSITORY|ROLE|STACK|TICKET|TODO|TYPE|URI|URL|VALUE|"
    r"X{2,})S?|<[^<>]*>|\{[^{}]*\}|\.{3}|…"
)


def is_placeholder(text: str) -> bool:
    """Return whether a text as a whole stands for a value that somebody should have filled in."""
    return _PLACEHOLDER.fullmatch(text.strip()) is not None
