"""The bytes that a build signs: the same for the same build, whatever the types are called."""

from __future__ import annotations

import dataclasses
import json
import platform
from pathlib import Path

import pytest

from mobile_ai.contracts import manifest_v1
from mobile_ai.contracts.canonical import canonical_bytes
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.manifest import Parent, read_manifest
from mobile_ai.contracts.statements import load_envelope
from mobile_ai.model_build.assemble import Draft, assemble, manifest_values
from mobile_ai.model_build.assemble_evidence import Occasion, build_evidence
from mobile_ai.model_build.ceremony import fresh_keys
from mobile_ai.model_build.results import BuildResult, EvaluationReport, ParentRef
from mobile_ai.model_build.writer import read_draft, write_version
from tests.model_build.versions import LIFETIME, NOW, build_result, report_on

GOLDENS = Path(__file__).parent / "goldens"
MODELS = Path(__file__).parents[2] / "models"
MANIFESTS = sorted(item.relative_to(MODELS) for item in MODELS.glob("*/*/manifest.yaml"))
OCCASION = Occasion(
    started=NOW, finished=NOW, expires=NOW + LIFETIME, commit="0" * 40, builder="urn:test"
)


def unmeasured(report: EvaluationReport) -> EvaluationReport:
    """Leave the last file unmeasured and the first without quality, as an imported model is."""
    first, *others, last = report.artifacts
    imported = dataclasses.replace(
        first, quality=None, difference=None, groups=(), fairness=(), metric="parity"
    )
    absent = dataclasses.replace(
        imported, variant=last.variant, format=last.format, file=last.file, sha256=last.sha256,
        measured=False, reason="no runtime", parity=None, profile=None, self_tests=(),
        importance=(), robustness=(), calibration=None,
    )  # fmt: skip
    return dataclasses.replace(report, artifacts=(imported, *others, absent), notes=("a note",))


def tuned(build: BuildResult) -> BuildResult:
    """Make it a fine-tune of 1.0.0, whose last file runs on no platform of ours."""
    last = build.variants[-1]
    variants = (*build.variants[:-1], dataclasses.replace(last, format="coreml"))
    parent = ParentRef(model="digits", version="1.0.0", sha256="9" * 64)
    return dataclasses.replace(build, version="1.1.0", variants=variants, parent=parent)


def signed(build: BuildResult, report: EvaluationReport, parent: Parent | None) -> dict[str, bytes]:
    """Return what is hashed or signed, by name of its golden file."""
    draft: Draft = assemble(build, report, created=NOW, commit="0" * 40, parent=parent)
    keys = fresh_keys("dev")
    signers = {role: keys[role][0] for role in ("builder", "evaluator")}
    evidence = build_evidence(draft, build, report, signers=signers, occasion=OCCASION)
    found = {
        "manifest.canonical": canonical_bytes(manifest_values(draft.manifest)),
        "manifest.yaml": dump_yaml(draft.manifest.to_dict()).encode(),
        "self-test.canonical": draft.files["artifacts/selftest.json"],
        "bom.json": evidence["bom"].encode(),
        "signature.canonical": canonical_bytes(_signed_files(evidence["signature"])),
    }
    for kind in ("provenance", "evaluation"):
        found[f"{kind}.canonical"] = load_envelope(evidence[kind], name=kind).payload
    return found


def _signed_files(bundle: str) -> list[dict[str, str]]:
    # The library's own options beside them list ignored paths in the order of a set.
    envelope = load_envelope(json.dumps(json.loads(bundle)["dsseEnvelope"]), name="signature")
    files: list[dict[str, str]] = json.loads(envelope.payload)["predicate"]["resources"]
    return files


@pytest.fixture(autouse=True)
def one_machine(monkeypatch):
    monkeypatch.setattr(platform, "python_version", lambda: "3.11.0")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


@pytest.mark.parametrize("name", ["trained", "fine-tuned"])
def test_a_build_signs_the_same_bytes(name, tmp_path, golden):
    build, parent = build_result(tmp_path), None
    if name == "fine-tuned":
        build, parent = tuned(build), Parent(version="1.0.0", sha256="8" * 64)
    report = report_on(build) if parent is None else unmeasured(report_on(build))
    for part, content in signed(build, report, parent).items():
        golden(GOLDENS / f"{name}.{part}", content.decode())


@pytest.mark.parametrize("path", MANIFESTS, ids=str)
def test_a_signed_version_is_written_again_as_it_is(path):
    text = (MODELS / path).read_text(encoding="utf-8")
    _, values = read_manifest(text, name=str(path))
    written = manifest_v1.ModelManifest.model_validate_json(json.dumps(values)).model_dump(
        mode="json", by_alias=True, exclude_none=True
    )
    assert dump_yaml(written) == text
    assert canonical_bytes(written) == canonical_bytes(values)


@pytest.mark.parametrize("path", MANIFESTS, ids=str)
def test_a_signed_version_keeps_its_bytes_when_its_draft_is_written_again(path, tmp_path):
    folder = (MODELS / path).parent
    draft, evidence = read_draft(folder)
    made = write_version(draft, evidence, models=tmp_path)
    assert (made.folder / "manifest.yaml").read_bytes() == (MODELS / path).read_bytes()
