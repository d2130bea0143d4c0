"""Signs and writes a release: every changed role gets its next version, then the snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from securesystemslib.signer import Key
from tuf.api.metadata import (
    Delegations,
    Metadata,
    MetaFile,
    Role,
    Signed,
    Snapshot,
    TargetFile,
    Targets,
)

from mobile_ai.contracts.files import write_whole
from mobile_ai.contracts.released import served_name
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.folder import ReleaseHistory, to_bytes, write_new
from mobile_ai.delivery.repository.keys import Signers
from mobile_ai.delivery.repository.plan import WantedRelease
from mobile_ai.delivery.repository.roles import delegated_roles, lifetime, ring_role, threshold
from mobile_ai.delivery.repository.signing import (
    STAGED,
    collect,
    missing,
    require_role,
    sign_role,
    staged_path,
)
from mobile_ai.delivery.repository.targets import Target
from mobile_ai.signing.files import check_writable


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Result of a release.

    Attributes:
        versions: The new version of every role that was signed.
        files: Paths of the target files written, relative to the stack's folder.
    """

    versions: Mapping[str, int]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A role that waits for signatures."""

    role: str
    version: int
    signatures: int
    threshold: int


def publish(
    folder: Path,
    plan: WantedRelease,
    *,
    releases: ReleaseHistory,
    signers: Signers,
    now: datetime,
    rekey: bool = False,
) -> Published:
    """Sign and write all roles that changed or are near expiry; idempotent.

    Order of writing: files, then the roles that name them, then the snapshot (TUF 1.0.34,
    section 6.2), so that an interrupted run leaves a folder that can be released from.

    Args:
        folder: ``releases/<stack>``.
        plan: Desired targets of every role.
        releases: Signed metadata.
        signers: Available keys, by role; staged signatures count too.
        now: Start of the lifetimes.
        rekey: Give the roles below ``targets`` exactly the keys listed; others are revoked.

    Raises:
        ReleaseError: If a key is missing, or a file would be overwritten.
    """
    signed: dict[str, Metadata[Any]] = {}
    for task in _tasks(plan, releases, signers, now, rekey=rekey):
        metadata = _collect(folder, task, signers)
        if lacking := missing(task.role, metadata, task.duty):
            raise lacking
        signed[task.role] = metadata
    snapshot = _snapshot(releases, signed, now)
    if snapshot is not None:
        duty = releases.root.signed.roles["snapshot"]
        signed["snapshot"] = sign_role("snapshot", snapshot, duty, signers.get("snapshot", ()))
    targets = _target_files(folder, plan)
    roles = {  # the snapshot is last
        folder / "metadata" / f"{item.signed.version}.{role}.json": to_bytes(item)
        for role, item in signed.items()
    }
    check_writable([*targets, *roles])
    written = [path for path, data in targets.items() if write_new(path, data)]
    for path, data in roles.items():
        write_new(path, data)
        (folder / STAGED / path.name).unlink(missing_ok=True)
    return Published(
        versions={role: item.signed.version for role, item in signed.items()},
        files=tuple(sorted(path.relative_to(folder).as_posix() for path in written)),
    )


def stage(
    folder: Path,
    plan: WantedRelease,
    *,
    releases: ReleaseHistory,
    signers: Signers,
    now: datetime,
    rekey: bool = False,
) -> list[Staged]:
    """Add signatures of the available keys to the roles that change, without publishing.

    Arguments as for ``publish``.

    Returns:
        Every role that changes, with the number of its signatures.

    Raises:
        ReleaseError: If a role has no keys yet and none are listed.
    """
    found = []
    tasks = list(_tasks(plan, releases, signers, now, rekey=rekey))
    # All of them before the first is written: a wrong key for one role stages nothing.
    signed = [(task, _collect(folder, task, signers)) for task in tasks]
    paths = [staged_path(folder, task.role, task.body.version) for task in tasks]
    check_writable(paths)
    for path, (task, metadata) in zip(paths, signed, strict=True):
        version, count = metadata.signed.version, len(metadata.signatures)
        if count:
            write_whole(path, to_bytes(metadata))
        found.append(
            Staged(role=task.role, version=version, signatures=count, threshold=task.duty.threshold)
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """A role to sign: its new content, threshold and keys."""

    role: str
    body: Targets
    duty: Role
    keys: Mapping[str, Key]


def _collect(folder: Path, task: _Task, signers: Signers) -> Metadata[Any]:
    require_role(task.role, task.duty, signers.get(task.role, ()))
    staged = staged_path(folder, task.role, task.body.version)
    return collect(task.body, task.duty, signers.get(task.role, ()), staged=staged, keys=task.keys)


def _tasks(
    plan: WantedRelease, releases: ReleaseHistory, signers: Signers, now: datetime, *, rekey: bool
) -> Iterator[_Task]:
    """Yield every role below the root that changes or is near expiry."""
    root, body = releases.root.signed, _top(plan, releases, signers, now, rekey=rekey)
    if body is not None:
        yield _Task(role="targets", body=body, duty=root.roles["targets"], keys=root.keys)
    top = body or (releases.targets.signed if releases.targets else None)
    if top is None or top.delegations is None or top.delegations.roles is None:
        raise ReleaseError(
            "targets",
            got="no delegations",
            expected="roles",
            next_step="run `mobile-ai release publish`",
        )
    for role, files in plan.targets.items():
        made = _role(role, files, current=releases.role(role), now=now)
        if made is None and body is not None and not _verifies(body, role, releases):
            made = _copy(role, files, releases, now)
        if made is not None:
            duty = top.delegations.roles[role]
            yield _Task(role=role, body=made, duty=duty, keys=top.delegations.keys)


def _top(
    plan: WantedRelease, releases: ReleaseHistory, signers: Signers, now: datetime, *, rekey: bool
) -> Targets | None:
    """Return new top-level targets if rings or keys changed, or they are near expiry."""
    current = releases.targets.signed if releases.targets else None
    keys = {role: [item.public_key for item in items] for role, items in signers.items()}
    known = current.delegations if current else None
    keyids = {}
    for role in ("models", "halt", *map(ring_role, plan.rings)):
        listed = [key.keyid for key in keys.get(role, ())]
        keyids[role] = listed if listed and rekey else _known(known, role) or listed
        count = len(set(keyids[role]))
        if count < threshold(role):
            raise ReleaseError(
                f"role {role}",
                got=f"{count} key{'s' * (count != 1)}",
                expected=f"at least {threshold(role)}",
                next_step="add keys to the list of signers; one kept elsewhere as public:PATH",
            )
    public = {key.keyid: key for items in keys.values() for key in items}
    public |= known.keys if known else {}
    used = {keyid for ids in keyids.values() for keyid in ids}
    wanted = Delegations(
        {keyid: public[keyid] for keyid in sorted(used)}, delegated_roles(plan.rings, keyids)
    )
    if current and current.delegations == wanted and not _ageing("targets", current, now):
        return None
    version = current.version + 1 if current else 1
    return Targets(version=version, expires=_expiry("targets", now), delegations=wanted)


def _known(known: Delegations | None, role: str) -> list[str]:
    roles = known.roles if known else None
    return list(roles[role].keyids) if roles and role in roles else []


def _role(
    role: str, files: Mapping[str, Target], *, current: Metadata[Targets] | None, now: datetime
) -> Targets | None:
    targets = {path: _target_file(item) for path, item in sorted(files.items())}
    if current and current.signed.targets == targets and not _ageing(role, current.signed, now):
        return None
    version = current.signed.version + 1 if current else 1
    return Targets(version=version, expires=_expiry(role, now), targets=targets)


def _copy(
    role: str, files: Mapping[str, Target], releases: ReleaseHistory, now: datetime
) -> Targets:
    """Return the same content under the next version, to be signed by new keys."""
    current = releases.role(role)
    made = _role(role, files, current=None, now=now)
    if made is None:  # pragma: no cover  # without a current version there is always one
        raise AssertionError(role)
    made.version = current.signed.version + 1 if current else 1
    return made


def _verifies(top: Targets, role: str, releases: ReleaseHistory) -> bool:
    current = releases.role(role)
    if current is None:
        return False
    result = top.get_verification_result(role, current.signed_bytes, current.signatures)
    return bool(result)


def _snapshot(
    releases: ReleaseHistory, signed: Mapping[str, Metadata[Any]], now: datetime
) -> Snapshot | None:
    current = releases.snapshot
    roles: dict[str, Metadata[Any]] = dict(releases.delegated)
    if releases.targets:
        roles["targets"] = releases.targets
    roles |= signed
    meta = {f"{role}.json": MetaFile(item.signed.version) for role, item in sorted(roles.items())}
    if current is not None:
        # A removed role stays listed: clients refuse a snapshot that omits one (TUF 1.0.34, 5.5.5).
        meta = {**current.signed.meta, **meta}
        if meta == current.signed.meta and not _ageing("snapshot", current.signed, now):
            return None
    version = current.signed.version + 1 if current else 1
    return Snapshot(version=version, expires=_expiry("snapshot", now), meta=meta)


def _target_files(folder: Path, plan: WantedRelease) -> dict[Path, bytes]:
    """Return what the release itself brings, by path; artifacts are in ``models/``."""
    return {
        folder / "targets" / served_name(item.path, item.sha256): item.data
        for files in plan.targets.values()
        for item in files.values()
        if item.data is not None
    }


def _target_file(item: Target) -> TargetFile:
    custom = {} if item.custom is None else {"custom": dict(item.custom)}
    return TargetFile(item.length, {"sha256": item.sha256}, item.path, custom)


def _ageing(role: str, signed: Signed, now: datetime) -> bool:
    left = signed.expires - now
    return bool(left < lifetime(role) / 3)


def _expiry(role: str, now: datetime) -> datetime:
    return (now + lifetime(role)).replace(microsecond=0)
