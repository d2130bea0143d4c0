"""Lock of a device's folder: one updater at a time.

A POSIX record lock excludes other processes, and a table in this process other threads: record
locks belong to the process, so its threads share them, and closing any descriptor of the file
releases the lock (fcntl(2)). The file is never deleted: a process that waits on a deleted file
would get a lock that no other process sees.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_FILE: Final = "update.lock"
_PAUSE_SECONDS: Final = 0.05

# Keyed by device and inode: paths of one folder match. `setdefault` is atomic in CPython.
_holders: dict[tuple[int, int], object] = {}
os.register_at_fork(after_in_child=_holders.clear)  # record locks are not inherited, fork(2)


class BusyError(TimeoutError):
    """Raised when another updater holds the folder."""


@contextmanager
def only_updater(folder: Path, *, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock of a device's folder for the duration of the context.

    Args:
        folder: The client's folder; created if missing.
        patience: Seconds to wait for another updater.

    Raises:
        BusyError: If another process or thread holds it longer than that.
        OSError: If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = folder.stat()
    key, me = (found.st_dev, found.st_ino), object()
    handle = _acquire(folder, key, me, time.monotonic() + patience)
    try:
        yield
    finally:
        os.close(handle)  # which lets go of the record lock
        _holders.pop(key, None)


def _acquire(folder: Path, key: tuple[int, int], me: object, deadline: float) -> int:
    while True:
        if _holders.setdefault(key, me) is me:
            handle = _lock(folder / _FILE, key)
            if handle is not None:
                return handle
        if time.monotonic() >= deadline:
            raise BusyError(
                f"{folder}: got another updater at work; expected none. "
                "Next: load the model that is there, and check again later"
            )
        time.sleep(_PAUSE_SECONDS)


def _lock(path: Path, key: tuple[int, int]) -> int | None:
    """Return a locked descriptor, or ``None`` while another process holds the lock."""
    handle = None
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException as error:
        if handle is not None:
            os.close(handle)
        _holders.pop(key, None)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return handle
