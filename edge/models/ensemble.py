"""Several models as one: bound to the versions that are served now, run in one call."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from numpy.typing import NDArray

from edge.models.graph import EnsembleSettings, Step, order, source_of
from edge.serving import (
    ModelIdentity,
    ModelUnavailableError,
    Run,
    Served,
    ShapeError,
    Tensors,
    TensorSpec,
)

__all__ = ["EnsembleModel"]

_MOST_RUNS: Final = 64  # kept for somebody who comes after every call


class EnsembleModel:
    """A served model whose steps are served models.

    It keeps the versions that it was bound to, counted as in use, until it is closed: a request
    sees one version of every step. A swap of a step's model binds a new one.
    """

    platform = "ensemble"

    def __init__(self, settings: EnsembleSettings, models: Mapping[str, Served]) -> None:
        """Check that the models fit together, and count them as in use.

        Args:
            settings: What feeds what.
            models: The version of every model, by its name.

        Raises:
            ModelUnavailableError: If a step's model is not there, or tensors do not fit.
        """
        self._name = settings.name
        self._steps = order(settings)
        missing = sorted({step.model for step in self._steps} - models.keys())
        if missing:
            raise ModelUnavailableError(f"{settings.name}: {', '.join(missing)} not served now")
        self._models = {step.name: models[step.model] for step in self._steps}
        self.inputs = self._request_inputs()
        self.outputs = tuple(
            self._renamed(self._output(tensor), name) for name, tensor in settings.outputs.items()
        )
        self._sources = dict(settings.outputs)
        self.batchable = all(served.model.batchable for served in self._models.values())
        self.identity = ModelIdentity(
            name=settings.name, version=settings.version, digest=self._digest(settings)
        )
        # Appended to on any thread, taken from on the event loop.
        self._runs: deque[Run] = deque(maxlen=_MOST_RUNS)
        for served in self._models.values():
            served.acquire()

    def run(self, batch: Tensors) -> dict[str, NDArray[Any]]:
        """Run every step on what feeds it; see ``ServedModel.run``."""
        known: dict[str, NDArray[Any]] = dict(batch)
        for step in self._steps:
            fed = {name: known[tensor] for name, tensor in step.inputs.items()}
            answers = self._step(self._models[step.name], fed)
            known |= {f"{step.name}.{name}": value for name, value in answers.items()}
        return {name: known[tensor] for name, tensor in self._sources.items()}

    def seen(self) -> Iterator[Run]:
        """Yield what the steps did since the last call, for the watches over their versions."""
        while self._runs:
            yield self._runs.popleft()

    def close(self) -> None:
        """Let go of the steps' versions."""
        for served in self._models.values():
            served.release()

    def _step(self, served: Served, fed: Tensors) -> dict[str, NDArray[Any]]:
        rows = max((len(value) for value in fed.values()), default=1) if self.batchable else 1
        began = time.perf_counter()
        answers, error = {}, None
        try:
            answers = served.model.run(fed)
        except Exception as caught:
            error = caught if served.shapes.known(fed) else ShapeError(str(caught))
            raise
        finally:
            self._runs.append(
                Run(
                    served=served,
                    inputs=fed,
                    outputs=None if error else answers,
                    rows=rows,
                    seconds=time.perf_counter() - began,
                    error=error,
                )
            )
        return answers

    def _digest(self, settings: EnsembleSettings) -> str:
        """Return what tells two bindings apart: the declaration and the steps' digests."""
        parts = [
            settings.model_dump_json(),
            *(m.model.identity.digest for m in self._models.values()),
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _request_inputs(self) -> tuple[TensorSpec, ...]:
        found: dict[str, TensorSpec] = {}
        for step in self._steps:
            wanted = {spec.name: spec for spec in self._models[step.name].model.inputs}
            self._check_names(step, wanted)
            for name, tensor in step.inputs.items():
                if source_of(tensor)[0] is not None:
                    self._check_fit(step, wanted[name], self._output(tensor))
                    continue
                spec = self._renamed(wanted[name], tensor)
                if found.setdefault(tensor, spec) != spec:
                    raise self._unfit(f"input {tensor} would have two forms")
        return tuple(found.values())

    def _check_names(self, step: Step, wanted: Iterable[str]) -> None:
        if set(step.inputs) != set(wanted):
            raise self._unfit(
                f"step {step.name} gives {sorted(step.inputs)}; {step.model} takes {sorted(wanted)}"
            )

    def _check_fit(self, step: Step, wanted: TensorSpec, given: TensorSpec) -> None:
        fits = wanted.datatype == given.datatype and len(wanted.shape) == len(given.shape)
        sizes = zip(wanted.shape, given.shape, strict=False)
        if not fits or any(-1 not in pair and pair[0] != pair[1] for pair in sizes):
            raise self._unfit(
                f"step {step.name} {wanted.name}: got {given.datatype} {list(given.shape)}, "
                f"expected {wanted.datatype} {list(wanted.shape)}"
            )

    def _output(self, tensor: str) -> TensorSpec:
        step, name = source_of(tensor)
        given = {spec.name: spec for spec in self._models[str(step)].model.outputs}
        if name not in given:
            raise self._unfit(f"step {step} has no output {name!r}; it has {sorted(given)}")
        return given[name]

    def _renamed(self, spec: TensorSpec, name: str) -> TensorSpec:
        return TensorSpec(name=name, datatype=spec.datatype, shape=spec.shape)

    def _unfit(self, why: str) -> ModelUnavailableError:
        return ModelUnavailableError(f"ensemble {self._name}: {why}")
