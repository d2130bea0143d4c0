"""Signed metadata of a stack in Git, ``releases/<stack>/``; everything but the timestamp.

    metadata/<version>.<role>.json   immutable
    targets/...                      release documents and patches, which only this package makes
    lifts.json                       the request to lift halts, until ``models`` has signed it

A role's newest version is the highest number that its delegator's keys have signed, so the next
one never restarts at 1, on whatever machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets
from tuf.api.serialization.json import JSONSerializer

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.files import is_draft, write_whole
from mobile_ai.contracts.released import check_target
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.halts import Halt
from mobile_ai.delivery.repository.halted import read_halts, read_lifted

_broken = ReleaseError.advising("restore releases/ from the protected branch")

_NAME: Final = re.compile(r"([1-9][0-9]{0,9})\.([a-z0-9][a-z0-9-]{0,63})\.json")
_MOST_BYTES: Final = 5_000_000  # python-tuf's default, UpdaterConfig.targets_max_length


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseHistory:
    """Newest signed metadata of a stack.

    Attributes:
        root: The newest root of the verified chain.
        targets: The top-level role, or ``None`` before the first release.
        delegated: Roles that ``targets`` delegates to, by name.
        snapshot: The snapshot role, or ``None`` before the first release.
        halts: Halts that role ``halt`` signed last.
        lifted: Ids of halts whose lift is signed, or requested in Git.
    """

    root: Metadata[Root]
    targets: Metadata[Targets] | None
    delegated: Mapping[str, Metadata[Targets]]
    snapshot: Metadata[Snapshot] | None
    halts: tuple[Halt, ...] = ()
    lifted: frozenset[str] = frozenset()

    def role(self, name: str) -> Metadata[Targets] | None:
        """Return the newest metadata of a targets role."""
        return self.targets if name == "targets" else self.delegated.get(name)

    def lists(self, manifest_sha256: str) -> bool:
        """Return whether role ``models`` has signed a target of the version with this manifest."""
        metadata = self.role("models")
        known = metadata.signed.targets.values() if metadata else ()
        return any((item.custom or {}).get("manifestSha256") == manifest_sha256 for item in known)


def read_releases(folder: Path) -> ReleaseHistory:
    """Read and verify a stack's folder.

    Raises:
        ReleaseError: If there is no root, or a file lacks its role's signatures.
    """
    found = _versions(folder / "metadata")
    root = _root(folder, found.get("root", []))
    targets = _newest(folder, found, "targets", delegator=root.signed)
    delegated: dict[str, Metadata[Targets]] = {}
    if targets is not None and targets.signed.delegations is not None:
        for name in targets.signed.delegations.roles or {}:
            metadata = _newest(folder, found, name, delegator=targets.signed)
            if metadata is not None:
                delegated[name] = metadata
    snapshot = _newest(folder, found, "snapshot", delegator=root.signed)
    return ReleaseHistory(
        root=root,
        targets=targets,
        delegated=delegated,
        snapshot=snapshot,
        halts=read_halts(folder, delegated.get("halt")),
        lifted=read_lifted(folder, delegated.get("models")),
    )


def to_bytes(metadata: Metadata[Any]) -> bytes:
    """Serialize metadata as it is published: compact, so that devices download less."""
    return metadata.to_bytes(JSONSerializer(compact=True))


def write_new(path: Path, data: bytes) -> bool:
    """Write an immutable file; return whether it is new.

    Raises:
        ReleaseError: If it exists with other content: devices may have the signed one already.
    """
    if path.exists():
        if path.read_bytes() == data:
            return False
        raise ReleaseError(
            str(path),
            got="a file with other content",
            expected="none, or the same",
            next_step="merge the protected branch: it has a newer release",
        )
    write_whole(path, data)
    return True


def _versions(folder: Path) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    listed = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in (item for item in listed if not is_draft(item.name)):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise _broken(path.name, "another name", "<version>.<role>.json")
        found.setdefault(match[2], []).append(int(match[1]))
    return found


def _root(folder: Path, versions: list[int]) -> Metadata[Root]:
    if not folder.exists():
        raise ReleaseError(
            str(folder),
            got="no releases",
            expected="a root",
            next_step=f"mobile-ai release init --stack {folder.name}",
        )
    if sorted(versions) != list(range(1, len(versions) + 1)) or not versions:
        raise _broken("root", f"versions {sorted(versions)}", "every version from 1")
    trusted: Metadata[Root] | None = None
    for version in sorted(versions):
        candidate: Metadata[Root] = _read(folder, "root", version)
        for signer in filter(None, (trusted, candidate)):
            _verify("root", candidate, signer.signed)
        trusted = candidate
    if trusted is None:  # pragma: no cover  # versions are not empty
        raise _broken("root", "none", "version 1")
    return trusted


def _newest(
    folder: Path, found: Mapping[str, list[int]], role: str, *, delegator: Root | Targets
) -> Metadata[Any] | None:
    if role not in found:
        return None
    metadata: Metadata[Any] = _read(folder, role, max(found[role]))
    _verify(role, metadata, delegator)
    return metadata


def _read(folder: Path, role: str, version: int) -> Metadata[Any]:
    path = folder / "metadata" / f"{version}.{role}.json"
    data = path.read_bytes()
    try:
        metadata: Metadata[Any] = Metadata.from_bytes(data)
    except RepositoryError as error:
        raise _broken(path.name, str(error), "TUF metadata") from error
    if metadata.signed.version != version or len(data) > _MOST_BYTES:
        raise _broken(path.name, f"version {metadata.signed.version}", str(version))
    if isinstance(metadata.signed, Targets):
        _check_targets(path.name, metadata.signed)
    return metadata


def _check_targets(name: str, signed: Targets) -> None:
    """Refuse metadata whose targets are not safe file names, whoever signed it."""
    try:
        for target in signed.targets.values():
            check_target(
                target.path, hashes=target.hashes, length=target.length, custom=target.custom
            )
    except DocumentError as error:
        raise _broken(f"{name}: {error.what}", error.got, error.expected) from error


def _verify(role: str, metadata: Metadata[Any], delegator: Root | Targets) -> None:
    try:
        delegator.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError) as error:
        raise _broken(
            f"{metadata.signed.version}.{role}.json", str(error), "its signers"
        ) from error
