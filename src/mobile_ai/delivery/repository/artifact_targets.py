"""Targets of role ``models``: artifacts, their self-tests, and patches between artifacts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tuf.api.metadata import TargetFile

from mobile_ai.contracts.trust import Trust
from mobile_ai.delivery.repository import patches
from mobile_ai.delivery.repository.targets import Target, artifact_target, self_test_targets
from mobile_ai.delivery.repository.versions import ModelVersionFiles

KEPT_VERSIONS: Final = 3
"""Earlier versions that stay named per variant, as patch bases and for rollback."""


def version_targets(version: ModelVersionFiles, variants: Iterable[str]) -> list[Target]:
    """Return the artifacts of a version that the stack places, and their self-tests."""
    chosen = set(variants)
    present = [item for item in version.model.manifest.artifacts if item.variant in chosen]
    tests = self_test_targets(version, [item.variant for item in present])
    targets: list[Target] = []
    for artifact in present:
        version.read(artifact.file, artifact.sha256)
        test = tests.get(artifact.variant, [])
        name = test[0].path if test else None
        targets += [*test, artifact_target(version, artifact, self_test=name)]
    return targets


def kept_artifacts(
    released: Mapping[str, TargetFile], wanted: Mapping[str, Target], trust: Trust
) -> list[Target]:
    """Return earlier artifacts that stay named: the newest of each variant, except revoked ones."""
    groups: dict[tuple[str, str], list[Target]] = {}
    for path, target in released.items():
        custom = target.custom or {}
        if custom.get("kind") != "artifact" or path in wanted:
            continue
        if custom["manifestSha256"] not in trust.revoked:
            found = _named(target)
            groups.setdefault((custom["model"], custom["variant"]), []).append(found)
    kept: list[Target] = []
    for items in groups.values():
        items.sort(key=lambda item: patches.order((item.custom or {})["version"]), reverse=True)
        kept += items[:KEPT_VERSIONS]
    return kept


def patches_between(
    goals: Iterable[Target],
    sources: Iterable[Target],
    *,
    models: Path,
    released: Mapping[str, TargetFile],
) -> list[Target]:
    """Return for every goal its compressed file, and a patch from every source of the same variant.

    A patch that is already signed is reused: another release of a compression library would
    produce other bytes for the same patch.
    """
    sources = list(sources)
    known = {
        (custom["from"], custom["to"]): _named(target)
        for target in released.values()
        if (custom := target.custom or {}).get("kind") == "patch"
    }
    found: list[Target | None] = []
    for goal in goals:
        if (None, goal.sha256) in known:
            found.append(known[None, goal.sha256])
        elif (data := _bytes(goal, models)) is not None:
            found.append(patches.packed_target(data))
        for source in (item for item in sources if _variant(item) == _variant(goal)):
            if (source.sha256, goal.sha256) in known:
                found.append(known[source.sha256, goal.sha256])
            elif source.sha256 != goal.sha256:
                found.append(_patch(source, goal, models))
    return [item for item in found if item is not None]


def _patch(source: Target, goal: Target, models: Path) -> Target | None:
    old, new = _bytes(source, models), _bytes(goal, models)
    if old is None or new is None:
        return None
    return patches.patch_target(old, new, source=(source.custom or {})["version"])


def _bytes(target: Target, models: Path) -> bytes | None:
    custom = target.custom or {}
    return patches.read_artifact(models, custom["model"], custom["version"], target.path)


def _variant(target: Target) -> tuple[str, str]:
    custom = target.custom or {}
    return custom["model"], custom["variant"]


def _named(target: TargetFile) -> Target:
    custom: Mapping[str, Any] | None = target.custom
    return Target(
        path=target.path, sha256=target.hashes["sha256"], length=target.length, custom=custom
    )
