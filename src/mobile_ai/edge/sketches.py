"""Histograms of inputs and outputs for drift detection, as telemetry events.

No value of a tensor leaves the server. A few rows a second are sampled; requests and failures are
counted exactly. Events are written as JSON Lines files, which the site's forwarder collects.
"""

from __future__ import annotations

import time
import uuid
from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from mobile_ai.contracts.telemetry import CONFIDENCE_BINS, LATENCY_EDGES_MS, SCHEMA_VERSION
from mobile_ai.edge.serving import ModelIdentity, ModelRun, Tensors

_MOST_CLASSES: Final = 64  # bins that an event may have
_MOST_FILES: Final = 1000  # that wait for the forwarder; then the oldest is deleted
_PROBABILITY: Final = 1e-3  # how far a sum of probabilities may be from 1
_MILLISECONDS: Final = 1000
_LOGITS: Final = 2  # axes of classes by row
_Name = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")]
_Edges = Annotated[tuple[float, ...], Field(min_length=1, max_length=63)]


class Sketching(BaseModel):
    """Settings of sketches and of their event files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="Folder of event files, for the site's forwarder.")
    site: _Name = Field(description="Name of the site.")
    app: _Name = Field(description="The application.")
    inputs: Mapping[str, _Edges] = Field(
        default_factory=dict,
        description="Inputs to sketch: upper edges of the bins of a row's mean value.",
    )
    period_seconds: float = Field(
        default=60.0, gt=0, le=3600, description="Period that an event covers."
    )
    rows_per_second: float = Field(default=20.0, gt=0, description="Maximum rate of sampled rows.")


class _Sketch:
    """Counts of one version."""

    def __init__(self) -> None:
        self.rows = self.failed = 0
        self.seconds = 0.0
        self.latency = [0] * (len(LATENCY_EDGES_MS) + 1)
        self.features: dict[str, list[int]] = {}
        self.classes: list[int] = []

    def add(self, feature: str, bins: NDArray[Any], count: int) -> None:
        """Count rows by bin."""
        old = self.features.setdefault(feature, [0] * count)
        self.features[feature] = (np.bincount(bins, minlength=count) + old).tolist()


class Sketches:
    """Collects histograms and writes them as events every period."""

    def __init__(self, settings: Sketching, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Write into the folder of the settings; it is created."""
        self._settings, self._clock = settings, clock
        settings.folder.mkdir(parents=True, exist_ok=True)
        self._edges = {name: np.array(edges) for name, edges in settings.inputs.items()}
        self._since = self._looked = clock()
        self._sketches: dict[ModelIdentity, _Sketch] = {}

    def observe(self, run: ModelRun) -> None:
        """Count a call of a runtime, and sample its rows within the rate."""
        if isinstance(run.error, ValueError):  # the client's error, not the model's
            return
        sketch = self._sketches.setdefault(run.served.model.identity, _Sketch())
        if run.outputs is None:
            sketch.failed += run.rows
            return
        sketch.rows += run.rows
        sketch.seconds += run.seconds
        sketch.latency[bisect_right(LATENCY_EDGES_MS, run.seconds * _MILLISECONDS)] += 1
        now = self._clock()
        rows = min(run.rows, int((now - self._looked) * self._settings.rows_per_second))
        if rows and run.served.model.batchable:
            self._looked = now
            _look_out(sketch, run.outputs, rows)
            self._look_in(sketch, run.inputs, rows)

    def tick(self) -> None:
        """Write events if a period is over."""
        if self._clock() - self._since >= self._settings.period_seconds:
            self.flush()

    def flush(self) -> None:
        """Write the pending events; files are renamed into place, so none is partial."""
        self._since = self._clock()
        sketches, self._sketches = self._sketches, {}
        lines = [
            orjson.dumps(event)
            for identity, sketch in sketches.items()
            for event in self._events(identity, sketch)
        ]
        if not lines:
            return
        folder = self._settings.folder
        waiting = sorted(folder.glob("*.jsonl"))
        for path in waiting[: max(0, len(waiting) + 1 - _MOST_FILES)]:
            path.unlink(missing_ok=True)
        name = f"{time.time_ns()}-{uuid.uuid4()}"
        partial = folder / f"{name}.partial"
        partial.write_bytes(b"\n".join(lines) + b"\n")
        partial.rename(folder / f"{name}.jsonl")

    def _look_in(self, sketch: _Sketch, inputs: Tensors, rows: int) -> None:
        for name, edges in self._edges.items():
            array = inputs.get(name)
            if array is None or array.dtype.kind not in "biuf":
                continue
            means = array[:rows].reshape(rows, -1).astype(np.float64).mean(axis=1)
            sketch.add(f"input.{name}", np.searchsorted(edges, means), len(edges) + 1)

    def _events(self, identity: ModelIdentity, sketch: _Sketch) -> list[dict[str, Any]]:
        common = self._common(identity)
        events: list[dict[str, Any]] = []
        if sketch.rows:
            event = {**common(), "kind": "inference", "count": sketch.rows, "outcome": "ok"}
            event["latency_ms"] = sketch.seconds / sketch.rows * _MILLISECONDS
            if sketch.classes:
                event["histogram"] = sketch.classes
            events.append(event)
            events += [
                {**common(), "kind": "drift", "feature": feature, "histogram": histogram}
                for feature, histogram in (
                    ("latency_ms", sketch.latency),
                    *sketch.features.items(),
                )
            ]
        if sketch.failed:
            events.append(
                {**common(), "kind": "error", "count": sketch.failed, "outcome": "failed"}
            )
        return events

    def _common(self, identity: ModelIdentity) -> Callable[[], dict[str, Any]]:
        settings = self._settings
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return lambda: {
            "event_id": str(uuid.uuid4()),
            "occurred_at": now,
            "schema_version": SCHEMA_VERSION,
            "app": settings.app,
            "model": identity.name,
            "version": identity.version,
            "manifest_sha256": identity.digest,
            "target": "edge",
            "site": settings.site,
        }


def _look_out(sketch: _Sketch, outputs: Tensors, rows: int) -> None:
    """Sketch a classifier's outputs: predictions by class, and their confidence."""
    scores = next(iter(outputs.values()))[:rows]
    if len(outputs) != 1 or scores.ndim != _LOGITS or scores.dtype.kind != "f":
        return
    classes = scores.shape[1]
    if not 1 < classes <= _MOST_CLASSES or not np.isfinite(scores).all():
        return
    probabilities = _probabilities(scores.astype(np.float64))
    old = sketch.classes or [0] * classes
    sketch.classes = (np.bincount(scores.argmax(axis=1), minlength=classes) + old).tolist()
    sure = np.minimum((probabilities.max(axis=1) * CONFIDENCE_BINS), CONFIDENCE_BINS - 1)
    sketch.add("confidence", sure.astype(np.int64), CONFIDENCE_BINS)


def _probabilities(scores: NDArray[Any]) -> NDArray[Any]:
    """Return the scores if they are probabilities, otherwise their softmax."""
    if (scores >= 0).all() and np.allclose(scores.sum(axis=1), 1, atol=_PROBABILITY):
        return scores
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: NDArray[Any] = powers / powers.sum(axis=1, keepdims=True)
    return result
