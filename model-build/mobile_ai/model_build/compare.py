"""Compares variants: Pareto front, plot, and a recommendation per device class.

Figures are the measurements in manifests, or a device lab's. A missing figure is treated as the
worst value, so that a variant does not reach the front by lacking a measurement. Latencies whose
intervals overlap, and those of different machines, are no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.manifest import UNSTATED, Artifact, ModelManifest, known
from mobile_ai.contracts.metrics import metric_named
from mobile_ai.contracts.vocabulary import DEVICE_CLASSES
from mobile_ai.model_build.device_report import DeviceFigures, check_named
from mobile_ai.model_build.errors import ModelBuildError, need
from mobile_ai.model_build.writer import read_version

# Primary criterion by device class: entry-level phones lack storage, mid-range ones speed. Energy
# is an estimate from the same times, so that it only breaks ties.
_WEIGHS: Final[Mapping[str, str]] = {
    "entry": "bytes",
    "mid-range": "latency_ms",
    "high-end": "quality",
}

_NOISE: Final = 0.1
"""Share by which latencies without an interval may differ from run to run."""
_PICTURES: Final = frozenset({".png", ".svg"})


class CompareError(ModelBuildError):
    """There are no variants to compare, or the plot's file type is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Measurements of a variant; ``None`` if not measured.

    Attributes:
        name: Model, version and variant.
        format: ``tflite``, ``onnx`` or ``coreml``.
        bytes: Size of the file.
        latency_ms: Median latency of one inference.
        energy_mj: Estimated energy of one inference.
        quality: Value of the model's metric.
        loss_pt: Loss against the reference variant of its version, percentage points.
        metric: Name of the metric.
        digest: Digest of the artifact.
        machine: Machine or device that measured the latency.
        interval: Ends of the latency's interval; None: not stated.
    """

    name: str
    format: str
    bytes: int
    latency_ms: float | None
    energy_mj: float | None
    quality: float | None
    loss_pt: float | None
    metric: str = "accuracy"
    digest: str = ""
    machine: str = ""
    interval: tuple[float, float] | None = None

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.name.partition(" ")[0]

    @property
    def latency_ends(self) -> tuple[float, float]:
        """Ends between which the latency is; infinite if it was not measured."""
        if self.latency_ms is None:
            return inf, inf
        return self.interval or (
            self.latency_ms / (1 + _NOISE),
            self.latency_ms * (1 + _NOISE),
        )

    def faster(self, other: Candidate) -> bool:
        """Return whether it is faster by more than the noise, on the same machine."""
        same = self.machine == other.machine or other.latency_ms is None
        return same and self.latency_ends[1] < other.latency_ends[0]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "name": self.name,
            "format": self.format,
            "bytes": self.bytes,
            "latencyMs": self.latency_ms,
            "energyMj": self.energy_mj,
            "quality": self.quality,
            "lossPt": self.loss_pt,
            "metric": self.metric,
            "machine": self.machine,
            "latencyInterval": self.interval and list(self.interval),
        }

    def cells(self) -> tuple[str, ...]:
        """Return the cells of a table row: name, size, latency, energy, quality."""
        numbers = (self.latency_ms, self.energy_mj, self.quality)
        return (self.name, f"{self.bytes:,}", *("-" if n is None else f"{n:.4g}" for n in numbers))


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantRecommendation:
    """Recommended variant of a device class with the reason; empty if none qualifies."""

    device_class: str
    variant: str
    reason: str

    def to_dict(self) -> dict[str, str]:
        """Return JSON values."""
        return {"deviceClass": self.device_class, "variant": self.variant, "reason": self.reason}


def candidates_of(path: Path) -> list[Candidate]:
    """Return the candidates of a version, given its manifest's path."""
    manifest = read_version(path.parent).manifest
    return [_candidate(manifest, item) for item in manifest.artifacts]


def on_devices(
    candidates: Sequence[Candidate], reports: Mapping[str, DeviceFigures]
) -> list[Candidate]:
    """Return candidates with a device lab's figures where a report is about their artifact.

    Raises:
        DeviceReportError: If a report is about none of them.
    """
    check_named(reports, (item.digest for item in candidates))
    return [
        _on_device(item, reports[item.digest]) if item.digest in reports else item
        for item in candidates
    ]


def _on_device(item: Candidate, figures: DeviceFigures) -> Candidate:
    cost = figures.cost()
    return replace(
        item,
        latency_ms=cost.latency_p50_ms,
        energy_mj=cost.energy_mj,
        machine=cost.device or "",
        interval=None,
    )


