"""Reads and writes version folders atomically.

A folder is written under a temporary name and renamed, so that a reader sees either the old or the
new version; what a killed run left in between is put right before the next one reads or writes. A
version is written once: different content under the same number is refused unless the caller
explicitly replaces it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.canonical import manifest_digest, sha256_text, statements_key
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.files import leftovers, name_beside
from mobile_ai.contracts.manifest import ModelManifest, read_manifest
from mobile_ai.contracts.metrics import is_cost
from mobile_ai.model_build.assemble import MAX_GIT_BYTES, Draft, manifest_values
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.signing.files import check_writable

MANIFEST_FILE: Final = "manifest.yaml"
"""Manifest in the folder of a version."""
SCOPE_FOLDER: Final = "scope"
"""Folder of records about further uses, see ``contracts.assessment_scope``."""
EVIDENCE_FILES: Final[Mapping[str, str]] = {
    "provenance": "evidence/provenance.dsse.json",
    "evaluation": "evidence/evaluation.dsse.json",
    "assessment": "evidence/assessment.dsse.json",
    "bom": "evidence/bom.cdx.json",
    "signature": "evidence/model.sig",
}
"""Files of the evidence by kind, below the folder of a version."""


class VersionError(ModelBuildError):
    """A version folder that cannot be written or read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenVersion:
    """A version folder on disk.

    Attributes:
        folder: ``models/<model>/<version>``.
        sha256: Digest of the manifest file, which stack files pin.
        manifest: The typed manifest, with its evidence.
        changed: Whether this call wrote it.
    """

    folder: Path
    sha256: str
    manifest: ModelManifest
    changed: bool


def write_version(
    draft: Draft,
    evidence: Mapping[str, str],
    *,
    models: Path,
    replace: bool = False,
    large: Path | None = None,
) -> WrittenVersion:
    """Write a version folder below ``models`` and return it.

    Args:
        draft: The manifest and the artifacts.
        evidence: Text by kind, see ``EVIDENCE_FILES``.
        models: The folder of all models.
        replace: Whether to replace an existing version with different content.
        large: Folder for artifacts with a ``uri``, to be uploaded; they are not written to the
            version folder.

    Raises:
        VersionError: If the version exists with different content, or an artifact is too large
            for Git and has no ``uri``.
    """
    _check_sizes(draft)
    meta = draft.manifest.metadata
    folder = models / meta.name / meta.version
    settle(folder)
    text = _manifest_text(draft, evidence)
    if folder.exists() and not replace:
        return _existing(folder, draft)
    outside = [item for item in draft.manifest.artifacts if item.uri is not None]
    stored = {file.path for item in outside for file in item.files}
    files = {
        MANIFEST_FILE: text.encode(),
        **{name: data for name, data in draft.files.items() if name not in stored},
        **{EVIDENCE_FILES[kind]: content.encode() for kind, content in evidence.items()},
    }
    if folder.exists():
        files |= _scopes(folder, draft)
    if large is not None:
        for name in sorted(stored & set(draft.files)):
            path = large / meta.name / meta.version / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(draft.files[name])
    _swap_in(folder, files)
    return read_version(folder, changed=True)


def read_version(folder: Path, *, changed: bool = False) -> WrittenVersion:
    """Read a version folder's manifest.

    Raises:
        VersionError: If there is no manifest.
        ManifestError: If the manifest does not follow its schema.
    """
    settle(folder)
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise VersionError(
            str(folder),
            got="no manifest.yaml",
            expected="a version folder such as models/digits/1.0.0",
            next_step="build it: mobile-ai model build RECIPE",
        )
    text = path.read_bytes().decode("utf-8")
    manifest, _ = read_manifest(text, name=str(path))
    return WrittenVersion(
        folder=folder, sha256=sha256_text(text), manifest=manifest, changed=changed
    )


def read_draft(folder: Path) -> tuple[Draft, dict[str, str]]:
    """Return the draft and the evidence that a version was written from."""
    path = folder / MANIFEST_FILE
    manifest = read_version(folder).manifest
    _, values = read_manifest(path.read_bytes().decode("utf-8"), name=str(path))
    named = [file.path for item in manifest.artifacts for file in item.files]
    named = [name for name in dict.fromkeys(named) if (folder / name).is_file()]
    stored = manifest.stored_self_test
    if stored is not None:
        named.append(stored.file)
    files = {name: (folder / name).read_bytes() for name in named}
    evidence: dict[str, str] = {
        item.kind: (folder / item.file).read_bytes().decode("utf-8") for item in manifest.statements
    }
    bare = manifest.model_copy(update={"statements": ()})
    values[statements_key(values)] = []
    return Draft(manifest=bare, files=files, written=values), evidence


