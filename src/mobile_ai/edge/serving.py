"""The seam between the server and the models that it serves.

The server (protocols, batching, protection) knows models only as :class:`ServedModel` in a
:class:`ModelTable`; what obtains, verifies, swaps and watches versions
(`mobile_ai.edge.models`) knows the server only by these names. Two rules carry the rest:

- **Counting.** `route` returns a :class:`Served` that it has acquired for the caller, who releases
  it when the request has its outputs. A version that was taken from the table is closed when its
  count is back at zero, so a swap drops no request. Counting happens on the event loop, without
  locks.
- **Reports.** After each call of a runtime the server hands one :class:`ModelRun` to `observe`: the
  rows of many requests, their outputs or the error, and the time. Error-rate watch and
  sketches live on it. A request that was refused before the runtime is no report.

`mobile_ai.edge.runtime.OnnxModel` is a :class:`ServedModel` on onnxruntime.
`mobile_ai.edge.models.open_table` returns the table of a server from the ``models`` part of its
configuration, which `mobile_ai.edge.models.settings.ModelSettings` defines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from mobile_ai.edge.shapes import Shapes

Tensors = Mapping[str, NDArray[Any]]
"""Arrays by name of the tensor."""
Headers = Sequence[tuple[bytes, bytes]]
"""Headers of a request; names in lower case, as ASGI has them."""


class UnknownModelError(LookupError):
    """No such model, or no such version of it; the message is shown to the client (404)."""


class ModelUnavailableError(RuntimeError):
    """The model is known and cannot be served now; the message is shown to the client (503)."""


class ShapeError(ValueError):
    """A model failed on inputs of a shape that it is not known to take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedTensor:
    """An input or output of a model.

    Attributes:
        name: Its name.
        datatype: In the protocol's words: ``BOOL``, ``INT64``, ``FP16``, ``BYTES`` ...
        shape: Sizes; -1 where any size is accepted. The first is the batch of a batchable model.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """Unambiguous identity of a served model.

    Attributes:
        name: Name of the model in paths.
        version: Its version.
        digest: SHA-256 of the manifest that governs it, 64 hexadecimal digits.
    """

    name: str
    version: str
    digest: str


class ServedModel(Protocol):
    """A model that is loaded, verified and warm."""

    @property
    def identity(self) -> ModelIdentity:
        """Identity of the model."""

    @property
    def platform(self) -> str:
        """The protocol's ``platform``, as ``onnx_onnxv1``."""

    @property
    def inputs(self) -> tuple[ServedTensor, ...]:
        """Input tensors."""

    @property
    def outputs(self) -> tuple[ServedTensor, ...]:
        """Output tensors."""

    @property
    def batchable(self) -> bool:
        """True if rows of several requests may be joined along the first axis of every tensor."""

    def run(self, batch: Tensors) -> dict[str, NDArray[Any]]:
        """Return all outputs for inputs that were checked against `inputs`.

        Called from worker threads, by several at once. ``BYTES``
        are arrays of objects (`bytes`) both ways.
        """


class Served:
    """A version in the table, and how many requests are in it. Event-loop thread only.

    Attributes:
        shapes: Shapes of inputs that it, or the version before it, has taken.
    """

    __slots__ = ("_idle", "in_flight", "lane", "model", "shapes")

    def __init__(self, model: ServedModel, *, before: Served | None = None) -> None:
        """Start without requests, in the place of the version before it, if there was one."""
        self.model = model
        self.shapes: Shapes = Shapes(
            {spec.name: spec.shape for spec in model.inputs},
            batchable=model.batchable,
            before=before.shapes if before is not None else None,
        )
        self.in_flight = 0
        self.lane: Any = None  # the server's batcher of this version; not the table's
        self._idle: Callable[[], None] | None = None

    def acquire(self) -> Served:
        """Count one request more, and return this."""
        self.in_flight += 1
        return self

    def release(self) -> None:
        """Count one request less."""
        self.in_flight -= 1
        if self.in_flight == 0 and self._idle is not None:
            idle, self._idle = self._idle, None
            idle()

    def when_idle(self, call: Callable[[], None]) -> None:
        """Call once when no request is in it: at once, or by the last release."""
        if self.in_flight == 0:
            call()
        else:
            self._idle = call


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRun:
    """One call of a runtime.

    Attributes:
        served: The version that ran.
        inputs: The batch as it went in.
        outputs: Output tensors; ``None`` if it failed.
        rows: Rows of the batch; 1 for a model that is not batchable.
        seconds: Wall time of the call.
        error: The failure, if it failed.
    """

    served: Served
    inputs: Tensors
    outputs: Tensors | None
    rows: int
    seconds: float
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """A line of the repository index.

    Attributes:
        name: Name of the model.
        version: A version that is known for it.
        state: ``READY``, ``LOADING``, ``UNLOADING`` or ``UNAVAILABLE``.
        reason: Reason for the state, for people; may be empty.
    """

    name: str
    version: str
    state: str
    reason: str = ""


class ModelTable(Protocol):
    """The models that can be asked for now. All methods are called on the event loop."""

    def route(self, name: str, version: str | None, headers: Headers) -> Served:
        """Return the version for a request, acquired; the caller releases it.

        Args:
            name: The model.
            version: The version that the path names; ``None`` lets the table choose (canary by
                header or percentage).
            headers: Of the request, or gRPC metadata in the same form.

        Raises:
            UnknownModelError: If there is no such model or version.
            ModelUnavailableError: If it cannot serve now.
        """

    def versions(self, name: str) -> tuple[str, ...]:
        """Return the versions that `route` accepts, newest last.

        Raises:
            UnknownModelError: If there is no such model.
        """

    def ready(self) -> bool:
        """Return whether every model that the table is asked to serve can be asked."""

    def index(self) -> Sequence[IndexEntry]:
        """Return all that is known, also what is not ready."""

    async def load(self, name: str) -> None:
        """Look for a newer version, verify and swap to it; or load what was unloaded.

        Raises:
            UnknownModelError: If there is no such model.
            ModelUnavailableError: If what is there was refused; the one in use stays.
        """

    async def unload(self, name: str) -> None:
        """Take a model from the table; requests in it end normally.

        Raises:
            UnknownModelError: If there is no such model.
        """

    def observe(self, run: ModelRun) -> None:
        """Learn of a call of a runtime; returns at once and never raises."""

    async def start(self) -> None:
        """Load what was configured and begin to poll; called once, before requests."""

    async def close(self) -> None:
        """End polling and close all models; called once, after the last request."""
