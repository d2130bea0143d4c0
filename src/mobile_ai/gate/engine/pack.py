"""Policy pack files: version, content digest, and a stack's settings."""

import fnmatch
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.errors import DocumentError, GovernanceError
from mobile_ai.gate.errors import GateError
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.stack_policy import Setting, load_setting

__all__ = [
    "NO_SOURCE",
    "PolicyPack",
    "pack_digest",
    "pack_files",
    "pack_setting",
    "pack_version",
    "read_pack",
]

_MANIFEST = "PulumiPolicy.yaml"
# Tool output: caches of files that are covered, and folders that no import can name.
NO_SOURCE = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".venv"})
# Files that judging never opens: for editors, installers and type checkers. Every other
# file is covered, also of an unknown kind: the folder is the first in which Python looks for
# modules, so that a `yaml.py` here would be imported in place of the library.
_NOT_LOADED = ("config/schema.json", "requirements.txt", "*/py.typed")


def pack_digest(folder: Path) -> str:
    """Return the SHA-256 over path and content of the files that judging loads.

    They are the code of the pack's rooms (whole rooms, since any module can be imported), their
    data and prices, Rego modules, `stacks.yaml`, configuration, trust, waivers and the pack's own
    manifest. Links are refused, since their target could change without changing the digest.

    Raises:
        GateError: The folder contains a link.
    """
    digest = hashlib.sha256()
    for path in pack_files(folder):
        name = path.relative_to(folder).as_posix()
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()


def pack_files(folder: Path) -> Iterator[Path]:
    """Yield the files that the digest covers, sorted by path.

    Raises:
        GateError: The folder contains a link.
    """
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if NO_SOURCE.intersection(name.parts):
            continue
        if path.is_symlink():
            raise GateError(
                f"{path}: got a link; expected plain files only in a policy pack. "
                "Next: replace it by the file itself."
            )
        if path.is_file() and not _not_loaded(name.as_posix()):
            yield path


def pack_version(folder: Path) -> str:
    """Return the version in `PulumiPolicy.yaml`.

    Raises:
        GateError: The version is missing.
    """
    path = folder / _MANIFEST
    try:
        value = read_yaml(path.read_text(), name=path.name)
    except (OSError, DocumentError) as error:
        raise GateError(
            f"{path}: got {error}; expected a policy pack. Next: restore the file from the "
            "protected branch."
        ) from error
    version = value.get("version") if isinstance(value, dict) else None
    if not isinstance(version, str):
        raise GateError(
            f"{path}: got version {version!r}; expected a text as '1.2.3'. Next: restore the "
            "file from the protected branch."
        )
    return version


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPack:
    """A policy pack, as a run reads it.

    Attributes:
        version: Its version.
        sha256: Digest of its files (see `pack_digest`).
        setting: A stack's settings, if they can be read.
    """

    version: str
    sha256: str
    setting: Setting | None


def read_pack(folder: Path, stack: str, *, now: datetime) -> PolicyPack:
    """Return a policy pack with the settings of a stack.

    Raises:
        GateError: The folder is not a policy pack.
    """
    return PolicyPack(
        version=pack_version(folder),
        sha256=pack_digest(folder),
        setting=pack_setting(folder, stack, now=now),
    )


def pack_setting(folder: Path, stack: str, *, now: datetime) -> Setting | None:
    """Return a stack's settings in a pack; none if they cannot be read.

    The pack denies every resource of such a stack and reports why.
    """
    try:
        return load_setting(folder, stack, rules=catalogue(), now=now)
    except GovernanceError:
        return None


def _not_loaded(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _NOT_LOADED)
