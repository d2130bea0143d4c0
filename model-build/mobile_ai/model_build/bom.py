"""Generates the bill of materials: a CycloneDX 1.6 ML-BOM, deterministic per version.

Built as JSON because cyclonedx-python-lib has no model card in its object model; the library's
strict validator, which refuses unknown fields, checks the result offline.
https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

from mobile_ai.contracts.canonical import manifest_digest
from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.manifest import UNSTATED, Artifact, DatasetRef, ModelManifest, known
from mobile_ai.model_build.errors import ModelBuildError, need
from mobile_ai.model_build.results import EvaluationReport, GroupQuality

_SPEC: Final = "1.6"
_KWH_PER_MJ: Final = 1e-3 / 3.6e6  # millijoule to kilowatt-hour
_NAMESPACE: Final = uuid.UUID("6f1d0b0e-6a3c-5d52-9a37-0d6f2a1c9b41")  # for UUIDv5 serial numbers
_NOT_STATED: Final = "NOASSERTION"
_DECLARED: Final = {"acknowledgement": "declared"}  # stated by the owner, not concluded
_FORMAT_OF_MODALITY: Final = {
    "vision": "image",
    "audio": "audio",
    "text": "string",
    "motion": "time-series",
    "tabular": "table",
}


class BomError(ModelBuildError):
    """A bill of materials that does not follow its schema or its manifest."""


def bom_text(manifest: ModelManifest, report: EvaluationReport, *, tools: Mapping[str, str]) -> str:
    """Return the bill of materials of a version.

    Args:
        manifest: The manifest; its evidence list, if any, is not included.
        report: The evaluator's report, for the model card.
        tools: Versions of the distributions used by the build, by name.

    Raises:
        BomError: If the result does not validate.
    """
    digest = manifest_digest(manifest.to_dict())
    meta = manifest.metadata
    value = {
        "bomFormat": "CycloneDX",
        "specVersion": _SPEC,
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, digest)}",
        "version": 1,
        "metadata": {
            "timestamp": meta.created.isoformat(timespec="seconds"),
            "tools": {"components": _tools(tools)},
            "component": {
                "type": "machine-learning-model",
                "bom-ref": "model",
                "name": meta.name,
                "version": meta.version,
                "description": meta.description,
                "authors": [{"name": owner} for owner in meta.owners],
                "hashes": [{"alg": "SHA-256", "content": digest}],
                "licenses": _licences(manifest.licence),
                "modelCard": _model_card(manifest, report),
            },
        },
        "components": [
            *(_file(item, manifest.licence) for item in manifest.artifacts),
            *(_dataset(item) for item in manifest.lineage.datasets),
        ],
        "dependencies": [
            {
                "ref": "model",
                "dependsOn": [f"data:{item.name}" for item in manifest.lineage.datasets],
            },
            *(
                {"ref": f"file:{item.variant}", "dependsOn": ["model"]}
                for item in manifest.artifacts
            ),
        ],
    }
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    validate_bom(text)
    return text


def validate_bom(text: str) -> None:
    """Check a text against the CycloneDX 1.6 schema, offline and strictly.

    Raises:
        BomError: If it does not validate, naming the first problem.
    """
    validator = need("cyclonedx.validation.json").JsonStrictValidator
    version = need("cyclonedx.schema").SchemaVersion
    value = read_json(text, name="bill of materials")  # bounded, before a reader without bounds
    problem: object = validator(version.V1_6).validate_str(text)
    # The schema does not constrain specVersion, so that other versions would validate too.
    if problem is None and value["specVersion"] != _SPEC:
        problem = f"specVersion is not {_SPEC}"
    if problem is not None:
        first = str(problem).split("\n\n", 1)[0]
        raise BomError(
            "bill of materials",
            got=first,
            expected="a CycloneDX 1.6 document",
            next_step="build the version again (`mobile-ai model build`); nobody writes the file "
            "by hand",
        )


def bom_problems(text: str, manifest: ModelManifest, *, digest: str) -> list[str]:
    """Return the differences between a bill of materials and a manifest with a signed digest."""
    value = read_json(text, name="bill of materials")
    listed = {
        component["bom-ref"]: component["hashes"][0]["content"]
        for component in [value["metadata"]["component"], *value["components"]]
        if component.get("hashes")
    }
    wanted = {f"file:{item.variant}": item.digest for item in manifest.artifacts}
    wanted |= {f"data:{item.name}": item.digest for item in manifest.lineage.datasets}
    wanted["model"] = digest
    return [
        f"{ref}: {listed.get(ref, 'absent')} in the bill of materials, {digest} in the manifest"
        for ref, digest in wanted.items()
        if listed.get(ref) != digest
    ] + [f"{ref}: not in the manifest" for ref in sorted(set(listed) - set(wanted))]


def _tools(tools: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
        }
        for name, version in sorted(tools.items())
    ]


def _licences(stated: str) -> list[dict[str, Any]]:
    """Return a licence in CycloneDX form: an SPDX id, an SPDX expression, or a name."""
    spdx = need("cyclonedx.spdx")
    if stated == UNSTATED:
        # SPDX's value for "no information"; an absent field could be an omission.
        return [{"license": {"name": _NOT_STATED}}]
    if spdx.is_supported_id(stated):
        return [{"license": {"id": stated, **_DECLARED}}]
    if spdx.is_expression(stated):
        return [{"expression": stated, **_DECLARED}]
    return [{"license": {"name": stated, **_DECLARED}}]


def _file(item: Artifact, licence: str) -> dict[str, Any]:
    return {
        "type": "file",
        "bom-ref": f"file:{item.variant}",
        "name": item.files[0].path if len(item.files) == 1 else item.variant,
        "hashes": [{"alg": "SHA-256", "content": item.digest}],
        "licenses": _licences(licence),
        "properties": _properties(
            {
                "format": item.format,
                "bytes": item.bytes,
                "runtime": item.requirements.facts().get("runtime", UNSTATED),
            }
        ),
    }


def _dataset(item: DatasetRef) -> dict[str, Any]:
    data: dict[str, Any] = {
        "type": "dataset",
        "name": item.name,
        "description": f"{item.rows} rows used for {item.use}, from {item.source}",
    }
    if item.sensitive_attributes:
        data["sensitiveData"] = list(item.sensitive_attributes)
    return {
        "type": "data",
        "bom-ref": f"data:{item.name}",
        "name": item.name,
        "hashes": [{"alg": "SHA-256", "content": item.digest}],
        "licenses": _licences(item.licence),
        "data": [data],
    }


def _model_card(manifest: ModelManifest, report: EvaluationReport) -> dict[str, Any]:
    return {
        "modelParameters": {
            **_approach(manifest),
            "task": manifest.metadata.task,
            "datasets": [{"ref": f"data:{item.name}"} for item in manifest.lineage.datasets],
            "inputs": [
                {"format": _FORMAT_OF_MODALITY.get(item.modality or "", item.dtype)}
                for item in manifest.io.inputs
            ],
            "outputs": [{"format": item.dtype} for item in manifest.io.outputs],
        },
        "quantitativeAnalysis": {"performanceMetrics": _metrics(report)},
        "considerations": {
            "useCases": [manifest.metadata.description or manifest.metadata.task],
            "technicalLimitations": list(report.notes),
            "performanceTradeoffs": [_tradeoff(item) for item in manifest.artifacts],
            "ethicalConsiderations": [
                {
                    "name": f"EU AI Act risk class: {manifest.metadata.risk_class}",
                    "mitigationStrategy": "not assessed when this was written; an assessment is "
                    "a signed statement of its own",
                }
            ],
            "environmentalConsiderations": {"energyConsumptions": _energy(manifest.artifacts)},
            "fairnessAssessments": _fairness(report),
        },
    }


def _approach(manifest: ModelManifest) -> dict[str, Any]:
    """Return how the model learned, where it was trained here; nobody else's claim is made."""
    trained = manifest.origin != UNSTATED and manifest.origin.how in {"trained", "fine-tuned"}
    return {"approach": {"type": "supervised"}} if trained else {}


