"""Atomic writing of a text file: it has the old content or the new one, never a part."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["write_whole_text"]


def write_whole_text(path: Path, text: str) -> None:
    """Write a file under a temporary name beside it, fsync it, and rename it into place.

    Raises:
        OSError: If it cannot be written; the old file and the folder are then as they were.
    """
    missing = [item for item in (path.parent, *path.parent.parents) if not item.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write(path, text)
    except BaseException:
        for folder in missing:
            folder.rmdir()
        raise


def _write(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # `mkstemp` lets only the owner read; a file in Git is read by other users too.
        fresh.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
