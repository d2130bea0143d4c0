"""Content of a release: targets and documents, from deployments and verified versions.

Everything is a pure function of the stack file, the model folders and the versions released
before, so the same commit gives the same bytes on any machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mobile_ai.contracts.canonical import canonical_bytes, sha256_bytes
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.manifest import Artifact
from mobile_ai.contracts.self_test import check_self_test
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.halts import LIFTS_FILE, Halt
from mobile_ai.delivery.repository.deployment import ReleasedDeployment
from mobile_ai.delivery.repository.roles import HALT_FILE, ring_file, rings_file
from mobile_ai.delivery.repository.versions import ModelVersionFiles

__all__ = [
    "API_VERSION",
    "Target",
    "artifact_target",
    "halt_of",
    "halt_target",
    "lifts_target",
    "release_target",
    "rings_target",
    "self_test_targets",
    "target_name",
]

API_VERSION: Final = "mobile-ai/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A file that signed metadata names.

    Attributes:
        path: Its TUF target path.
        sha256: Digest of its bytes.
        length: Bytes.
        custom: TUF ``custom`` object, as the signing role states it.
        data: The bytes, or ``None`` for an artifact, which is delivered from ``models/``.
    """

    path: str
    sha256: str
    length: int
    custom: Mapping[str, Any] | None = None
    data: bytes | None = None

    @classmethod
    def of(cls, path: str, data: bytes, custom: Mapping[str, Any] | None = None) -> Target:
        """Return the target of some bytes."""
        return cls(path=path, sha256=sha256_bytes(data), length=len(data), custom=custom, data=data)


def target_name(sha256: str, file: str) -> str:
    """Return the target path of a file, prefixed with its digest."""
    return f"{sha256}.{file.rpartition('/')[2]}"


def artifact_target(
    version: ModelVersionFiles, artifact: Artifact, *, self_test: str | None
) -> Target:
    """Return an artifact's target, as role ``models`` signs it.

    A device reads model, requirements and fallback from here and not from a ring's document,
    which a single key signs.
    """
    manifest = version.model.manifest
    custom: dict[str, Any] = {
        "kind": "artifact",
        "model": manifest.metadata.name,
        "version": manifest.metadata.version,
        "variant": artifact.variant,
        "format": artifact.format,
        "manifestSha256": version.model.sha256,
        "requirements": artifact.requirements.model_dump(
            mode="json", by_alias=True, exclude_none=True
        ),
        "fallback": manifest.fallback.mode,
    }
    if self_test is not None:
        custom["selfTest"] = self_test
    return Target(
        path=target_name(artifact.sha256, artifact.file),
        sha256=artifact.sha256,
        length=artifact.bytes,
        custom=custom,
    )


def self_test_targets(
    version: ModelVersionFiles, variants: Iterable[str]
) -> dict[str, list[Target]]:
    """Return for each variant its self-test and the inputs, which variants share.

    The inputs are a separate file: they are equal from version to version, so a device that
    updates has them already.

    Raises:
        ReleaseError: If the file is missing, differs from the manifest, or has a form that not
            every device accepts.
    """
    reference = version.model.manifest.self_test
    if reference is None:
        return {}
    data = version.read(reference.file, reference.sha256)
    if data is None:
        raise _incomplete(f"{version.label}: {reference.file}", "no such file")
    try:
        documents = check_self_test(data, version.model.manifest)
    except GovernanceError as error:
        raise ReleaseError(
            error.what, got=error.got, expected=error.expected, next_step=error.next_step
        ) from error
    shared = Target.of(documents.inputs_name, documents.inputs, {"kind": "inputs"})
    return {
        variant: [_self_test(version, variant, documents.variants[variant]), shared]
        for variant in variants
        if variant in documents.variants
    }


def rings_target(deployment: ReleasedDeployment) -> Target:
    """Return the ring table of a deployment."""
    value = {
        "apiVersion": API_VERSION,
        "kind": "Rings",
        "app": deployment.app,
        "model": deployment.model,
        "salt": deployment.salt,
        "rings": [{"name": ring.name, "share": ring.share} for ring in deployment.rings],
    }
    return Target.of(rings_file(deployment.name), canonical_bytes(value), {"kind": "rings"})


def release_target(
    deployment: ReleasedDeployment,
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
        "minAppVersion": deployment.min_app_version,
        "variants": [
            _place(item, version.artifact(item["variant"]), patches)
            for item in deployment.placement
            if version.model.manifest.artifact(item["variant"]) is not None
        ],
    }
    return Target.of(ring_file(ring, deployment.name), canonical_bytes(value))


def halt_of(deployment: ReleasedDeployment, version: ModelVersionFiles, *, since: int) -> Halt:
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


def _place(
    item: Mapping[str, Any], artifact: Artifact, patches: Mapping[str, list[str]]
) -> dict[str, Any]:
    where = {key: item[key] for key in ("deviceClass", "site", "region") if key in item}
    return {
        "target": item["target"],
        **where,
        "variant": artifact.variant,
        "file": target_name(artifact.sha256, artifact.file),
        "patches": sorted(patches.get(artifact.sha256, [])),
    }


def _self_test(version: ModelVersionFiles, variant: str, data: bytes) -> Target:
    path = target_name(sha256_bytes(data), f"{version.label}-{variant}.selftest.json")
    return Target.of(path, data, {"kind": "self-test"})


def _incomplete(what: str, got: str) -> ReleaseError:
    return ReleaseError(
        what, got=got, expected="the bytes that the manifest names", next_step="restore the file"
    )
