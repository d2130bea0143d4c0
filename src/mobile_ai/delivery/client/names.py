"""Addresses of targets on the CDN."""

from __future__ import annotations

from urllib.parse import quote

from tuf.api.metadata import TargetFile

from mobile_ai.contracts.released import served_name


def target_url(base: str, target: TargetFile, *, access: str) -> str:
    """Return the address of a target (see ``served_name``), with the access query if any."""
    name = quote(served_name(target.path, target.hashes["sha256"]))
    return f"{base.rstrip('/')}/{name}{'?' if access else ''}{access}"
