"""A stack's release from end to end: read Git, plan, sign, write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from mobile_ai.contracts.canonical import parse_sha256
from mobile_ai.contracts.trust import Trust
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.halts import LIFTS_FILE, Halt
from mobile_ai.delivery.repository.folder import ReleaseHistory, read_releases
from mobile_ai.delivery.repository.halted import request_lift, stopped
from mobile_ai.delivery.repository.plan import Change, WantedRelease, changes, halts, wanted
from mobile_ai.delivery.repository.roles import HALT_ROLE
from mobile_ai.delivery.repository.stack import (
    find_deployment,
    read_deployments,
    read_trust,
    resume,
)
from mobile_ai.delivery.repository.versions import ModelVersionFiles, read_version_files
from mobile_ai.signing.files import check_writable
from mobile_ai.stack.editor import edit_deployment
from mobile_ai.stack.reader import stack_file_name
from mobile_ai.stack.settings_deployment import Deployment, ModelPin

_STACK: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryPaths:
    """Paths of a stack's files below the root of the repository.

    Attributes:
        root: The repository.
        stack: The stack's name.
        config_file: Another stack file than the repository's, such as a sandbox's copy.
    """

    root: Path
    stack: str
    config_file: Path | None = None

    def __post_init__(self) -> None:
        """Refuse a stack name that could escape ``releases/``.

        Raises:
            ReleaseError: If it is not a plain name.
        """
        if not _STACK.fullmatch(self.stack):
            raise ReleaseError(
                "stack",
                got=repr(self.stack)[:80],
                expected="letters, digits, '.', '_' and '-'",
                next_step="give the name of a stack file, Pulumi.<stack>.yaml",
            )

    @property
    def stack_file(self) -> Path:
        """``Pulumi.<stack>.yaml``, or ``config_file``."""
        return self.config_file or self.root / stack_file_name(self.stack)

    @property
    def releases(self) -> Path:
        """``releases/<stack>``."""
        return self.root / "releases" / self.stack

    @property
    def models(self) -> Path:
        """The folder of all model versions."""
        return self.root / "models"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRelease:
    """A planned release, not signed yet.

    Attributes:
        releases: Signed metadata.
        wanted: Desired targets of every role.
        changes: The difference.
        still_halted: Deployments whose version stays halted although the stack file no longer
            halts it.
    """

    releases: ReleaseHistory
    wanted: WantedRelease
    changes: tuple[Change, ...]
    still_halted: tuple[str, ...] = ()

    @property
    def only_halts(self) -> bool:
        """True if the plan changes nothing but halts."""
        return all(item.role == HALT_ROLE for item in self.changes)

    def halts_alone(self) -> PlannedRelease:
        """Return the part of the plan that role ``halt`` signs."""
        targets = {HALT_ROLE: self.wanted.targets[HALT_ROLE]}
        changed = tuple(item for item in self.changes if item.role == HALT_ROLE)
        return replace(self, wanted=replace(self.wanted, targets=targets), changes=changed)


def plan_release(places: RepositoryPaths, *, trust: Trust | None = None) -> PlannedRelease:
    """Plan the release that Git declares.

    Raises:
        ReleaseError: If the stack file, a version's evidence or the signed metadata is invalid.
    """
    deployments = read_deployments(places.stack_file)
    trust = trust or read_trust(places.root / "policy-pack", places.stack)
    releases = read_releases(places.releases)
    versions = {
        pin.sha256: _version(places, pin, trust, releases)
        for item in deployments
        for pin in item.pins
    }
    plan = wanted(deployments, versions, models=places.models, releases=releases, trust=trust)
    named = halts(deployments, versions, releases)
    kept = (
        item.name
        for item in deployments
        if not item.rollout.halted and _digests(versions[item.pin.sha256]) <= stopped(named, item)
    )
    return PlannedRelease(
        releases=releases,
        wanted=plan,
        changes=tuple(changes(plan, releases)),
        still_halted=tuple(kept),
    )


def halt_is_signed(places: RepositoryPaths, name: str) -> bool:
    """Return whether role ``halt`` has signed a halt of the version that a deployment pins.

    Raises:
        ReleaseError: If there is no such deployment, or the signed metadata is invalid.
    """
    deployment = find_deployment(places.stack_file, name)
    return bool(_signed_halts(places, deployment, deployment.pin.version))


def lift_halts(
    places: RepositoryPaths, name: str, *, version: str | None = None, ids: Sequence[str] = ()
) -> list[str]:
    """Request in Git that halts be lifted; effective once role ``models`` has signed it.

    Args:
        places: The repository and the stack.
        name: The deployment.
        version: The halted version; by default the one that the stack file pins.
        ids: Ids of halts that a device reports and the repository does not know.

    Returns:
        The ids of the halts to lift; empty if the halt was only in the stack file.

    Raises:
        ReleaseError: If the version is not halted, or the signed metadata is invalid.
        DocumentError: If an id is malformed.
    """
    deployment = find_deployment(places.stack_file, name)
    wanted_version = version or deployment.pin.version
    found = [item.id for item in _signed_halts(places, deployment, wanted_version)]
    found += [parse_sha256(item, name="id of a halt") for item in ids]
    pinned = deployment.rollout.halted and wanted_version == deployment.pin.version
    if not found and not pinned:
        raise ReleaseError(
            f"{name} {wanted_version}",
            got="no halt of it",
            expected="a version that is halted",
            next_step="name it with --version, or the halt with --halt (mobile-ai device why)",
        )
    if found:
        check_writable([places.releases / LIFTS_FILE])
    if pinned:
        edit_deployment(places.stack_file, name, resume)
    if found:
        request_lift(places.releases, found)
    return found


def request_known_lift(folder: Path, ids: Sequence[str]) -> None:
    """Request that halts of the signed releases be lifted (see ``lift_halts``).

    Raises:
        ReleaseError: If the signed metadata is invalid, or names no such halt.
        DocumentError: If an id is malformed.
    """
    releases = read_releases(folder)
    known = {item.id for item in releases.halts}
    for item in ids:
        if parse_sha256(item, name="id of a halt") not in known:
            raise ReleaseError(
                f"halt {item}",
                got="no such halt",
                expected=f"one of {sorted(known)}" if known else "a halt that the releases name",
                next_step="`mobile-ai release lift --halt` takes one that a device reports",
            )
    request_lift(folder, ids)


def _signed_halts(places: RepositoryPaths, deployment: Deployment, version: str) -> list[Halt]:
    if not places.releases.exists():
        return []
    releases = read_releases(places.releases)
    mine = (deployment.app, deployment.model, version)
    return [
        item
        for item in releases.halts
        if (item.app, item.model, item.version) == mine and item.id not in releases.lifted
    ]


def _digests(version: ModelVersionFiles) -> set[str]:
    return {item.digest for item in version.model.manifest.artifacts}


def _version(
    places: RepositoryPaths, pin: ModelPin, trust: Trust, releases: ReleaseHistory
) -> ModelVersionFiles:
    return read_version_files(
        places.root / pin.manifest,
        pin=pin.sha256,
        trust=trust,
        released=releases.lists(pin.sha256),
    )