def _metrics(report: EvaluationReport) -> list[dict[str, Any]]:
    metrics = [
        _metric(item.metric, item.quality, item.variant)
        for item in report.artifacts
        if item.quality is not None
    ]
    metrics += [
        _metric(part.metric, part.estimate, f"{item.variant}: {part.attribute}={part.group}")
        for item in report.artifacts
        for part in item.groups
    ]
    return metrics


def _metric(kind: str, estimate: Any, part: str) -> dict[str, Any]:
    return {
        "type": kind,
        "value": f"{estimate.value:.6g}",
        "slice": part,
        "confidenceInterval": {
            "lowerBound": f"{estimate.low:.6g}",
            "upperBound": f"{estimate.high:.6g}",
        },
    }


def _tradeoff(item: Artifact) -> str:
    parts = [f"{item.variant}: {item.bytes} bytes"]
    if item.quality is not None:
        parts.append(f"{item.quality.metric} {item.quality.value:.4f}")
    latency = None if item.profile is None else known(item.profile.latency_p50_ms)
    if item.profile is not None and latency is not None:
        parts.append(f"p50 {latency:.4g} ms on {item.profile.machine}")
    return ", ".join(parts)


def _energy(artifacts: Iterable[Artifact]) -> list[dict[str, Any]]:
    entries = []
    for item in artifacts:
        estimate = None if item.profile is None else known(item.profile.energy_mj)
        if item.profile is None or estimate is None:
            continue
        energy = {"value": estimate * _KWH_PER_MJ, "unit": "kWh"}
        entries.append(
            {
                "activity": "inference",
                "energyProviders": [
                    {
                        "organization": {"name": "the device that runs the model"},
                        "energySource": "unknown",
                        "energyProvided": energy,
                    }
                ],
                "activityEnergyCost": energy,
                "properties": _properties(
                    {"variant": item.variant, "method": item.profile.energy_method or "unknown"}
                ),
            }
        )
    return entries


