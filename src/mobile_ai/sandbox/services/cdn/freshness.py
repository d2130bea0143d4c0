"""Freshness lifetime of a response in a shared cache (RFC 9111)."""

import re
from collections.abc import Mapping
from typing import Final

# CloudFront's default TTL without cache headers and cache policy.
_DEFAULT_SECONDS: Final = 86_400
_NEVER: Final = ("no-store", "private")


def lifetime_seconds(headers: Mapping[str, str]) -> int | None:
    """Return the freshness lifetime of a response; None if it must not be stored.

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
    """Return whether a stale response must not be served, even if the origin is unreachable."""
    said = _directives(headers.get("cache-control", ""))
    return any(word in said for word in ("must-revalidate", "proxy-revalidate", "no-cache"))


def _directives(text: str) -> dict[str, str]:
    parts = (part.strip().lower().partition("=") for part in re.split(r",", text) if part.strip())
    return {name: value.strip('"') for name, _, value in parts}
