"""Searches a recipe's variants for the best trade-offs of loss, size and latency.

Every variant is built and scored once; a finished point is kept under the digest of what decides
it, so that an interrupted or repeated search continues. Latency depends on the machine's
load and is measured anew at the end, all variants in turns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from mobile_ai.contracts.canonical import sha256_bytes, sha256_text
from mobile_ai.contracts.files import write_whole
from mobile_ai.model_build import metrics
from mobile_ai.model_build.calibration import inferences
from mobile_ai.model_build.compare import Candidate, front
from mobile_ai.model_build.data import held_out_rows
from mobile_ai.model_build.errors import ModelBuildError, need
from mobile_ai.model_build.export import Chain, Exporter
from mobile_ai.model_build.imported import Imported, bring, make_imported
from mobile_ai.model_build.moved import outputs_moved
from mobile_ai.model_build.profile_ import latencies
from mobile_ai.model_build.recipe import BuildRecipe, VariantSpec, load_recipe
from mobile_ai.model_build.runtime import Runner, load
from mobile_ai.model_build.silence_output import quiet
from mobile_ai.model_build.synthetic_inputs import Sample
from mobile_ai.model_build.train_or_reuse import obtain

_REPEATS: Final = 7  # the range of 7 holds the median in 98 % of cases (order statistics)
_ROUNDS: Final = 3
_TOOLS: Final = (
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
    "litert-quantizer",
    "ai-edge-litert",
    "tf2onnx",
    "onnxruntime",
)
_Outputs = list[list[NDArray[Any]]]
_Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A value with the ends of its interval."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> Range:
        """Return the range in another unit."""
        return Range(value=self.value * factor, low=self.low * factor, high=self.high * factor)

    def __str__(self) -> str:
        """Return the value, with its ends where they differ."""
        if self.low == self.high:
            return f"{self.value:.2f}"
        return f"{self.value:.2f} ({self.low:.2f}..{self.high:.2f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One variant of the search.

    Attributes:
        variant: Its name.
        format: Of the file.
        spec: The entry for the recipe's `variants`.
        bytes: Size of the file.
        bytes_zstd: Size after zstd 19.
        loss: Loss of accuracy in points, paired, with its 95 % interval; of an imported model the
            relative error of the outputs in percent.
        latency_ms: Median of the repeats with their range.
        refused: Reason why there is no file, or empty.
        file: Path of the file.
    """

    variant: str
    format: str
    spec: Mapping[str, Any]
    bytes: int = 0
    bytes_zstd: int = 0
    loss: Range | None = None
    latency_ms: Range | None = None
    refused: str = ""
    file: str = ""


_POINT: Final = TypeAdapter(Point)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Points of a search, those on the front, and the rows they were scored on."""

    points: tuple[Point, ...]
    front: tuple[str, ...]
    rows: int
    rows_of: str
    measure: str
    reused: int

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "points": [asdict(p) | {"front": p.variant in self.front} for p in self.points],
            "rows": self.rows,
            "rowsOf": self.rows_of,
            "measure": self.measure,
            "reused": self.reused,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Maker of variants, rows to score them on, and the digest of both."""

    make: Callable[[VariantSpec], Chain]
    samples: list[Sample]
    labels: NDArray[np.int64] | None
    rows_of: str
    digest: str


def search(
    recipe: Path,
    variants: tuple[VariantSpec, ...],
    *,
    work: Path,
    progress: _Tell | None = None,
) -> Search:
    """Build and score variants; return them with the Pareto front.

    Args:
        recipe: The recipe's file.
        variants: What to try; the first is what the others are compared with.
        work: Folder that keeps finished points.
        progress: Called with (description, steps done, total steps).

    Raises:
        ModelBuildError: If the first variant cannot be built.
    """
    tell = progress or _silent
    plan = _plan(recipe, load_recipe(recipe), tell)
    decided = _decided(plan, variants[0])
    points: list[Point] = []
    base: _Outputs = []
    reused = 0
    for number, spec in enumerate(variants):
        tell(f"search {spec.name}", number, len(variants))
        kept = work / f"{_key(decided, spec)}.json"
        point = _read(kept, spec)
        reused += point is not None
        if point is None or not base:
            made = _made(plan, spec, kept.with_suffix(f".{spec.format}"))
            if not base:
                if made.refused:
                    raise _no_reference(spec, made.refused)
                base = _answers(made, plan)
            if point is None:
                point = made if made.refused else _scored(made, base, plan)
                write_whole(kept, json.dumps(asdict(point), indent=1).encode())
        points.append(point)
    tell("measure latency", len(variants), len(variants))
    timed = _timed(points, plan.samples[0])
    return Search(
        points=tuple(timed),
        front=tuple(item.name for item in front([_candidate(p) for p in timed if not p.refused])),
        rows=len(plan.samples),
        rows_of=plan.rows_of,
        measure="loss, pt" if plan.labels is not None else "output error, %",
        reused=reused,
    )


def _silent(what: str, done: int, total: int) -> None:
    """Report no progress."""


