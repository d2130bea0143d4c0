"""Verifies a version folder offline: the bytes of every file and all signatures.

All findings are collected; each names the file or field at fault.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from securesystemslib.exceptions import UnverifiedSignatureError

from mobile_ai.contracts.assessment_scope import is_about
from mobile_ai.contracts.canonical import manifest_digest, sha256_bytes
from mobile_ai.contracts.documents import dump_yaml, read_json
from mobile_ai.contracts.errors import DocumentError, GovernanceError
from mobile_ai.contracts.evidence import VerifiedModel, verify_model
from mobile_ai.contracts.manifest import ModelManifest, SelfTest, read_manifest
from mobile_ai.contracts.predicates import ASSESSMENT_SCOPE
from mobile_ai.contracts.records import read_records
from mobile_ai.contracts.self_test import check_self_test
from mobile_ai.contracts.trust import Trust
from mobile_ai.model_build.assemble_selftest import SELF_TEST_FILE
from mobile_ai.model_build.bom import bom_problems
from mobile_ai.model_build.signing import bundle_envelope
from mobile_ai.model_build.writer import EVIDENCE_FILES, MANIFEST_FILE, SCOPE_FOLDER
from mobile_ai.signing.errors import SigningError

_MAX_FILE_BYTES: Final = 100_000_000
_SCOPE: Final = re.compile(rf"{SCOPE_FOLDER}/[^/.][^/]*\.yaml")


@dataclass(frozen=True, slots=True, order=True)
class VerifyFinding:
    """One problem and its location."""

    where: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result of verifying a version folder.

    Attributes:
        folder: The verified folder.
        sha256: Digest of the manifest's bytes; empty if there is none.
        findings: All problems; empty if the version is valid.
        model: The verified model, if the version is valid.
        expires: Expiry of the evaluation and the assessment, if the version is valid.
    """

    folder: Path
    sha256: str
    findings: tuple[VerifyFinding, ...]
    model: VerifiedModel | None = None
    expires: Mapping[str, datetime] | None = None

    @property
    def ok(self) -> bool:
        """True if the version is valid."""
        return not self.findings and self.model is not None


def verify_version(manifest_path: Path, *, trust: Trust, pin: str | None = None) -> Verification:
    """Verify a version folder.

    Args:
        manifest_path: ``models/<model>/<version>/manifest.yaml``.
        trust: The verified trust of an environment.
        pin: The digest that a stack file pins, to be compared as well.
    """
    folder = manifest_path.parent
    strange = list(_strange_files(folder))
    if strange or not manifest_path.is_file():
        missing = (
            [] if manifest_path.is_file() else [VerifyFinding(manifest_path.name, "no such file")]
        )
        return Verification(folder=folder, sha256="", findings=tuple(strange + missing))
    data = manifest_path.read_bytes()
    actual = sha256_bytes(data)
    findings = (
        [] if pin in (None, actual) else [VerifyFinding("pin", f"{pin}, but the file is {actual}")]
    )
    try:
        text = data.decode("utf-8")
        manifest, values = read_manifest(text, name=MANIFEST_FILE)
    except (GovernanceError, UnicodeDecodeError) as error:
        findings.append(VerifyFinding(MANIFEST_FILE, str(error)))
        return Verification(folder=folder, sha256=actual, findings=tuple(findings))
    findings += _check_form(text, values, manifest, folder)
    evidence, problems = _check_files(folder, manifest)
    findings += problems
    model, problems = _check_chain(text, evidence, pin or actual, trust)
    findings += problems
    findings += _check_scopes(folder, manifest, manifest_digest(values), trust)
    if model is not None and not findings:
        findings += _check_agreement(model, evidence)
        findings += _check_signature(evidence["signature"], model, folder, trust)
    if findings or model is None:
        return Verification(folder=folder, sha256=actual, findings=tuple(findings))
    expires = {kind: model.expiry(kind) for kind in ("evaluation", "assessment")}
    return Verification(folder=folder, sha256=actual, findings=(), model=model, expires=expires)