def front(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates that no other candidate dominates.

    Raises:
        CompareError: If there are none.
    """
    if not candidates:
        raise CompareError(
            "variants", got="none", expected="at least one", next_step="name a manifest.yaml"
        )
    return [item for item in candidates if not any(_beats(other, item) for other in candidates)]


def recommend_variants(
    candidates: Sequence[Candidate], *, max_loss_pt: float
) -> list[VariantRecommendation]:
    """Return the best variant of each device class.

    Args:
        candidates: Variants of one or more versions.
        max_loss_pt: Highest acceptable loss against the reference, percentage points.
    """
    best = front(candidates)
    fit = [
        item
        for item in best
        if item.format == "tflite" and _falls_short(item, candidates) <= max_loss_pt
    ]
    return [_choice(device_class, fit, max_loss_pt) for device_class in DEVICE_CLASSES]


def plot_front(candidates: Sequence[Candidate], path: Path) -> None:
    """Plot size against quality with the front marked; the marker area shows latency.

    Raises:
        CompareError: If the file name does not end in .png or .svg.
    """
    if path.suffix not in _PICTURES:
        raise CompareError(
            f"picture {path}",
            got=f"suffix {path.suffix!r}",
            expected=f"one of {sorted(_PICTURES)}",
            next_step="give the file another name",
        )
    need("matplotlib").use("Agg")
    figure, axes = need("matplotlib.pyplot").subplots(figsize=(7, 4.5), layout="constrained")
    best = front(candidates)
    shown = [item for item in candidates if item.quality is not None]
    for marker, label, group in (
        ("o", "on the front", [item for item in shown if item in best]),
        ("x", "beaten", [item for item in shown if item not in best]),
    ):
        axes.scatter(
            [item.bytes / 1000 for item in group],
            [item.quality for item in group],
            [30 + 400 * (item.latency_ms or 0) for item in group],
            marker=marker,
            label=label,
            alpha=0.7,
        )
    for item in shown:
        axes.annotate(item.name.split(" ", 1)[1], (item.bytes / 1000, item.quality), fontsize=7)
    axes.set(xscale="log", xlabel="size (kB)", ylabel="quality", title="Variants; area: latency")
    for axis_formatter in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        axis_formatter(lambda size, _place: f"{size:g}")
    axes.legend(markerscale=0.4)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    need("matplotlib.pyplot").close(figure)


def _candidate(manifest: ModelManifest, item: Artifact) -> Candidate:
    meta = manifest.metadata
    quality = None if item.quality is None else item.quality.value
    return Candidate(
        name=f"{meta.name} {meta.version} {item.variant}",
        format=item.format,
        bytes=item.bytes,
        latency_ms=None if item.profile is None else known(item.profile.latency_p50_ms),
        energy_mj=None if item.profile is None else known(item.profile.energy_mj),
        quality=quality,
        loss_pt=_loss(manifest, item, quality),
        metric=item.quality.metric if item.quality is not None else "",
        digest=item.digest,
        machine=item.profile.machine if item.profile is not None else "",
        interval=_interval(item),
    )


def _interval(item: Artifact) -> tuple[float, float] | None:
    found = item.measured("latency-p50")
    return found.bounds if found is not None and found.interval != UNSTATED else None


def _falls_short(item: Candidate, candidates: Sequence[Candidate]) -> float:
    """Return the points that a candidate loses against its reference, or any version compared.

    The reference of a worse version is worse too, so a loss against it alone hides that.
    """
    if item.loss_pt is None or item.quality is None:
        return inf
    same = [
        other.quality
        for other in candidates
        if (other.model, other.metric) == (item.model, item.metric) and other.quality is not None
    ]
    sign = _sign(item.metric)
    return max(item.loss_pt, 100 * (max(sign * value for value in same) - sign * item.quality))


def _sign(metric: str) -> int:
    known_metric = metric_named(metric)
    return -1 if known_metric is not None and known_metric.more_is_worse else 1


def _loss(manifest: ModelManifest, item: Artifact, quality: float | None) -> float | None:
    """Return the loss in points against the variant named by parity, else the first variant."""
    named = item.parity
    reference = manifest.artifact(named.reference) if named else manifest.artifacts[0]
    if quality is None or reference is None or reference.quality is None:
        return None
    sign = _sign(reference.quality.metric)
    return round(100 * sign * (reference.quality.value - quality), 4)


def _costs(item: Candidate) -> tuple[float, ...]:
    """Return the values to minimize but for time; a missing measurement is infinite."""
    return item.bytes, inf if item.quality is None else -_sign(item.metric) * item.quality


def _beats(one: Candidate, other: Candidate) -> bool:
    # Formats run on different devices, so that one cannot replace another.
    if one.format != other.format or (one.quality and other.quality and one.metric != other.metric):
        return False
    ours, theirs = _costs(one), _costs(other)
    if other.faster(one) or any(a > b for a, b in zip(ours, theirs, strict=True)):
        return False
    # Energy is estimated from time, and settles nothing that time does not.
    return ours != theirs or one.faster(other)


def _choice(
    device_class: str, fit: Sequence[Candidate], max_loss_pt: float
) -> VariantRecommendation:
    if not fit:
        reason = f"no TFLite variant was measured to lose at most {max_loss_pt:g} pt"
        return VariantRecommendation(device_class=device_class, variant="", reason=reason)
    weighed = _WEIGHS[device_class]
    chosen = _fastest(fit) if weighed == "latency_ms" else min(fit, key=_by(weighed))
    figures = dict(zip(("size", "p50", "energy", "quality"), chosen.cells()[1:], strict=True))
    reason = (
        f"best {weighed.removesuffix('_ms')} of {len(fit)} on the front that lose at most "
        f"{max_loss_pt:g} pt: {figures['size']} bytes, {figures['p50']} ms, "
        f"{figures['energy']} mJ, quality {figures['quality']}"
    )
    return VariantRecommendation(device_class=device_class, variant=chosen.name, reason=reason)


def _by(weighed: str) -> Callable[[Candidate], tuple[float, ...]]:
    def rank(item: Candidate) -> tuple[float, ...]:
        size, quality = _costs(item)
        # Latency last: it varies most between runs.
        return (size if weighed == "bytes" else quality, quality, size, item.latency_ends[0])

    return rank


def _fastest(fit: Sequence[Candidate]) -> Candidate:
    """Return the best by quality and size of those that nothing is faster than beyond noise."""
    fast = [item for item in fit if not any(other.faster(item) for other in fit)]
    return min(fast, key=_by("quality"))
