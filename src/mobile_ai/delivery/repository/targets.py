"""Signed files of a model version: its artifacts and self-tests, as targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.manifest import Artifact
from mobile_ai.contracts.self_test import check_self_test
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.versions import ModelVersionFiles

_incomplete = ReleaseError.advising(
    "restore the file", expected="the bytes that the manifest names"
)


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


def _self_test(version: ModelVersionFiles, variant: str, data: bytes) -> Target:
    path = target_name(sha256_bytes(data), f"{version.label}-{variant}.selftest.json")
    return Target.of(path, data, {"kind": "self-test"})
