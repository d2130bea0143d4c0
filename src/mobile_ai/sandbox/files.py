"""Atomic writes of the sandbox's own files."""

import os
import secrets
from pathlib import Path


def write_atomically(path: Path, content: str, *, mode: int = 0o644) -> None:
    """Write a file so that readers see the old or the new content, never a part.

    Args:
        path: The file; its folder is created.
        content: The text.
        mode: Permissions, from the first byte on: a secret is never readable by others.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")  # threads write too
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(content)
    draft.chmod(mode)  # whatever the umask is
    draft.replace(path)
