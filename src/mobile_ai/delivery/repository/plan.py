"""Plans a release: the difference between what Git declares and what is signed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tuf.api.metadata import TargetFile

from mobile_ai.contracts.trust import Trust
from mobile_ai.delivery.halts import Halt
from mobile_ai.delivery.repository import artifact_targets, content
from mobile_ai.delivery.repository.folder import ReleaseHistory
from mobile_ai.delivery.repository.halted import stopped
from mobile_ai.delivery.repository.roles import ring_role
from mobile_ai.delivery.repository.targets import Target
from mobile_ai.delivery.repository.versions import ModelVersionFiles
from mobile_ai.stack.settings_deployment import Deployment, ModelPin

_Versions = Mapping[str, ModelVersionFiles]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRelease:
    """Desired targets of every role.

    Attributes:
        rings: All rings of the stack.
        targets: Targets by role, by path.
    """

    rings: tuple[str, ...]
    targets: Mapping[str, Mapping[str, Target]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A line of the plan: ``+`` adds a target, ``~`` changes it, ``-`` removes it."""

    role: str
    sign: str
    path: str


def wanted(
    deployments: Iterable[Deployment],
    versions: _Versions,
    *,
    models: Path,
    releases: ReleaseHistory,
    trust: Trust,
) -> WantedRelease:
    """Return the targets that the stack file declares.

    Args:
        deployments: From the stack file.
        versions: The verified version of every pin's SHA-256.
        models: The folder of all model versions, which holds earlier artifacts.
        releases: Signed metadata, for patches from earlier versions.
        trust: Signers and revoked versions.
    """
    deployments = list(deployments)
    metadata = releases.role("models")
    released: Mapping[str, TargetFile] = metadata.signed.targets if metadata else {}
    rings = sorted({ring.name for item in deployments for ring in item.rollout.rings})
    named = _models(deployments, versions, models=models, released=released, trust=trust)
    if releases.lifted:
        lifts = content.lifts_target(releases.lifted)
        named[lifts.path] = lifts
    target = content.halt_target(halts(deployments, versions, releases))
    roles = {"models": named, "halt": {target.path: target}}
    patches = _patches_of(named.values())
    for ring in rings:
        documents = _releases(ring, deployments, versions, patches)
        roles[ring_role(ring)] = {item.path: item for item in documents}
    return WantedRelease(rings=tuple(rings), targets=roles)


def halts(
    deployments: Iterable[Deployment], versions: _Versions, releases: ReleaseHistory
) -> list[Halt]:
    """Return the halts in force: those signed and not lifted, and new ones of the stack file.

    A stack file can only add halts: it names one version, and an earlier halted one may still be on
    devices.
    """
    found = [item for item in releases.halts if item.id not in releases.lifted]
    metadata = releases.role("halt")
    since = (metadata.signed.version if metadata else 0) + 1
    for deployment in (item for item in deployments if item.rollout.halted):
        halt = content.halt_of(deployment, versions[deployment.pin.sha256], since=since)
        if not set(halt.digests) <= stopped(found, deployment):
            found.append(halt)
    return found


def changes(plan: WantedRelease, releases: ReleaseHistory) -> list[Change]:
    """Return the changes of a release, role by role."""
    found: list[Change] = []
    for role, targets in sorted(plan.targets.items()):
        metadata = releases.role(role)
        signed = metadata.signed.targets if metadata else {}
        signs = dict.fromkeys(targets, "+") | dict.fromkeys(signed, "-")
        for path in set(targets) & set(signed):
            same = (targets[path].sha256, targets[path].custom) == (
                signed[path].hashes.get("sha256"),
                signed[path].custom,
            )
            signs[path] = "" if same else "~"
        found += [
            Change(role=role, sign=sign, path=path) for path, sign in sorted(signs.items()) if sign
        ]
    return found


def _models(
    deployments: list[Deployment],
    versions: _Versions,
    *,
    models: Path,
    released: Mapping[str, TargetFile],
    trust: Trust,
) -> dict[str, Target]:
    named: dict[str, Target] = {}
    for deployment in deployments:
        variants = [item.variant for item in deployment.placement]
        for pin in deployment.pins:
            found = artifact_targets.version_targets(versions[pin.sha256], variants)
            named.update({item.path: item for item in found})
    pinned = [item for item in named.values() if (item.custom or {}).get("kind") == "artifact"]
    kept = artifact_targets.kept_artifacts(released, named, trust)
    patches = artifact_targets.patches_between(
        pinned, [*pinned, *kept], models=models, released=released
    )
    tables = [content.rings_target(item) for item in deployments]
    return named | {item.path: item for item in (*kept, *patches, *tables)}


def _releases(
    ring: str,
    deployments: list[Deployment],
    versions: _Versions,
    patches: Mapping[str, list[str]],
) -> Iterator[Target]:
    for deployment in deployments:
        pin = dict(_pin_of_ring(deployment)).get(ring)
        if pin is not None:
            yield content.release_target(deployment, ring, versions[pin.sha256], patches)


def _pin_of_ring(deployment: Deployment) -> Iterator[tuple[str, ModelPin]]:
    """Yield each ring's pin; a ring that the rollout has not reached keeps the previous one."""
    pin: ModelPin | None = deployment.pin
    for ring in deployment.rollout.rings:
        if pin is not None:
            yield ring.name, pin
        if ring.name == deployment.rollout.stage:
            pin = deployment.previous


def _patches_of(targets: Iterable[Target]) -> dict[str, list[str]]:
    by_goal: dict[str, list[str]] = {}
    for item in targets:
        if item.custom and item.custom["kind"] == "patch":
            by_goal.setdefault(item.custom["to"], []).append(item.path)
    return by_goal
