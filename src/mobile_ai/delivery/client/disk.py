"""Atomic, durable file operations: a file is there whole or not at all, even after a power failure.

Everything that the client writes goes through here, in single system calls: each is a step at
which the crash tests kill the process.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_BESIDE: Final = ".new"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, fsync it and rename it into place (rename(2) is atomic).

    Raises:
        OSError: If it cannot be written; the old file is then untouched.
    """
    write_pieces(path, [data])


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file as ``write_whole`` does, from an iterable of pieces.

    Raises:
        OSError: If it cannot be written; the old file is then untouched.
        Exception: Any error of the iterable; the old file is then untouched too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Unique name, no symbolic link followed: two writers never share a half-written file.
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}{_BESIDE}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        try:
            for piece in pieces:
                _write(handle, piece)
            os.fsync(handle)
        finally:
            os.close(handle)
        move(beside, path)
    except BaseException:
        remove(beside)
        raise


def clear_beside(path: Path) -> None:
    """Remove temporary files of killed writers; the caller must hold the folder's lock."""
    for left in path.parent.glob(f".{path.name}.*{_BESIDE}"):
        remove(left)


def append(handle: int, data: bytes) -> None:
    """Write all bytes at the end of an open file."""
    _write(handle, data)


def truncate(path: Path, length: int) -> None:
    """Cut a file; the next download resumes from there."""
    handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        os.ftruncate(handle, length)
    finally:
        os.close(handle)


def move(source: Path, goal: Path) -> None:
    """Rename a file over another, durably."""
    goal.parent.mkdir(parents=True, exist_ok=True)
    source.replace(goal)
    sync_folder(goal.parent)


def remove(path: Path) -> None:
    """Remove a file if it is there."""
    path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable: fsync(2) of a file does not cover its directory entry."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
