"""Signing a release: every role that changed gets its next version, then the snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from governance.released import served_name
from securesystemslib.signer import Signer
from tuf.api.metadata import (
    Delegations,
    Metadata,
    MetaFile,
    Role,
    Snapshot,
    TargetFile,
    Targets,
)

from delivery.errors import ReleaseError
from delivery.repository.content import Target
from delivery.repository.folder import Releases, to_bytes, write_new
from delivery.repository.keys import Signers
from delivery.repository.plan import Wanted
from delivery.repository.roles import delegated_roles, lifetime, ring_role

__all__ = ["Published", "publish", "sign_role"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a release wrote.

    Attributes:
        versions: The new version of every role that was signed.
        files: Paths of the target files written, relative to the stack's folder.
    """

    versions: Mapping[str, int]
    files: tuple[str, ...]


def publish(
    folder: Path, plan: Wanted, *, releases: Releases, signers: Signers, now: datetime
) -> Published:
    """Sign and write what changed or will soon expire; the same plan again writes nothing.

    Order of writing: files, then the roles that name them, then the snapshot (TUF 1.0.34,
    section 6.2), so that a stop at any moment leaves a folder that can be released from.

    Args:
        folder: ``releases/<stack>``.
        plan: What every role should name.
        releases: What is signed.
        signers: Keys at hand, by role.
        now: The time to count lifetimes from.

    Raises:
        ReleaseError: If a key is missing, or a file would be overwritten.
    """
    targets = _top(plan, releases, signers, now)
    top = targets or releases.targets
    if top is None or top.signed.delegations is None or top.signed.delegations.roles is None:
        raise ReleaseError("targets", got="no delegations", expected="roles", next_step="publish")
    signed: dict[str, Metadata[Any]] = {"targets": targets} if targets else {}
    for role, files in plan.targets.items():
        made = _role(role, files, current=releases.role(role), now=now)
        if made is not None or (targets is not None and not _verifies(top, role, releases)):
            made = made or _copy(role, files, releases, now)
            given = top.signed.delegations.roles[role]
            signed[role] = sign_role(role, made, given, signers.get(role, ()))
    snapshot = _snapshot(releases, signed, now)
    if snapshot is not None:
        duty = releases.root.signed.roles["snapshot"]
        signed["snapshot"] = sign_role("snapshot", snapshot, duty, signers.get("snapshot", ()))
    files_written = _write_files(folder, plan)
    for role, metadata in signed.items():  # the snapshot stands last
        path = folder / "metadata" / f"{metadata.signed.version}.{role}.json"
        write_new(path, to_bytes(metadata))
    return Published(
        versions={role: item.signed.version for role, item in signed.items()},
        files=tuple(files_written),
    )


def sign_role(role: str, body: Any, duty: Role, signers: Sequence[Signer]) -> Metadata[Any]:
    """Return the body signed by every key at hand that the role has.

    Raises:
        ReleaseError: If those are fewer than the role's threshold.
    """
    metadata: Metadata[Any] = Metadata(body)
    able = {item.public_key.keyid: item for item in signers if item.public_key.keyid in duty.keyids}
    if len(able) < duty.threshold:
        raise ReleaseError(
            f"role {role}",
            got=f"{len(able)} of its keys",
            expected=f"{duty.threshold} of {[keyid[:12] for keyid in duty.keyids]}",
            next_step="run it where the keys are, or name them in the list of signers",
        )
    for signer in able.values():
        metadata.sign(signer, append=True)
    return metadata


