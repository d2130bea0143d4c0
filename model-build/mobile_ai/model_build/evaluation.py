"""The evaluator's statement: a report as the predicate that the gate reads."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from pydantic.alias_generators import to_camel

from mobile_ai.model_build.results import (
    ArtifactEvaluation,
    EvaluationReport,
    FairnessMeasurement,
    GroupQuality,
)

_MEASURED: Final = ("quality", "parity", "difference", "profile")


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
            **_stated({"repeated": report.held_out.repeated}),
        },
        "results": [_result(item) for item in report.artifacts],
        "interpretability": [
            {
                "variant": item.variant,
                "method": "permutation importance",
                "importance": [_values(part) for part in item.importance],
            }
            for item in report.artifacts
            if item.importance
        ],
        "robustness": [
            {"variant": item.variant, **_stated(_values(part))}
            for item in report.artifacts
            for part in item.robustness
        ],
        "calibration": [
            {
                "variant": item.variant,
                "expectedCalibrationError": _short(item.calibration.value),
                "low": _short(item.calibration.low),
                "high": _short(item.calibration.high),
                "method": item.calibration.method,
            }
            for item in report.artifacts
            if item.calibration is not None
        ],
        "gates": [_stated(_values(item)) for item in report.gates],
        "notes": list(report.notes),
        "issued": issued.isoformat(timespec="seconds"),
        "expires": expires.isoformat(timespec="seconds"),
    }


def _result(item: ArtifactEvaluation) -> dict[str, Any]:
    return {
        "variant": item.variant,
        "format": item.format,
        "sha256": item.sha256,
        "bytes": item.bytes,
        "measured": item.measured,
        **_stated(
            {
                "reason": item.reason or None,
                "bytesZstd": item.bytes_zstd,
                "metric": item.metric if item.quality else None,
                **{
                    name: _stated(_values(part))
                    for name in _MEASURED
                    if (part := getattr(item, name))
                },
            }
        ),
        "groups": [_of_groups(part) for part in item.groups],
        "fairness": [_of_groups(part) for part in item.fairness],
    }


def _of_groups(item: GroupQuality | FairnessMeasurement) -> dict[str, Any]:
    """Return a measurement with its estimate's values beside it."""
    values = _values(item)
    del values["estimate"]
    if isinstance(item, FairnessMeasurement) and item.change is not None:
        values["change"] = _values(item.change)
    return _stated(values | _values(item.estimate))


def _values(part: Any) -> dict[str, Any]:
    """Return a result's fields as JSON values."""
    return {to_camel(name): _short(value) for name, value in asdict(part).items()}


def _stated(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _short(value: Any) -> Any:
    """Keep six decimals: the plan carries this text."""
    if isinstance(value, dict):
        return {name: _short(part) for name, part in value.items()}
    return round(value, 6) if isinstance(value, float) else value
