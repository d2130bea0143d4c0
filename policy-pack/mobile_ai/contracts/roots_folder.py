"""The roots of a policy pack's folder, read and verified."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.roots import Roots, read_roots
from mobile_ai.contracts.roots_signatures import verify_roots
from mobile_ai.contracts.trust import Trust, read_chain

ROOTS_FILE: Final = "stacks.yaml"
"""Name of the file in the pack's folder."""


def load_roots(folder: Path) -> Roots:
    """Return the stacks that a pack's folder lists; signed roots are verified with every version.

    The plain form is returned as it is: nothing in it is signed (``Roots.version`` is 0).

    Raises:
        GovernanceError: If the file is missing or wrong, or lacks signatures.
    """
    text = pack_text(folder, ROOTS_FILE)
    roots = read_roots(text)
    if roots.envelope is None:
        return roots
    return verify_roots(text, trusts_of=lambda name, file: load_trusts(folder, name, file))


def load_trusts(folder: Path, environment: str, file: str) -> tuple[Trust, ...]:
    """Return every version of a trust file of the pack, oldest first.

    Raises:
        GovernanceError: If it cannot be used.
    """
    return _chain(pack_text(folder, file), environment)


@lru_cache(maxsize=16)
def _chain(text: str, environment: str) -> tuple[Trust, ...]:
    return read_chain(text, environment=environment)


def pack_text(folder: Path, name: str) -> str:
    """Return the text of a file of the pack.

    Raises:
        DocumentError: If its path leads out of the folder, or it is no text that can be read.
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise unreadable(name, "a path outside the pack")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        got = getattr(error, "strerror", None) or "bytes that are no UTF-8 text"
        raise unreadable(name, got) from error


def unreadable(name: str, got: str, *, expected: str = "a text file of the pack") -> DocumentError:
    """Return the error for a file of the pack that cannot be used."""
    return DocumentError(
        f"policy-pack/{name}",
        got=got,
        expected=expected,
        next_step="restore it from the protected branch, or run in the repository's folder",
    )
