"""Figures that a device lab measured, in place of those of the machine that builds.

A report is a signed record (`urn:mobile-ai:device-report:v1`) about one artifact by its digest,
whatever runs it: LiteRT, Core ML, NNAPI. It needs both latencies; memory and energy that it does
not give are unknown, since the host's figures are not the device's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from mobile_ai.contracts.metrics import METRICS, metric_names
from mobile_ai.contracts.predicates import DEVICE_REPORT, DeviceReportPredicate
from mobile_ai.contracts.records import verify_record
from mobile_ai.contracts.statements import load_record
from mobile_ai.contracts.trust import Trust
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.results import ArtifactEvaluation, InferenceCost

_NEEDED: Final = ("latency-p50", "latency-p95")
_METHOD: Final = "measured by a device lab"


class DeviceReportError(ModelBuildError):
    """A device report that cannot be used."""


_refused = DeviceReportError.advising(
    "have the device lab correct and sign the report again (docs/models.md)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFigures:
    """Figures of one artifact on one device.

    Attributes:
        artifact: Digest of the artifact.
        runtime: Runtime that ran it, such as ``Core ML 8``.
        machine: Device and operating system.
        values: Value and number of runs by metric.
    """

    artifact: str
    runtime: str
    machine: str
    values: Mapping[str, tuple[float, int]]

    def value(self, metric: str) -> float | None:
        """Return a figure, or ``None`` if the lab did not measure it."""
        found = self.values.get(metric)
        return found[0] if found else None

    def cost(self) -> InferenceCost:
        """Return the figures as the cost of one inference."""
        memory = self.value("peak-memory")
        return InferenceCost(
            runtime=self.runtime,
            runtime_version="",
            threads=1,
            latency_p50_ms=self.values["latency-p50"][0],
            latency_p95_ms=self.values["latency-p95"][0],
            latency_ratio_to_reference=None,
            peak_memory_bytes=None if memory is None else int(memory),
            macs=None,
            energy_mj=self.value("energy"),
            energy_method=_METHOD if "energy" in self.values else "",
            device=f"{self.machine}; {self.runtime}",
            device_runs=min(self.values[metric][1] for metric in _NEEDED),
        )


def read_device_reports(paths: Iterable[Path], *, trust: Trust) -> dict[str, DeviceFigures]:
    """Return the figures of verified reports by digest of the artifact.

    Raises:
        VerificationError: If a report is not signed by a role that may sign one.
        DeviceReportError: If two are about one artifact, or one lacks or misstates a figure.
    """
    found: dict[str, DeviceFigures] = {}
    for path in paths:
        name = str(path)
        envelope = load_record(_text(path), name=name)
        record = verify_record(envelope, name=name, trust=trust)
        if not isinstance(record.content, DeviceReportPredicate):
            raise _refused(name, record.statement.predicate_type, DEVICE_REPORT)
        figures = _figures(record.content, name)
        if figures.artifact in found:
            raise _refused(name, f"another report about {figures.artifact[:12]}", "one for each")
        found[figures.artifact] = figures
    return found


def with_device_figures(
    artifacts: Sequence[ArtifactEvaluation], reports: Mapping[str, DeviceFigures]
) -> tuple[ArtifactEvaluation, ...]:
    """Return evaluations with a device's cost where a report is about their file.

    Raises:
        DeviceReportError: If a report is about none of the files.
    """
    check_named(reports, (item.sha256 for item in artifacts))
    return tuple(
        replace(item, profile=_merged(reports[item.sha256], item))
        if item.sha256 in reports
        else item
        for item in artifacts
    )


def check_named(reports: Mapping[str, DeviceFigures], digests: Iterable[str]) -> None:
    """Refuse a report about none of some artifacts.

    Raises:
        DeviceReportError: If there is one.
    """
    if other := sorted(set(reports) - set(digests)):
        raise _refused(
            "device report", f"artifact {other[0]}", "the digest of a variant that is looked at"
        )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        got = getattr(error, "strerror", None) or "bytes that are no UTF-8 text"
        raise _refused(f"device report {path}", got, "a signed record") from error


def _merged(figures: DeviceFigures, item: ArtifactEvaluation) -> InferenceCost:
    """Return a device's cost; a count of operations is the file's, wherever it runs."""
    return replace(figures.cost(), macs=item.profile.macs if item.profile else None)


def _figures(report: DeviceReportPredicate, name: str) -> DeviceFigures:
    if report.self_test == "fail":
        raise _refused(f"{name}: selfTest", "fail", "an artifact that answers as it should")
    values: dict[str, tuple[float, int]] = {}
    for item in report.figures:
        metric = METRICS.get(item.metric)
        if metric is None:
            raise _refused(f"{name}: figure", repr(item.metric), f"one of {metric_names('cost')}")
        if item.metric in values:
            raise _refused(f"{name}: {item.metric}", "two figures", "one")
        if item.unit != metric.unit or not metric.possible(item.value) or item.value <= 0:
            raise _refused(
                f"{name}: {item.metric}", f"{item.value} {item.unit}", f"above 0 {metric.unit}"
            )
        values[item.metric] = (item.value, item.n)
    if missing := [metric for metric in _NEEDED if metric not in values]:
        raise _refused(name, f"no {missing[0]}", f"both {' and '.join(_NEEDED)}")
    kind = " (emulator)" if report.emulator else ""
    return DeviceFigures(
        artifact=report.artifact,
        runtime=report.runtime,
        machine=f"{report.device}{kind}, {report.os}",
        values=values,
    )
