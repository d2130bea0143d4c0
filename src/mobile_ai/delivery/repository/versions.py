"""Model versions that may be released: pinned by the stack file, signed by trusted parties."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.evidence import VerifiedModel, verify_model
from mobile_ai.contracts.manifest import Artifact, read_manifest, undeliverable
from mobile_ai.contracts.trust import Trust
from mobile_ai.delivery.errors import ReleaseError

_wrong = ReleaseError.advising("run mobile-ai model verify on its manifest")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersionFiles:
    """A verified model version and its folder.

    Attributes:
        folder: ``models/<model>/<version>``.
        model: Result of ``mobile_ai.contracts.evidence``.
    """

    folder: Path
    model: VerifiedModel

    @property
    def label(self) -> str:
        """Model and version, as in file names."""
        meta = self.model.manifest.metadata
        return f"{meta.name}-{meta.version}"

    def artifact(self, variant: str) -> Artifact:
        """Return the artifact of a variant.

        Raises:
            ReleaseError: If the version has no such variant.
        """
        found = self.model.manifest.artifact(variant)
        if found is None:
            known = sorted(item.variant for item in self.model.manifest.artifacts)
            raise _wrong(f"{self.label} {variant}", "no such variant", f"one of {known}")
        return found

    def deliverable(self, artifact: Artifact) -> None:
        """Refuse an artifact that release metadata or clients cannot carry.

        Raises:
            ReleaseError: If it is one.
        """
        kept = undeliverable(artifact, self.model.manifest)
        if kept is not None:
            raise ReleaseError(
                f"{self.label} {artifact.variant}",
                got=kept,
                expected="one file of format tflite, onnx or coreml",
                next_step="place another variant (docs/manifest.md)",
            )

    def read(self, file: str, sha256: str) -> bytes | None:
        """Return a file's bytes, or ``None`` if it is stored outside Git.

        Raises:
            ReleaseError: If its digest differs from the manifest's.
        """
        path = self.folder / file
        if not path.is_file():
            return None
        data = path.read_bytes()
        if sha256_bytes(data) != sha256:
            raise _wrong(str(path), f"sha256 {sha256_bytes(data)}", sha256)
        return data


def read_version_files(
    manifest: Path, *, pin: str, trust: Trust, released: bool
) -> ModelVersionFiles:
    """Return a version whose whole chain of evidence verifies.

    Args:
        manifest: Its manifest file.
        pin: SHA-256 of the file, from the stack file.
        trust: Signers that may vouch for it.
        released: True if it was released before (see ``Trust.verify``).

    Raises:
        ReleaseError: If a file is missing, or a required statement is.
    """
    try:
        text = manifest.read_text(encoding="utf-8")
        listed, _ = read_manifest(text, name=str(manifest))
        evidence: dict[str, str] = {
            item.kind: (manifest.parent / item.file).read_text(encoding="utf-8")
            for item in listed.statements
        }
        model = verify_model(text, evidence, pin=pin, trust=trust, released=released)
    except OSError as error:
        raise _wrong(str(manifest), str(error), "the files that the stack file pins") from error
    except GovernanceError as error:
        raise _wrong(f"{manifest}: {error.what}", error.got, error.expected) from error
    return ModelVersionFiles(folder=manifest.parent, model=model)
