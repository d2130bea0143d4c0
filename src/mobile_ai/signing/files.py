"""Writes files whole or not at all, after every target was checked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from mobile_ai.contracts.files import write_beside
from mobile_ai.signing.errors import SigningError


def check_targets(files: Mapping[Path, str], *, replace: bool = False) -> None:
    """Refuse targets that cannot be written, or that have another content.

    Args:
        files: New content by path.
        replace: Whether an existing file with another content may be replaced.

    Raises:
        SigningError: Naming the first of them.
    """
    check_writable(files)
    for path, text in files.items():
        if path.exists() and not replace and path.read_bytes() != text.encode():
            raise _refused(path, "another file", "none, or the same file")


def check_writable(paths: Iterable[Path]) -> None:
    """Refuse paths at which no plain file can be written, before anything is.

    Raises:
        SigningError: Naming the first of them.
    """
    for path in paths:
        _check_folder(path)
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise _refused(path, "no plain file", "a plain file, or none")


def write_files(
    files: Mapping[Path, str], *, replace: bool = False, mode: int = 0o644
) -> tuple[Path, ...]:
    """Write files, each under a temporary name first; return the paths.

    Every file is complete on disk before the first one is renamed into place (rename(2) is
    atomic), so that an error or a kill before that leaves every target as it was.

    Raises:
        SigningError: If a target cannot be written; nothing was written then.
    """
    check_targets(files, replace=replace)
    drafts: dict[Path, Path] = {}
    try:
        for path, text in files.items():
            drafts[path] = write_beside(path, text.encode(), mode=mode)
        for path, draft in drafts.items():
            draft.replace(path)
    except OSError as error:
        raise _refused(
            Path(error.filename or next(iter(files))), error.strerror or str(error), "a file"
        ) from error
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    return tuple(files)


def _check_folder(path: Path) -> None:
    folder = path.parent
    while not folder.exists() and not folder.is_symlink():
        folder = folder.parent
    if not folder.is_dir():
        raise _refused(folder, "no folder", "a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _refused(folder, "a folder that cannot be written", "one that can")


def _refused(path: Path, got: str, expected: str) -> SigningError:
    return SigningError(
        str(path),
        got=got,
        expected=expected,
        next_step="free space, name another path or change its permissions; nothing was written",
    )