def _fairness(report: EvaluationReport) -> list[dict[str, str]]:
    gated = {tuple(item.gate.split("/")[1:2]) for item in report.gates if "/" in item.gate}
    measured = [
        {
            "groupAtRisk": f"{part.attribute}={part.worst_group}",
            "harms": f"{item.variant}: {part.metric} {part.estimate.value:.4f} "
            f"[{part.estimate.low:.4f}, {part.estimate.high:.4f}]",
            "mitigationStrategy": _mitigation((part.attribute,) in gated),
        }
        for item in report.artifacts
        for part in item.fairness
    ]
    return measured + [
        {
            "groupAtRisk": f"{worst.attribute}={worst.group}",
            "harms": f"{item.variant}: lowest {worst.metric} of all groups, "
            f"{worst.estimate.value:.4f} [{worst.estimate.low:.4f}, {worst.estimate.high:.4f}]",
            "mitigationStrategy": _mitigation((worst.attribute,) in gated),
        }
        for item in report.artifacts
        for worst in _worst(item.groups)
    ]


def _mitigation(gated: bool) -> str:  # noqa: FBT001  # one word of two texts
    measured = "measured on the exported file"
    return f"gated in the recipe and {measured}" if gated else f"{measured}; no gate of the recipe"


def _worst(groups: Iterable[GroupQuality]) -> list[GroupQuality]:
    ordered = sorted(groups, key=lambda part: part.estimate.value)
    return ordered[:1]


def _properties(values: Mapping[str, object]) -> list[dict[str, str]]:
    return [{"name": f"mobile-ai:{name}", "value": str(value)} for name, value in values.items()]