def settle(folder: Path) -> None:
    """Put back a folder that a killed run had moved aside, and remove what it left beside."""
    left = leftovers(folder) if folder.parent.is_dir() else []
    aside = [path for path in left if path.suffix == ".old"]
    if len(aside) == 1 and not folder.exists():
        aside[0].rename(folder)
    for path in left:
        shutil.rmtree(path, ignore_errors=True)


def _manifest_text(draft: Draft, evidence: Mapping[str, str]) -> str:
    values = draft.values
    values[statements_key(values)] = [
        {"kind": kind, "file": EVIDENCE_FILES[kind], "sha256": sha256_text(evidence[kind])}
        for kind in EVIDENCE_FILES
        if kind in evidence
    ]
    return dump_yaml(values)


def _check_sizes(draft: Draft) -> None:
    for item in draft.manifest.artifacts:
        if item.uri is None and item.bytes > MAX_GIT_BYTES:
            raise VersionError(
                item.variant,
                got=f"{item.bytes} bytes",
                expected=f"at most {MAX_GIT_BYTES} in Git, or an artifact with a uri",
                next_step="name a store for large artifacts: --store s3://bucket/models",
            )


def _scopes(folder: Path, draft: Draft) -> dict[str, bytes]:
    """Return the scope records of a version folder that hold for the manifest to be written."""
    path = folder / MANIFEST_FILE
    if not path.is_file():
        return {}
    _, values = read_manifest(path.read_bytes().decode("utf-8"), name=str(path))
    if manifest_digest(values) != manifest_digest(draft.values):
        return {}
    found = sorted((folder / SCOPE_FOLDER).glob("*.yaml"))
    return {f"{SCOPE_FOLDER}/{item.name}": item.read_bytes() for item in found}


def _existing(folder: Path, draft: Draft) -> WrittenVersion:
    """Return the existing version if it holds the same model."""
    found = read_version(folder)
    if _essence(found.manifest) == _essence(draft.manifest):
        return found
    raise VersionError(
        str(folder),
        got=f"a version with other content (manifest {found.sha256[:12]})",
        expected="a new version number, or the same content",
        next_step="raise 'version' in the recipe; released versions are never rewritten",
    )


def _essence(manifest: ModelManifest) -> str:
    """Return the digest of what is reproducible: without times, commit and profiles.

    What is stated about processing is left out: earlier builds of the same files stated less.
    """
    values: dict[str, Any] = manifest_values(manifest)
    for key in ("preprocessing", "postprocessing"):
        values["io"].pop(key)
    for tensor in values["io"]["inputs"]:
        tensor.pop("range")
    values["metadata"].pop("created")
    values["lineage"].pop("sourceCommit")
    for artifact in values["artifacts"]:
        artifact.pop("profile", None)
        artifact["evidence"] = [
            item for item in artifact["evidence"] if not is_cost(item["metric"])
        ]
        memory = artifact["requirements"]["minRamMb"]
        if isinstance(memory, dict) and memory["how"] != "declared":
            artifact["requirements"].pop("minRamMb")
    return manifest_digest(values)


def _swap_in(folder: Path, files: Mapping[str, bytes]) -> None:
    check_writable([name_beside(folder), *(folder / name for name in files)])
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = name_beside(folder)
    try:
        fresh.mkdir(mode=0o755)
        for name, content in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if folder.exists():
            _exchange(fresh, folder)
        else:
            fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _exchange(fresh: Path, folder: Path) -> None:
    """Replace a folder; rename(2) fails on a non-empty target, so it is renamed first."""
    aside = name_beside(folder, suffix="old")
    folder.rename(aside)
    try:
        fresh.rename(folder)
    except BaseException:  # an interrupt too
        os.rename(aside, folder)  # noqa: PTH104  # put the old one back before failing
        raise
    shutil.rmtree(aside)
