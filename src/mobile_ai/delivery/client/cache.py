"""Content-addressed file cache; content is verified before it enters."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from mobile_ai.contracts.canonical import parse_sha256
from mobile_ai.delivery.client import disk
from mobile_ai.delivery.client.cache_encryption import seal, unseal
from mobile_ai.delivery.delta.segments import Buffer
from mobile_ai.delivery.errors import UpdateError

_PIECE: Final = 1 << 20


class TargetCache:
    """Verified files in ``objects/<sha256>``, partial downloads in ``parts/<sha256>``.

    With a key, objects are encrypted; parts are not: the CDN serves the same bytes to everybody.
    """

    def __init__(self, folder: Path, key: bytes | None = None) -> None:
        """Use the device's folder."""
        self.objects, self.parts = folder / "objects", folder / "parts"
        self._key = key

    def path(self, sha256: str) -> Path:
        """Return the path of a cached file, present or not.

        Raises:
            DocumentError: If ``sha256`` is not a digest, and so not safe as a file name.
        """
        return self.objects / parse_sha256(sha256, name="cached file")

    def part(self, sha256: str) -> Path:
        """Return the path of a partial download; errors as ``path``."""
        return self.parts / parse_sha256(sha256, name="collected file")

    def content(self, sha256: str) -> bytes | None:
        """Return a file's verified bytes, or ``None`` if it is missing or damaged."""
        try:
            data: bytes | None = self.path(sha256).read_bytes()
        except OSError:
            return None
        if self._key is not None and data is not None:
            data = unseal(self._key, sha256, data)
        return data if data is not None and hashlib.sha256(data).hexdigest() == sha256 else None

    def holds(self, sha256: str) -> bool:
        """Return whether a file is present and its bytes still match its digest."""
        if self._key is not None:
            return self.content(sha256) is not None
        return digest_of(self.path(sha256)) == sha256

    def put(self, sha256: str, pieces: Iterable[bytes], *, length: int) -> None:
        """Store a file that arrives in pieces, after its length and digest were checked.

        Raises:
            UpdateError: If either differs; nothing is stored.
        """
        checked = _checked(pieces, sha256, length)
        if self._key is not None:
            checked = iter([seal(self._key, sha256, b"".join(checked))])
        disk.write_pieces(self.path(sha256), checked)

    def adopt(self, sha256: str) -> None:
        """Move a verified download into the cache."""
        if self._key is None:
            disk.move(self.part(sha256), self.path(sha256))
            return
        data = self.part(sha256).read_bytes()
        disk.write_whole(self.path(sha256), seal(self._key, sha256, data))
        disk.remove(self.part(sha256))

    @contextmanager
    def mapped(self, sha256: str) -> Iterator[Buffer]:
        """Yield a file's bytes, memory-mapped unless it is encrypted.

        Raises:
            UpdateError: If it is encrypted and cannot be decrypted.
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
        """Yield a path for a model runtime.

        Decrypted bytes exist in memory only (memfd_create(2)), never on the disk.

        Raises:
            UpdateError: If the file is encrypted and cannot be decrypted.
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
                expected="the file as it was encrypted",
                next_step="use the same key, or let the file be downloaded again",
            )
        return data

    def clear_beside(self) -> None:
        """Remove temporary files left by a killed process."""
        disk.clear_beside(self.objects / "*")

    def forget_all_but(self, kept: Collection[str]) -> None:
        """Remove every file whose digest is not listed."""
        for folder in (self.objects, self.parts):
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                if path.name not in kept:
                    disk.remove(path)


def _checked(pieces: Iterable[bytes], sha256: str, length: int) -> Iterator[bytes]:
    """Yield the pieces; raise after the last if length or digest differs."""
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
            next_step="download the whole file instead",
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
