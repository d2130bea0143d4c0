"""Files by digest: what is in the cache was whole and verified when it got there."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Final

from tuf.api.metadata import TargetFile

from delivery.client import disk

__all__ = ["Cache", "digest_of"]

_PIECE: Final = 1 << 20


class Cache:
    """``objects/<sha256>``, and ``parts/<sha256>`` for what is on its way."""

    def __init__(self, folder: Path) -> None:
        """Use a device's folder."""
        self.objects, self.parts = folder / "objects", folder / "parts"

    def path(self, sha256: str) -> Path:
        """Return where a file is, or would be."""
        return self.objects / sha256

    def part(self, sha256: str) -> Path:
        """Return where a file is collected."""
        return self.parts / sha256

    def read(self, target: TargetFile) -> bytes | None:
        """Return a file's bytes when they are there and are still those; else ``None``."""
        sha256 = target.hashes["sha256"]
        try:
            data = self.path(sha256).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def holds(self, sha256: str) -> bool:
        """Return whether a file is there and its bytes are still the ones of its name."""
        return digest_of(self.path(sha256)) == sha256

    def put(self, sha256: str, data: bytes) -> Path:
        """Keep bytes that were verified."""
        disk.write_whole(self.path(sha256), data)
        return self.path(sha256)

    def adopt(self, sha256: str) -> Path:
        """Move a collected file, which was verified, to its place."""
        disk.move(self.part(sha256), self.path(sha256))
        return self.path(sha256)

    def forget_all_but(self, kept: Collection[str]) -> None:
        """Remove what nobody needs any more."""
        for folder in (self.objects, self.parts):
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                if path.name not in kept:
                    disk.remove(path)


def digest_of(path: Path) -> str | None:
    """Return the SHA-256 of a file, or ``None`` when it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    except OSError:
        return None
    return digest.hexdigest()
