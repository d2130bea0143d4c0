"""Recovery of a file backend after a killed run.

A killed run can leave the lock of a dead process; operations with unknown result
(`pending_operations`); a truncated attribute file, which the backend writes in place; and, after a
disk failure, an unreadable state file. Stale locks and unreadable attribute files, which are
optional, are removed; a refresh settles pending operations; the newest readable copy replaces a
damaged state. Resources created since that copy are found by their marker when they are created
again.
"""

import json
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project


def mend_state(project: Project) -> list[str]:
    """Remove stale locks and replace a damaged state file; return the repairs as sentences.

    Raises:
        GateError: Another run holds the lock, or no copy of the state is readable.
    """
    return [
        *_drop_stale_locks(project),
        *_drop_damaged_attributes(project),
        *_replace_damaged(project),
    ]


def has_pending_operations(project: Project) -> bool:
    """Return whether an earlier run was killed during an operation."""
    state = _state_file(project)
    document = _readable(state) if state else None
    checkpoint = (document or {}).get("checkpoint", {})
    return bool((checkpoint.get("latest") or {}).get("pending_operations"))


def _drop_stale_locks(project: Project) -> Iterator[str]:
    folder = project.state / ".pulumi" / "locks"
    for path in sorted(folder.rglob(f"{project.stack}/*.json")):
        lock = _readable(path) or {}
        pid = int(lock.get("pid") or 0)
        if lock.get("hostname", socket.gethostname()) == socket.gethostname() and not _lives(pid):
            path.unlink(missing_ok=True)
            yield f"removed the lock of process {pid}, which is gone"
            continue
        raise GateError(
            f"stack {project.stack}: got a lock of process {pid} on {lock.get('hostname')}; "
            f"expected none. Next: wait until it ends, or, if it is gone, remove {path}."
        )


def _drop_damaged_attributes(project: Project) -> Iterator[str]:
    """Remove unreadable attribute files (gocloud.dev, ``fileblob``), which the backend rejects."""
    for path in sorted((project.state / ".pulumi").rglob("*.attrs")):
        if _readable(path) is None:
            path.unlink(missing_ok=True)
            yield f"removed the attributes of {path.stem}, which were cut off"


def _replace_damaged(project: Project) -> Iterator[str]:
    state = _state_file(project)
    if state is None or _readable(state) is not None:
        return
    damaged = state.with_name(f"{state.name}.damaged")
    copy = next((path for path in _copies(project, state) if _readable(path)), None)
    if copy is None:
        raise GateError(
            f"{state}: got a file that is no JSON, and no copy that is; expected a state. Next: "
            f"put a copy of the state there, or remove it and `mobile-ai sandbox down` to start "
            "over."
        )
    shutil.copyfile(state, damaged)
    shutil.copyfile(copy, state)
    yield f"took {copy.name} for the damaged state, which is kept as {damaged.name}"


def _copies(project: Project, state: Path) -> list[Path]:
    backups = project.state / ".pulumi" / "backups"
    found = [state.with_name(f"{state.name}.bak"), *backups.rglob(f"{project.stack}.*.json")]
    kept = [path for path in found if path.is_file()]
    return sorted(kept, key=lambda path: path.stat().st_mtime, reverse=True)


def _state_file(project: Project) -> Path | None:
    found = sorted((project.state / ".pulumi" / "stacks").glob(f"*/{project.stack}.json"))
    return found[0] if found else None


def _readable(path: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _lives(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