def _plan(path: Path, recipe: BuildRecipe, tell: _Tell) -> _Plan:
    if recipe.source.imported:
        model = bring(recipe, folder=path.parent)
        return _Plan(
            make=partial(_make_any, model),
            samples=model.samples,
            labels=None,
            rows_of="the given rows",
            digest=model.sha256,
        )
    with quiet():
        trained = obtain(path, tick=partial(tell, f"train {recipe.name} {recipe.version}"))
    rows_of, splits = _development(recipe)
    plan = recipe.evaluation.model_copy(update={"splits": splits})
    rows = held_out_rows(recipe.model_copy(update={"evaluation": plan})).rows
    return _Plan(
        make=Exporter(trained).make,
        samples=inferences(rows.inputs),
        labels=rows.labels,
        rows_of=rows_of,
        digest=trained.transforms[-1].output_sha256 + rows.digest(),
    )


def _development(recipe: BuildRecipe) -> tuple[str, tuple[str, ...]]:
    """Return the rows to choose on: held-out splits that the evaluator does not score, if any."""
    splits = recipe.data.splits if recipe.data else ()
    free = tuple(
        item.name
        for item in splits
        if item.use == "evaluation" and item.name not in recipe.evaluation.splits
    )
    if free:
        return f"split {' + '.join(free)}, which the evaluator does not score", free
    named = recipe.evaluation.splits
    split = f"split {' + '.join(named)}"
    return f"{split}, which the evaluator scores too: the interval of a choice is optimistic", named


def _make_any(model: Imported, spec: VariantSpec) -> Chain:
    """Make a variant however far its outputs moved: the search shows that as its loss."""
    return make_imported(model, spec.model_copy(update={"moved_at_most": float("inf")}))


def _decided(plan: _Plan, first: VariantSpec) -> Mapping[str, Any]:
    """Return what decides every point of a search, beside its own entry."""
    code = sorted(Path(__file__).parent.glob("*.py"))
    return {
        "model": plan.digest,
        "reference": _content(first),
        "tools": [installed(name) for name in _TOOLS],
        "code": sha256_bytes(b"".join(path.read_bytes() for path in code)),
    }


def _key(decided: Mapping[str, Any], spec: VariantSpec) -> str:
    return sha256_text(json.dumps({**decided, "spec": _content(spec)}, sort_keys=True))[:24]


def _content(spec: VariantSpec) -> dict[str, Any]:
    return spec.model_dump(mode="json", exclude={"name", "needs"})


def _read(path: Path, spec: VariantSpec) -> Point | None:
    """Return a finished point; one that is damaged or whose file is gone is made again."""
    try:
        found = _POINT.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    if found.file and not Path(found.file).is_file():
        return None
    return replace(found, variant=spec.name)


def _made(plan: _Plan, spec: VariantSpec, file: Path) -> Point:
    told = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    point = Point(variant=spec.name, format=spec.format, spec=told)
    with quiet():
        try:
            content, _ = plan.make(spec)
        except ModelBuildError as error:
            return replace(point, refused=str(error))
    write_whole(file, content)
    squeezed = len(need("zstandard").compress(content, 19))
    return replace(point, bytes=len(content), bytes_zstd=squeezed, file=str(file))


def _no_reference(spec: VariantSpec, reason: str) -> ModelBuildError:
    return ModelBuildError(
        f"variant {spec.name}",
        got=reason,
        expected="a first variant to compare the others with",
        next_step="correct the first variant of the recipe",
    )


def _answers(point: Point, plan: _Plan) -> _Outputs:
    with quiet():
        runner = load(Path(point.file), point.format)
        return [runner.once(sample) for sample in plan.samples]


def _scored(point: Point, base: _Outputs, plan: _Plan) -> Point:
    try:
        found = _answers(point, plan)
    except (RuntimeError, ValueError) as error:
        return replace(point, refused=f"it does not run: {str(error).splitlines()[0]}")
    if plan.labels is None:
        moved = 100 * outputs_moved(base, found)
        if not np.isfinite(moved):
            return replace(point, refused="its outputs are no finite numbers")
        return replace(point, loss=Range(value=moved, low=moved, high=moved))
    was, now = (np.concatenate([row[0] for row in rows]) for rows in (base, found))
    loss = metrics.paired_difference(was, now, plan.labels)
    return replace(point, loss=Range(value=loss.loss_pt, low=loss.low_pt, high=loss.high_pt))


def _timed(points: list[Point], sample: Sample) -> list[Point]:
    with quiet():
        runners: dict[str, Runner] = {
            p.variant: load(Path(p.file), p.format) for p in points if not p.refused
        }
        calls = {name: runner.prepared(sample) for name, runner in runners.items()}
    first = points[0].variant
    taken = [latencies(calls, reference=first, rounds=_ROUNDS) for _ in range(_REPEATS)]
    return [
        point
        if point.refused
        else replace(point, latency_ms=_range([each[point.variant].p50.value for each in taken]))
        for point in points
    ]


def _range(values: list[float]) -> Range:
    return Range(value=float(np.median(values)), low=min(values), high=max(values))


def _candidate(point: Point) -> Candidate:
    time = point.latency_ms
    return Candidate(
        name=point.variant,
        format=point.format,
        bytes=point.bytes_zstd,
        latency_ms=time.value if time else None,
        interval=(time.low, time.high) if time else None,
        energy_mj=None,
        quality=-point.loss.value if point.loss else None,
        loss_pt=point.loss.value if point.loss else None,
    )