def _strange_files(folder: Path) -> Iterator[VerifyFinding]:
    """Find entries that a version folder must not contain: links, devices, oversized files."""
    for root, folders, files in os.walk(folder, followlinks=False):
        for name in (*folders, *files):
            path = Path(root) / name
            where = path.relative_to(folder).as_posix()
            if path.is_symlink():
                yield VerifyFinding(where, "a symbolic link; only regular files are allowed")
            elif not path.is_file() and not path.is_dir():
                yield VerifyFinding(where, "not a regular file")
            elif path.is_file() and path.stat().st_size > _MAX_FILE_BYTES:
                yield VerifyFinding(where, f"larger than {_MAX_FILE_BYTES} bytes")


def _check_form(
    text: str, values: dict[str, Any], manifest: ModelManifest, folder: Path
) -> list[VerifyFinding]:
    """Check what signatures do not cover: the manifest's serialization and the folder's path."""
    findings = []
    if text != dump_yaml(values):
        findings.append(
            VerifyFinding(MANIFEST_FILE, "not in the form that the writer gives it: edited by hand")
        )
    place = (manifest.metadata.name, manifest.metadata.version)
    if (folder.absolute().parent.name, folder.absolute().name) != place:
        findings.append(VerifyFinding(MANIFEST_FILE, f"says {place}, but lies in {folder}"))
    listed = [(item.kind, item.file) for item in manifest.statements]
    if listed != list(EVIDENCE_FILES.items()):
        findings.append(
            VerifyFinding(
                f"{MANIFEST_FILE}: evidence", f"lists {listed}, not {list(EVIDENCE_FILES)}"
            )
        )
    return findings


def _check_files(
    folder: Path, manifest: ModelManifest
) -> tuple[dict[str, str], list[VerifyFinding]]:
    """Check the bytes of every listed file, and that there are no other files."""
    artifacts = [file for item in manifest.artifacts for file in item.files]
    wanted = {item.path: item.sha256 for item in artifacts}
    wanted |= {item.file: item.sha256 for item in manifest.statements}
    if isinstance(manifest.self_test, SelfTest):
        wanted[manifest.self_test.file] = manifest.self_test.digest
    elsewhere = {file.path for item in manifest.artifacts if item.uri for file in item.files}
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    findings = [
        VerifyFinding(name, "not listed in the manifest")
        for name in sorted(present - set(wanted) - {MANIFEST_FILE})
        if not _SCOPE.fullmatch(name)
    ]
    findings += [
        VerifyFinding(name, "listed in the manifest, but missing")
        for name in sorted(set(wanted) - present - elsewhere)
    ]
    content = {name: (folder / name).read_bytes() for name in sorted(set(wanted) & present)}
    for name, data in content.items():
        if sha256_bytes(data) != wanted[name]:
            findings.append(
                VerifyFinding(
                    name, f"sha256 {sha256_bytes(data)}, but {wanted[name]} in the manifest"
                )
            )
    findings += [
        VerifyFinding(
            item.path, f"{len(content[item.path])} bytes, but {item.bytes} in the manifest"
        )
        for item in artifacts
        if item.path in content and len(content[item.path]) != item.bytes
    ]
    findings += _check_self_test(content, manifest)
    evidence: dict[str, str] = {
        item.kind: content[item.file].decode("utf-8", errors="replace")
        for item in manifest.statements
        if item.file in content
    }
    return evidence, findings


def _check_self_test(content: Mapping[str, bytes], manifest: ModelManifest) -> list[VerifyFinding]:
    """Check that devices accept the self-test and that it covers all compared outputs."""
    try:
        stored = manifest.stored_self_test
        if stored is not None and stored.file in content:
            check_self_test(content[stored.file], manifest)
    except GovernanceError as error:
        problem = f"{error.what}: got {error.got}; expected {error.expected}"
        return [VerifyFinding(SELF_TEST_FILE, problem)]
    return []


