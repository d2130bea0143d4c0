"""Files by digest: what is in the cache was whole and verified when it got there."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tuf.api.metadata import TargetFile

from delivery.client import disk
from delivery.errors import UpdateError

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

    def put(self, sha256: str, pieces: Iterable[bytes], *, length: int) -> Path:
        """Keep a file that comes in pieces, if it is the one of its name.

        Raises:
            UpdateError: If it is another; nothing is kept of it.
        """
        disk.write_pieces(self.path(sha256), _checked(pieces, sha256, length))
        return self.path(sha256)

    @contextmanager
    def mapped(self, sha256: str) -> Iterator[mmap.mmap]:
        """Give a file's bytes without reading them into memory."""
        with (
            self.path(sha256).open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            yield data

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


def _checked(pieces: Iterable[bytes], sha256: str, length: int) -> Iterator[bytes]:
    """Yield the pieces; fail at their end, before they count, if they are not the file."""
    digest, received = hashlib.sha256(), 0
    for piece in pieces:
        received += len(piece)
        if received > length:
            break
        digest.update(piece)
        yield piece
    if received != length or digest.hexdigest() != sha256:
        raise UpdateError(
            sha256[:12],
            got=f"{received} bytes with sha256 {digest.hexdigest()}",
            expected=f"{length} bytes with the sha256 signed",
            next_step="get it in another way",
        )


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
