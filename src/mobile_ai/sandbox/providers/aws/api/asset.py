"""Contents of assets and archives, which the engine passes as paths and texts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from mobile_ai.sandbox.providers.errors import ProviderError
from mobile_ai.sandbox.providers.values import Special

# Fixed timestamp, so that equal files give equal archives.
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def content_of(special: Special) -> bytes:
    """Return the bytes of an asset; an archive becomes a ZIP file.

    Raises:
        ProviderError: A file cannot be read, or the content is at a URL.
    """
    try:
        if special.kind == "asset":
            return _asset(special.fields)
        path = special.fields.get("path")
        if isinstance(path, str) and Path(path).is_file():
            return Path(path).read_bytes()
        return _zipped(dict(_entries("", special)))
    except OSError as error:
        raise ProviderError(
            f"an asset cannot be read: got {error}; expected a file that exists while the program "
            "is deployed"
        ) from error


def _asset(fields: Mapping[str, Any]) -> bytes:
    text, path = fields.get("text"), fields.get("path")
    if isinstance(path, str) and path:
        return Path(path).read_bytes()
    if isinstance(text, str):
        return text.encode()
    raise ProviderError("an asset has neither a path nor a text; a stand-in fetches no URL")


def _entries(prefix: str, special: Special) -> Iterator[tuple[str, bytes]]:
    if special.kind == "asset":
        yield prefix, content_of(special)
        return
    path, assets = special.fields.get("path"), special.fields.get("assets")
    if isinstance(path, str):
        root = Path(path)
        for file in sorted(root.rglob("*")):
            if file.is_file():
                yield f"{prefix}/{file.relative_to(root).as_posix()}".lstrip("/"), file.read_bytes()
    elif isinstance(assets, dict):
        for name, item in assets.items():
            if isinstance(item, Special):
                yield from _entries(f"{prefix}/{name}".lstrip("/"), item)


def _zipped(entries: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(entries):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), entries[name])
    return buffer.getvalue()
