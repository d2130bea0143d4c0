"""Where a target is served."""

from __future__ import annotations

from urllib.parse import quote

from tuf.api.metadata import TargetFile

__all__ = ["target_url"]


def target_url(base: str, target: TargetFile) -> str:
    """Return the address of a target.

    TUF puts the digest before the file's name (section 6.2.1); a name that has it already is
    left alone, so that artifacts of several versions can stand side by side.
    """
    sha256 = target.hashes["sha256"]
    directory, slash, name = target.path.rpartition("/")
    prefixed = name if name.startswith(f"{sha256}.") else f"{sha256}.{name}"
    return f"{base.rstrip('/')}/{quote(f'{directory}{slash}{prefixed}')}"