def _top(
    plan: Wanted, releases: Releases, signers: Signers, now: datetime
) -> Metadata[Targets] | None:
    """Return new top-level targets when a ring or a key is new, or they will expire."""
    current = releases.targets
    keys = {role: [item.public_key for item in items] for role, items in signers.items()}
    known = current.signed.delegations if current and current.signed.delegations else None
    roles = ["models", "halt", *map(ring_role, plan.rings)]
    keyids = {
        role: [key.keyid for key in keys[role]] if role in keys else _known(known, role)
        for role in roles
    }
    if missing := sorted(role for role, ids in keyids.items() if not ids):
        raise ReleaseError(
            "targets",
            got=f"no key for {missing}",
            expected="a key for every role",
            next_step="add the keys to the list of signers",
        )
    public = {key.keyid: key for items in keys.values() for key in items}
    public |= known.keys if known else {}
    used = {keyid for ids in keyids.values() for keyid in ids}
    wanted = Delegations(
        {keyid: public[keyid] for keyid in sorted(used)}, delegated_roles(plan.rings, keyids)
    )
    if current and current.signed.delegations == wanted and not _ageing("targets", current, now):
        return None
    body = Targets(
        version=current.signed.version + 1 if current else 1,
        expires=_expiry("targets", now),
        delegations=wanted,
    )
    duty = releases.root.signed.roles["targets"]
    return sign_role("targets", body, duty, signers.get("targets", ()))


def _known(known: Delegations | None, role: str) -> list[str]:
    roles = known.roles if known else None
    return list(roles[role].keyids) if roles and role in roles else []


def _role(
    role: str, files: Mapping[str, Target], *, current: Metadata[Targets] | None, now: datetime
) -> Targets | None:
    targets = {path: _target_file(item) for path, item in sorted(files.items())}
    if current and current.signed.targets == targets and not _ageing(role, current, now):
        return None
    version = current.signed.version + 1 if current else 1
    return Targets(version=version, expires=_expiry(role, now), targets=targets)


def _copy(role: str, files: Mapping[str, Target], releases: Releases, now: datetime) -> Targets:
    """Return the same content under the next version, for keys that are new."""
    current = releases.role(role)
    made = _role(role, files, current=None, now=now)
    if made is None:  # pragma: no cover  # without a current version there is always one
        raise AssertionError(role)
    made.version = current.signed.version + 1 if current else 1
    return made


def _verifies(top: Metadata[Targets], role: str, releases: Releases) -> bool:
    current = releases.role(role)
    if current is None:
        return False
    result = top.signed.get_verification_result(role, current.signed_bytes, current.signatures)
    return bool(result)


def _snapshot(
    releases: Releases, signed: Mapping[str, Metadata[Any]], now: datetime
) -> Snapshot | None:
    current = releases.snapshot
    roles: dict[str, Metadata[Any]] = dict(releases.delegated)
    if releases.targets:
        roles["targets"] = releases.targets
    roles |= signed
    meta = {f"{role}.json": MetaFile(item.signed.version) for role, item in sorted(roles.items())}
    if current is not None:
        # A role that is gone stays listed: clients refuse a snapshot that forgets one (5.5.5).
        meta = {**current.signed.meta, **meta}
        if meta == current.signed.meta and not _ageing("snapshot", current, now):
            return None
    version = current.signed.version + 1 if current else 1
    return Snapshot(version=version, expires=_expiry("snapshot", now), meta=meta)


def _write_files(folder: Path, plan: Wanted) -> Iterable[str]:
    written = []
    for files in plan.targets.values():
        for item in files.values():
            if item.data is None:
                continue
            path = folder / "targets" / served_name(item.path, item.sha256)
            if write_new(path, item.data):
                written.append(path.relative_to(folder).as_posix())
    return sorted(written)


def _target_file(item: Target) -> TargetFile:
    custom = {} if item.custom is None else {"custom": dict(item.custom)}
    return TargetFile(item.length, {"sha256": item.sha256}, item.path, custom)


def _ageing(role: str, metadata: Metadata[Any], now: datetime) -> bool:
    left = metadata.signed.expires - now
    return bool(left < lifetime(role) / 3)


def _expiry(role: str, now: datetime) -> datetime:
    return (now + lifetime(role)).replace(microsecond=0)
