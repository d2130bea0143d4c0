"""The evaluator's statement: a report as the predicate that the gate reads."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from model_build.results import (
    ArtifactEvaluation,
    Estimate,
    EvaluationReport,
    FairnessResult,
    GateResult,
    GroupQuality,
)

__all__ = ["evaluation_predicate"]


def evaluation_predicate(
    report: EvaluationReport, *, issued: datetime, expires: datetime
) -> dict[str, Any]:
    """Return the predicate of an evaluation.

    Rates are fractions unless a name ends in ``Pt`` (percentage points). Self-test inputs
    stay out: they are a file of the version.
    """
    return {
        "model": report.model,
        "version": report.version,
        "method": report.method,
        "machine": report.machine,
        "reference": report.reference,
        "heldOut": {
            "name": report.held_out.name,
            "rows": report.held_out.rows,
            "sha256": report.held_out.sha256,
        },
        "results": [_result(item) for item in report.artifacts],
        "interpretability": [
            {
                "variant": item.variant,
                "method": "permutation importance",
                "importance": [
                    {"feature": part.feature, "lossPt": _short(part.loss_pt)}
                    for part in item.importance
                ],
            }
            for item in report.artifacts
            if item.importance
        ],
        "robustness": [
            {
                "variant": item.variant,
                "corruption": part.corruption,
                "severity": part.severity,
                "metric": part.metric,
                "value": _short(part.value),
                "lossPt": _short(part.loss_pt),
            }
            for item in report.artifacts
            for part in item.robustness
        ],
        "calibration": [
            {"variant": item.variant, "expectedCalibrationError": _short(item.calibration_error)}
            for item in report.artifacts
            if item.calibration_error is not None
        ],
        "gates": [_gate(item) for item in report.gates],
        "notes": list(report.notes),
        "issued": issued.isoformat(timespec="seconds"),
        "expires": expires.isoformat(timespec="seconds"),
    }


def _result(item: ArtifactEvaluation) -> dict[str, Any]:
    value: dict[str, Any] = {
        "variant": item.variant,
        "format": item.format,
        "sha256": item.sha256,
        "bytes": item.bytes,
        "measured": item.measured,
    }
    if item.reason:
        value["reason"] = item.reason
    if item.bytes_zstd is not None:
        value["bytesZstd"] = item.bytes_zstd
    if item.quality is not None:
        value["metric"] = item.metric
        value["quality"] = _estimate(item.quality)
    if item.parity is not None:
        value["parity"] = _camel(asdict(item.parity))
    if item.difference is not None:
        value["difference"] = _camel(asdict(item.difference))
    if item.profile is not None:
        value["profile"] = _camel(asdict(item.profile))
    value["groups"] = [_group(part) for part in item.groups]
    value["fairness"] = [_fairness(part) for part in item.fairness]
    return value


def _group(item: GroupQuality) -> dict[str, Any]:
    value: dict[str, Any] = {
        "attribute": item.attribute,
        "group": item.group,
        "metric": item.metric,
        **_estimate(item.estimate),
    }
    if item.loss_pt is not None:
        value["lossPt"] = _short(item.loss_pt)
    return value


def _fairness(item: FairnessResult) -> dict[str, Any]:
    return {
        "attribute": item.attribute,
        "metric": item.metric,
        **_estimate(item.estimate),
        "worstGroup": item.worst_group,
        "smallestGroup": item.smallest_group,
        "excluded": dict(item.excluded),
    }


def _gate(item: GateResult) -> dict[str, Any]:
    return {key: value for key, value in _camel(asdict(item)).items() if value is not None}


def _estimate(item: Estimate) -> dict[str, Any]:
    return _camel(asdict(item))


def _camel(values: dict[str, Any]) -> dict[str, Any]:
    return {_camel_name(name): _short(value) for name, value in values.items()}


def _camel_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _short(value: Any) -> Any:
    """Keep six decimals: the plan carries this text."""
    return round(value, 6) if isinstance(value, float) else value
