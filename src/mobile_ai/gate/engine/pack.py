"""The policy pack: version, content digest, rules, and a stack's settings."""

import fnmatch
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mobile_ai.contracts.errors import DocumentError, GovernanceError
from mobile_ai.gate.errors import GateError
from mobile_ai.governance.rule import Rule
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.stack_policy import Setting, load_setting, load_version

_NAME = "mobile-ai-governance"
NO_SOURCE = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".venv"})
"""Tool output outside of the digest: caches of covered files, folders that no import can name."""
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
    try:
        return load_version(folder)
    except DocumentError as error:
        raise GateError(str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPack:
    """The pack that a complete run must run, read before the engine starts and without it.

    Attributes:
        name: Its name.
        version: Its version.
        sha256: Digest of its files (see `pack_digest`).
        rules: Every rule by its id.
        levels: The enforcement level in effect, by rule.
        weakenings: Rules set below their default level, as sentences.
        setting: A stack's settings, if they can be read.
    """

    name: str
    version: str
    sha256: str
    rules: Mapping[str, Rule]
    levels: Mapping[str, str]
    weakenings: tuple[str, ...] = ()
    setting: Setting | None = None


def read_pack(folder: Path, stack: str, *, now: datetime) -> PolicyPack:
    """Return a policy pack with the settings of a stack; without them its default levels apply.

    Raises:
        GateError: The folder is not a policy pack.
    """
    setting = pack_setting(folder, stack, now=now)
    rules = {rule.id: rule for rule in catalogue()}
    defaults = {rule.id: rule.enforcement for rule in rules.values()}
    return PolicyPack(
        name=_NAME,
        version=pack_version(folder),
        sha256=pack_digest(folder),
        rules=rules,
        levels=setting.config.levels if setting else defaults,
        weakenings=setting.config.weakenings if setting else (),
        setting=setting,
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
