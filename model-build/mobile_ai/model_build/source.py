"""Names the source of a build as Git has it: the commit, and the recipe's path.

Only what is committed is named: a commit says nothing about files that were changed after it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from mobile_ai.contracts.manifest import UNSTATED


def source_commit(path: Path) -> str:
    """Return the commit that is checked out around a file or folder.

    ``unknown`` outside of Git, for a file that the commit does not hold, and with changes that are
    not committed.
    """
    changed = _git(path, "status", "--porcelain", "--untracked-files=no")
    if changed is None or changed or (path.is_file() and repository_path(path) is None):
        return UNSTATED
    return _git(path, "rev-parse", "HEAD") or UNSTATED


def repository_path(path: Path) -> str | None:
    """Return a file's path in its repository; ``None`` for a file that is not committed."""
    return _git(path, "ls-files", "--full-name", "--error-unmatch", "--", path.name) or None


def _git(path: Path, *arguments: str) -> str | None:
    folder = path if path.is_dir() else path.parent
    folder = next((item for item in (folder, *folder.absolute().parents) if item.is_dir()), folder)
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
