"""How long a response may be kept and served: RFC 9111, as a shared cache."""

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["lifetime_seconds", "revalidates"]

# CloudFront's default where neither the origin nor a cache policy says anything.
_DEFAULT_SECONDS: Final = 86_400
_NEVER: Final = ("no-store", "private")


def lifetime_seconds(headers: Mapping[str, str]) -> int | None:
    """Return how long a response is fresh; None when it may not be kept at all.

    Args:
        headers: Response headers of the origin, names in lower case.
    """
    said = _directives(headers.get("cache-control", ""))
    if any(word in said for word in _NEVER):
        return None
    if "no-cache" in said:
        return 0
    for word in ("s-maxage", "max-age"):
        if said.get(word, "").isdigit():
            return int(said[word])
    return _DEFAULT_SECONDS


def revalidates(headers: Mapping[str, str]) -> bool:
    """Tell whether a stale response may not be served, not even when the origin is away."""
    said = _directives(headers.get("cache-control", ""))
    return any(word in said for word in ("must-revalidate", "proxy-revalidate", "no-cache"))


def _directives(text: str) -> dict[str, str]:
    parts = (part.strip().lower().partition("=") for part in re.split(r",", text) if part.strip())
    return {name: value.strip('"') for name, _, value in parts}
