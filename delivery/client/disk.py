"""Files that are there whole or not at all, whatever the moment the power goes.

Everything a client writes goes through here, in single system calls: each is a step at which the
crash tests kill the process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["append", "move", "remove", "sync_folder", "truncate", "write_pieces", "write_whole"]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place and rename it into it; readers see the old one or the new.

    Raises:
        OSError: If it cannot be written; the old file is then untouched.
    """
    write_pieces(path, [data])


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file as ``write_whole`` does, piece by piece.

    Raises:
        OSError: If it cannot be written; the old file is then untouched.
        Exception: What the pieces raise; the old file is then untouched too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for piece in pieces:
            _write(handle, piece)
        os.fsync(handle)
    finally:
        os.close(handle)
    move(beside, path)


def append(handle: int, data: bytes) -> None:
    """Write all bytes at the end of an open file."""
    _write(handle, data)


def truncate(path: Path, length: int) -> None:
    """Cut a file; what was received after that point is asked for again."""
    os.truncate(path, length)


def move(source: Path, goal: Path) -> None:
    """Rename a file over another, and keep it so over a loss of power."""
    goal.parent.mkdir(parents=True, exist_ok=True)
    source.replace(goal)
    sync_folder(goal.parent)


def remove(path: Path) -> None:
    """Remove a file if it is there."""
    path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
