"""Files by digest: what is in the cache was whole and verified when it got there."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from governance.canonical import parse_sha256

from delivery.client import disk
from delivery.client.seal import seal, unseal
from delivery.delta.segments import Buffer
from delivery.errors import UpdateError

__all__ = ["Cache", "digest_of"]

_PIECE: Final = 1 << 20


class Cache:
    """``objects/<sha256>``, and ``parts/<sha256>`` for what is on its way.

    With a key, objects are sealed; parts are not, they are what the CDN gives to everybody.
    """

    def __init__(self, folder: Path, key: bytes | None = None) -> None:
        """Use a device's folder."""
        self.objects, self.parts = folder / "objects", folder / "parts"
        self._key = key

    def path(self, sha256: str) -> Path:
        """Return where a file is, or would be.

        Raises:
            DocumentError: If the digest is not one, and so no name of a file.
        """
        return self.objects / parse_sha256(sha256, name="cached file")

    def part(self, sha256: str) -> Path:
        """Return where a file is collected; see ``path``."""
        return self.parts / parse_sha256(sha256, name="collected file")

    def content(self, sha256: str) -> bytes | None:
        """Return a file's bytes when they are there and are still those; else ``None``."""
        try:
            data: bytes | None = self.path(sha256).read_bytes()
        except OSError:
            return None
        if self._key is not None and data is not None:
            data = unseal(self._key, sha256, data)
        return data if data is not None and hashlib.sha256(data).hexdigest() == sha256 else None

    def holds(self, sha256: str) -> bool:
        """Return whether a file is there and its bytes are still the ones of its name."""
        if self._key is not None:
            return self.content(sha256) is not None
        return digest_of(self.path(sha256)) == sha256

    def put(self, sha256: str, pieces: Iterable[bytes], *, length: int) -> None:
        """Keep a file that comes in pieces, if it is the one of its name.

        Raises:
            UpdateError: If it is another; nothing is kept of it.
        """
        checked = _checked(pieces, sha256, length)
        if self._key is not None:
            checked = iter([seal(self._key, sha256, b"".join(checked))])
        disk.write_pieces(self.path(sha256), checked)

    def adopt(self, sha256: str) -> None:
        """Move a collected file, which was verified, to its place."""
        if self._key is None:
            disk.move(self.part(sha256), self.path(sha256))
            return
        data = self.part(sha256).read_bytes()
        disk.write_whole(self.path(sha256), seal(self._key, sha256, data))
        disk.remove(self.part(sha256))

    @contextmanager
    def mapped(self, sha256: str) -> Iterator[Buffer]:
        """Give a file's bytes; one that is not sealed is not read into memory.

        Raises:
            UpdateError: If it is sealed and cannot be opened.
        """
        if self._key is not None:
            yield self._opened(sha256)
            return
        with (
            self.path(sha256).open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            yield data

    @contextmanager
    def runnable(self, sha256: str) -> Iterator[Path]:
        """Give a path that a model runtime can read; what was sealed never comes to the disk.

        Raises:
            UpdateError: If it is sealed and cannot be opened.
        """
        if self._key is None:
            yield self.path(sha256)
            return
        handle = os.memfd_create("model")
        try:
            disk.append(handle, self._opened(sha256))
            yield Path(f"/proc/{os.getpid()}/fd/{handle}")
        finally:
            os.close(handle)

    def _opened(self, sha256: str) -> bytes:
        data = self.content(sha256)
        if data is None:
            raise UpdateError(
                sha256[:12],
                got="a damaged file, or another key",
                expected="the file that was sealed",
                next_step="give the same key; otherwise it is downloaded again",
            )
        return data

    def clear_beside(self) -> None:
        """Remove what was half written when a process was killed."""
        disk.clear_beside(self.objects / "*")

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
