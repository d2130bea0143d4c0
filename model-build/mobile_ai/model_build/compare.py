"""Compares variants: Pareto front, plot, and a recommendation per device class.

Figures are the measurements in manifests. A missing figure is treated as the worst value, so that
a variant does not reach the front by lacking a measurement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.manifest import Artifact, ModelManifest
from mobile_ai.contracts.vocabulary import DEVICE_CLASSES
from mobile_ai.model_build.errors import ModelBuildError, need
from mobile_ai.model_build.writer import read_version

# Primary criterion by device class: entry-level phones lack storage, mid-range ones speed. Energy
# is an estimate from operation counts, so that it only breaks ties.
_WEIGHS: Final[Mapping[str, str]] = {
    "entry": "bytes",
    "mid-range": "latency_ms",
    "high-end": "quality",
}

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
    """

    name: str
    format: str
    bytes: int
    latency_ms: float | None
    energy_mj: float | None
    quality: float | None
    loss_pt: float | None

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


def front(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates that no other candidate dominates.

    Raises:
        CompareError: If there are none.
    """
    if not candidates:
        raise CompareError(
            "variants", got="none", expected="at least one", next_step="name a manifest"
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
        if item.format == "tflite" and item.loss_pt is not None and item.loss_pt <= max_loss_pt
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
        latency_ms=None if item.profile is None else item.profile.latency_p50_ms,
        energy_mj=None if item.profile is None else item.profile.energy_mj,
        quality=quality,
        loss_pt=_loss(manifest, item, quality),
    )


def _loss(manifest: ModelManifest, item: Artifact, quality: float | None) -> float | None:
    """Return the loss in points against the variant named by parity, else the first variant."""
    named = None if item.quality is None or item.quality.parity is None else item.quality.parity
    reference = manifest.artifact(named.reference) if named else manifest.artifacts[0]
    if quality is None or reference is None or reference.quality is None:
        return None
    return round(100 * (reference.quality.value - quality), 4)


def _costs(item: Candidate) -> tuple[float, ...]:
    """Return the values to minimize; a missing measurement is infinite."""
    worst = float("inf")
    return (
        item.bytes,
        worst if item.latency_ms is None else item.latency_ms,
        worst if item.energy_mj is None else item.energy_mj,
        worst if item.quality is None else -item.quality,
    )


def _beats(one: Candidate, other: Candidate) -> bool:
    # Formats run on different devices, so that one cannot replace another.
    if one.format != other.format:
        return False
    ours, theirs = _costs(one), _costs(other)
    return all(a <= b for a, b in zip(ours, theirs, strict=True)) and ours != theirs


def _choice(
    device_class: str, fit: Sequence[Candidate], max_loss_pt: float
) -> VariantRecommendation:
    if not fit:
        reason = f"no TFLite variant was measured to lose at most {max_loss_pt:g} pt"
        return VariantRecommendation(device_class=device_class, variant="", reason=reason)
    weighed = _WEIGHS[device_class]
    chosen = min(fit, key=lambda item: _rank(item, weighed))
    figures = dict(zip(("size", "p50", "energy", "quality"), chosen.cells()[1:], strict=True))
    reason = (
        f"best {weighed.removesuffix('_ms')} of {len(fit)} on the front that lose at most "
        f"{max_loss_pt:g} pt: {figures['size']} bytes, {figures['p50']} ms, "
        f"{figures['energy']} mJ, quality {figures['quality']}"
    )
    return VariantRecommendation(device_class=device_class, variant=chosen.name, reason=reason)


def _rank(item: Candidate, weighed: str) -> tuple[float, ...]:
    size, latency, energy, quality = _costs(item)
    first = {"bytes": size, "latency_ms": latency, "quality": quality}[weighed]
    # Latency last: it varies most between runs.
    return (first, quality, size, energy, latency)
