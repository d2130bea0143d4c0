"""Downloads a target: resumable, never longer than signed, kept only if its digest matches."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final

from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError
from tuf.api.metadata import TargetFile

from mobile_ai.delivery.client import disk
from mobile_ai.delivery.client.cache import TargetCache, digest_of
from mobile_ai.delivery.client.fetcher import Answer, LimitedFetcher
from mobile_ai.delivery.errors import UpdateError

_PARTIAL: Final = 206
_RANGE_UNKNOWN: Final = 416
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


def collect(cache: TargetCache, target: TargetFile, *, url: str, fetcher: LimitedFetcher) -> None:
    """Ensure that a target is in the cache; download it if it is not.

    Args:
        cache: Destination.
        target: Path, length and digest, from signed metadata.
        url: Address of the file.
        fetcher: HTTP client.

    Raises:
        UpdateError: If the bytes received are not the signed ones.
        DownloadError: If the download fails; the bytes received are kept, to resume from.
    """
    sha256 = target.hashes["sha256"]
    if cache.holds(sha256):
        return
    part = cache.part(sha256)
    for attempt in (1, 2):
        begin = _resume_at(part, target.length)
        if begin < target.length:
            _receive(part, _open(fetcher, url, part, begin), length=target.length)
        if digest_of(part) == sha256 and part.stat().st_size == target.length:
            cache.adopt(sha256)
            return
        # A corrupt prefix from an earlier download fails every resumed one: retry from zero.
        disk.remove(part)
        if attempt == 2 or begin == 0:  # noqa: PLR2004
            break
    raise UpdateError(
        target.path,
        got="other bytes than signed",
        expected=f"sha256 {sha256}, {target.length} bytes",
        next_step="wait: the device keeps its model and checks again later",
    )


def _resume_at(part: Path, length: int) -> int:
    try:
        found = part.lstat()
    except OSError:
        return 0
    size = found.st_size
    if size > length or not stat.S_ISREG(found.st_mode):  # a link would be written through
        disk.remove(part)
        return 0
    return size


def _open(fetcher: LimitedFetcher, url: str, part: Path, begin: int) -> Answer:
    try:
        answer = fetcher.open(url, {"Range": f"bytes={begin}-"} if begin else None)
    except DownloadHTTPError as error:
        if error.status_code == _RANGE_UNKNOWN:
            disk.remove(part)
        raise
    if begin and not _continues(answer, begin):
        disk.truncate(part, 0)  # the server sent the whole file
    return answer


def _continues(answer: Answer, begin: int) -> bool:
    if answer.status != _PARTIAL:
        return False
    match = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if match is None or int(match[1]) != begin:
        raise DownloadError(f"another range than requested, from {begin}")
    return True


def _receive(part: Path, answer: Answer, *, length: int) -> None:
    part.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        received = os.fstat(handle).st_size
        for piece in answer.pieces():
            received += len(piece)
            if received > length:
                raise DownloadLengthMismatchError(f"more than the {length} bytes signed")
            disk.append(handle, piece)
        os.fsync(handle)
    finally:
        os.close(handle)
    if received < length:
        raise DownloadError(f"received {received} of {length} bytes")
