"""Model builds: every recipe built from scratch, with quality loss and build time."""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from benchmarks import _model_targets as targets
from benchmarks._row import Row
from mobile_ai.model_build.recipe import RECIPES
from mobile_ai.model_build.results import ArtifactEvaluation, BuildResult, EvaluationReport, Status

__all__ = ["IDS", "Measured", "rows", "rows_from"]

# The figures that have a bar keep a short name; the other models' are printed, not held.
_RENAMED: Final = {
    "model.digits_best_within_1pt_zstd_ratio": "model.best_within_1pt_zstd_ratio",
    "model.digits_pruned_int8_loss_pt": "model.pruned_int8_loss_pt",
}
_BARS: Final = {
    "model.digits_int8_loss_pt": "<= 0.5, upper end <= 1",
    "model.best_within_1pt_zstd_ratio": "<= 1/7",
    "model.pruned_int8_loss_pt": "<= 0.7",
}
_TRAINED: Final = ("activity", "message", "offer", "speaker")
_FIGURES: Final = (
    "int8_loss_pt",
    "int8_bytes_per_parameter",
    "best_within_1pt_zstd_ratio",
    "int8_latency_ratio",
)
_WALL_SECONDS: Final = 900

IDS: Final = (
    "model.digits_int8_loss_pt",
    "model.digits_int8_bytes_per_parameter",
    "model.best_within_1pt_zstd_ratio",
    "model.pruned_int8_loss_pt",
    "model.digits_int8_latency_ratio",
    *(f"model.{name}_{figure}" for name in _TRAINED for figure in _FIGURES),
    "model.face-detector_int8_latency_ratio",
    "model.face-detector_smallest_zstd_ratio",
    "model.voice-activity_fp16_latency_ratio",
    "model.voice-activity_smallest_zstd_ratio",
    "model.all_builds_s",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A built version, the report on its files and the duration of both."""

    build: BuildResult
    report: EvaluationReport
    seconds: float


def rows() -> Iterator[Row]:
    """Build and evaluate every recipe in a scratch folder, with newly trained weights."""
    with tempfile.TemporaryDirectory() as scratch:
        # A fine-tune obtains its parent's network itself, so any order gives the same files.
        recipes = sorted(RECIPES.glob("*.yaml"))
        measured = [_measure(recipe, Path(scratch)) for recipe in recipes]
    yield from rows_from(measured)


def rows_from(measured: Sequence[Measured]) -> Iterator[Row]:
    """Return the rows of built versions, using the newest version of each model."""
    newest = {
        each.build.model: each
        for each in sorted(measured, key=lambda each: _order(each.build.version))
    }
    for each in newest.values():
        yield from _version_rows(each)
    yield _wall(measured)


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _measure(recipe: Path, scratch: Path) -> Measured:
    # TensorFlow is imported when a model is made, not when the areas are listed.
    from mobile_ai.model_build import pipeline  # noqa: PLC0415

    said = ""

    def say(what: str, _done: int, _total: int) -> None:
        nonlocal said
        if what != said:
            print(f"  {what}", file=sys.stderr, flush=True)
        said = what

    start = time.perf_counter()
    out, networks = scratch / recipe.stem, scratch / "networks"
    build = pipeline.build(recipe, out=out, progress=say, networks=networks)
    report = pipeline.evaluate(recipe, pipeline.files_of(build), progress=say)
    return Measured(build=build, report=report, seconds=time.perf_counter() - start)


def _version_rows(measured: Measured) -> Iterator[Row]:
    build, report = measured.build, measured.report
    for item in targets.rows_of(build, report):
        name = _RENAMED.get(item.id, item.id)
        peer = f"{item.peer}; {_BARS[name]}" if name in _BARS else item.peer
        note = f"{build.version}: {item.note}" if build.model == "digits" else item.note
        yield Row(**asdict(item) | {"id": name, "peer": peer, "note": note})
    if build.datasets:
        return
    yield from _brought(build.model, report)


def _brought(model: str, report: EvaluationReport) -> Iterator[Row]:
    """Return the rows of a model without labels: size and speed of passing variants."""
    found = {each.variant: each for each in report.artifacts}
    original, half = found[report.reference], found.get("fp16")
    refused = {gate.variant for gate in report.gates if gate.status is not Status.PASS}
    passed = [e for e in found.values() if e is not original and e.variant not in refused]
    small = min((e for e in passed if e.bytes_zstd), key=_zstd, default=None)
    if small is not None:
        yield _smallest(model, small, original)
    if half is not None and half.profile and half.profile.latency_ratio_to_reference:
        yield Row(
            id=f"model.{model}_fp16_latency_ratio",
            value=half.profile.latency_ratio_to_reference,
            unit="x",
            peer=f"{report.reference}, same run, 1 thread",
            n=1,
            note="no int8 file: its answers moved too far; see the recipe",
        )


def _smallest(model: str, small: ArtifactEvaluation, original: ArtifactEvaluation) -> Row:
    parity = small.parity
    moved = f"outputs move by {parity.max_abs_error:.1%} of their range" if parity else "unknown"
    return Row(
        id=f"model.{model}_smallest_zstd_ratio",
        value=_zstd(small) / _zstd(original),
        unit="share",
        peer="file as it came, after zstd 19",
        n=parity.n if parity else 0,
        note=f"{small.variant}: {_zstd(small)} bytes; no labels, {moved}",
    )


def _zstd(item: ArtifactEvaluation) -> int:
    return item.bytes_zstd or item.bytes


def _wall(measured: Sequence[Measured]) -> Row:
    passed = sum(each.report.passed for each in measured)
    each_s = ", ".join(
        f"{each.build.model} {each.build.version} {each.seconds:.0f}" for each in measured
    )
    return Row(
        id="model.all_builds_s",
        value=sum(each.seconds for each in measured),
        unit="s",
        peer=f"<= {_WALL_SECONDS} on 2 cores",
        n=len(measured),
        note=f"wheels cached, weights trained anew; {passed} pass their gates; {each_s}",
    )
