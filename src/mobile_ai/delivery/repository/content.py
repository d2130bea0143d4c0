"""Content of a release: targets and documents, from deployments and verified versions.

Everything is a pure function of the stack file, the model folders and the versions released
before, so the same commit gives the same bytes on any machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from mobile_ai.contracts.canonical import canonical_bytes
from mobile_ai.contracts.manifest import Artifact
from mobile_ai.delivery.halts import LIFTS_FILE, Halt
from mobile_ai.delivery.repository.roles import HALT_FILE, ring_file, rings_file
from mobile_ai.delivery.repository.targets import Target, target_name
from mobile_ai.delivery.repository.versions import ModelVersionFiles
from mobile_ai.delivery.rings import millionths
from mobile_ai.stack.settings_deployment import Deployment, Placement

API_VERSION: Final = "mobile-ai/v1"
"""`apiVersion` of the documents of a release."""
_PLACES: Final = ("deviceClass", "site", "region")


def rings_target(deployment: Deployment) -> Target:
    """Return the ring table of a deployment."""
    rollout = deployment.rollout
    value = {
        "apiVersion": API_VERSION,
        "kind": "Rings",
        "app": deployment.app,
        "model": deployment.model,
        "salt": rollout.salt,
        "rings": [{"name": r.name, "share": millionths(r.percent)} for r in rollout.rings],
    }
    return Target.of(rings_file(deployment.name), canonical_bytes(value), {"kind": "rings"})


def release_target(
    deployment: Deployment,
    ring: str,
    version: ModelVersionFiles,
    patches: Mapping[str, list[str]],
) -> Target:
    """Return a ring's release document, which names artifacts of role ``models``.

    Args:
        deployment: From the stack file.
        ring: The ring.
        version: The version that the ring runs.
        patches: Paths of patches by the digest of the artifact that they lead to.
    """
    value = {
        "apiVersion": API_VERSION,
        "kind": "Release",
        "app": deployment.app,
        "model": deployment.model,
        "ring": ring,
        "version": version.model.manifest.metadata.version,
        "manifestSha256": version.model.sha256,
        "minAppVersion": deployment.rollout.min_app_version,
        "variants": [
            _place(item, version.artifact(item.variant), patches)
            for item in deployment.placement
            if version.model.manifest.artifact(item.variant) is not None
        ],
    }
    return Target.of(ring_file(ring, deployment.name), canonical_bytes(value))


def halt_of(deployment: Deployment, version: ModelVersionFiles, *, since: int) -> Halt:
    """Return the halt of all artifacts of a version, in the deployment's application."""
    return Halt(
        app=deployment.app,
        model=deployment.model,
        version=version.model.manifest.metadata.version,
        digests=tuple(sorted(item.sha256 for item in version.model.manifest.artifacts)),
        since=since,
    )


def halt_target(halts: Iterable[Halt]) -> Target:
    """Return the document of role ``halt``."""
    entries = [item.model_dump(mode="json") for item in halts]
    value = {"apiVersion": API_VERSION, "kind": "Halt", "halted": entries}
    return Target.of(HALT_FILE, canonical_bytes(value))


def lifts_target(lifted: Iterable[str]) -> Target:
    """Return the document of lifted halts, by id."""
    value = {"apiVersion": API_VERSION, "kind": "Lift", "lifted": sorted(lifted)}
    return Target.of(LIFTS_FILE, canonical_bytes(value), {"kind": "lifts"})


def _place(item: Placement, artifact: Artifact, patches: Mapping[str, list[str]]) -> dict[str, Any]:
    source = item.to_source()
    return {
        **{key: source[key] for key in ("target", *_PLACES) if key in source},
        "variant": artifact.variant,
        "file": target_name(artifact.sha256, artifact.file),
        "patches": sorted(patches.get(artifact.sha256, [])),
    }