def _check_chain(
    text: str, evidence: Mapping[str, str], pin: str, trust: Trust
) -> tuple[VerifiedModel | None, list[VerifyFinding]]:
    try:
        return verify_model(text, evidence, pin=pin, trust=trust), []
    except GovernanceError as error:
        return None, [VerifyFinding(error.what, f"got {error.got}; expected {error.expected}")]


def _check_scopes(
    folder: Path, manifest: ModelManifest, digest: str, trust: Trust
) -> list[VerifyFinding]:
    """Check that every record beside the version is a signed scope of this manifest."""
    files = sorted((folder / SCOPE_FOLDER).glob("*.yaml"))
    texts = [(f"{SCOPE_FOLDER}/{file.name}", file.read_bytes()) for file in files]
    records = read_records(
        ((name, data.decode("utf-8", errors="replace")) for name, data in texts), trust=trust
    )
    findings = [
        VerifyFinding(error.what, f"got {error.got}; expected {error.expected}")
        for error in records.refused
    ]
    findings += [
        VerifyFinding(record.name, f"a record of {kind}, not of {ASSESSMENT_SCOPE}")
        for kind, found in records.by_type.items()
        for record in found
        if kind != ASSESSMENT_SCOPE
    ]
    return findings + [
        VerifyFinding(item.name, "names another manifest than the one beside it")
        for item in records.scopes
        if not is_about(item.statement, item.content, manifest, digest=digest)
    ]


def _check_agreement(model: VerifiedModel, evidence: Mapping[str, str]) -> list[VerifyFinding]:
    """Check that manifest, evaluation and bill of materials are consistent."""
    findings = [
        VerifyFinding(EVIDENCE_FILES["bom"], problem)
        for problem in bom_problems(evidence["bom"], model.manifest, digest=model.digest)
    ]
    measured = {
        item["sha256"]: item.get("quality", {}).get("value")
        for item in model.statements["evaluation"].predicate["results"]
    }
    for item in model.manifest.artifacts:
        claimed = None if item.quality is None else item.quality.value
        if measured.get(item.digest, "nothing") != claimed:
            findings.append(
                VerifyFinding(
                    f"{MANIFEST_FILE}: quality of {item.variant}",
                    f"{claimed}, but {measured.get(item.digest, 'nothing')} in the evaluation",
                )
            )
    return findings


def _check_signature(
    text: str, model: VerifiedModel, folder: Path, trust: Trust
) -> list[VerifyFinding]:
    """Check the model-signing bundle: signed by a builder's key, over the artifacts folder."""
    where = EVIDENCE_FILES["signature"]
    try:
        statement = _signed_by_builder(read_json(text, name=where), trust)
    except (SigningError, DocumentError, ValueError) as error:
        return [VerifyFinding(where, str(error))]
    if statement is None:
        return [VerifyFinding(where, "not signed by a builder's key")]
    signed = {item["name"]: item["digest"] for item in statement["predicate"]["resources"]}
    there = {
        path.relative_to(folder / "artifacts").as_posix(): sha256_bytes(path.read_bytes())
        for path in sorted((folder / "artifacts").rglob("*"))
        if path.is_file()
    }
    elsewhere = {
        file.path.removeprefix("artifacts/"): file.sha256
        for item in model.manifest.artifacts
        if item.uri is not None
        for file in item.files
    }
    if signed != {**elsewhere, **there}:
        return [VerifyFinding(where, f"signs {sorted(signed)}, the folder holds {sorted(there)}")]
    return []


def _signed_by_builder(bundle: Any, trust: Trust) -> Any:
    for keyid in sorted(trust.roles["builder"].keyids):
        item = trust.keys[keyid]
        envelope = bundle_envelope(bundle, keyid)
        try:
            item.key.verify_signature(envelope.signatures[keyid], envelope.pae())
        except UnverifiedSignatureError:
            continue
        if item.state != "compromised":
            return json.loads(envelope.payload)
    return None
