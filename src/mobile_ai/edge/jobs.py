"""Requests of a batch: joined for one call, and split again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mobile_ai.edge.errors import RefusedError
from mobile_ai.edge.infer_request import Given
from mobile_ai.edge.serving import ServedModel, Tensors


class Outputs:
    """Outputs of a batch, to be split by request."""

    __slots__ = ("_bytes", "_whole", "arrays")

    def __init__(self, arrays: Tensors, *, whole: bool) -> None:
        """Keep the arrays; `whole` if they belong to one request."""
        self.arrays = arrays
        self._whole = whole
        self._bytes: dict[str, bytes] = {}

    def part(self, name: str, at: int, rows: int) -> NDArray[Any]:
        """Return the rows of one request."""
        array = self.arrays[name]
        return array if self._whole else array[at : at + rows]

    def raw_part(self, name: str, at: int, rows: int) -> bytes:
        """Return the rows of one request in binary form; not for ``BYTES``."""
        data = self._bytes.get(name)
        if data is None:
            data = self._bytes[name] = self.arrays[name].tobytes()
        if self._whole:
            return data
        size = len(data) // len(self.arrays[name])
        return data[at * size : (at + rows) * size]


class Job(Protocol):
    """A request in a lane.

    Attributes:
        given: Its inputs; binary ones of fixed-size datatypes as bytes.
        rows: Number of rows.
        key: Jobs with equal keys can be batched.
        start: Time of arrival, by `time.perf_counter`.
        deadline: Time after which the client no longer waits.
    """

    given: Given
    rows: int
    key: tuple[tuple[int, ...], ...]
    start: float
    deadline: float

    def complete(self, outputs: Outputs, at: int) -> None:
        """Answer with the rows from `at`."""

    def fail(self, error: RefusedError) -> None:
        """Answer with an error; only the first answer counts."""


def join(
    name: str, tail: tuple[int, ...], dtype: np.dtype[Any], jobs: Sequence[Job]
) -> NDArray[Any]:
    """Return an input of all jobs as one array: one copy, or none for a single job."""
    parts: list[Any] = [job.given[name] for job in jobs]
    first = parts[0]
    if len(parts) == 1 and isinstance(first, np.ndarray):
        return first
    if dtype.hasobject:
        return np.concatenate(parts)
    array = np.frombuffer(first if len(parts) == 1 else b"".join(parts), dtype=dtype).reshape(tail)
    return array if array.flags.aligned else array.copy()


def check_outputs(model: ServedModel, outputs: Tensors, rows: int) -> None:
    """Raise if outputs have another shape than declared: they could not be split correctly."""
    for spec in model.outputs:
        shape = outputs[spec.name].shape
        expected = (rows, *spec.shape[1:]) if model.batchable else spec.shape
        if len(shape) != len(expected) or any(
            wanted not in {-1, size} for size, wanted in zip(shape, expected, strict=True)
        ):
            raise RuntimeError(f"output {spec.name!r}: got {shape}; expected {expected}")
