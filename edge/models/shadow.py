"""A second version runs a part of the requests again; only its differences are kept.

It never touches an answer: a copy of a batch waits in a short queue, and when the queue is full
the batch is left out and counted.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge.serving import Run, Served, Tensors

__all__ = ["Difference", "Shadow", "compare"]

_MOST_WAITING: Final = 4
_LARGEST_BATCH: Final = 16_000_000  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How two versions' outputs for one batch differ.

    Attributes:
        rows: Rows compared.
        disagreeing: Rows whose largest element is another one, in any output.
        worst: Largest absolute difference of two numbers; infinite where forms or NaNs differ.
    """

    rows: int
    disagreeing: int
    worst: float


class Shadow:
    """Runs samples of one model's batches on another version.

    Attributes:
        left_out: Batches that were drawn and not run, because the queue was full.
    """

    def __init__(
        self,
        percent: float,
        *,
        report: Callable[[Difference | None], None],
        seed: int | None = None,
    ) -> None:
        """Run nothing yet.

        Args:
            percent: Share of batches.
            report: Told the difference of a batch, or ``None`` when the version failed on it;
                called on the event loop.
            seed: Of the draw.
        """
        self._share, self._report = percent / 100, report
        self._random = random.Random(seed)  # noqa: S311  # no secret
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="shadow")
        self._waiting: set[asyncio.Task[None]] = set()
        self.left_out = 0

    def offer(self, run: Run, version: Served) -> None:
        """Take a batch, perhaps; returns at once. Event loop only."""
        if run.outputs is None or self._random.random() >= self._share:
            return
        size = sum(item.nbytes for item in (*run.inputs.values(), *run.outputs.values()))
        if len(self._waiting) >= _MOST_WAITING or size > _LARGEST_BATCH:
            self.left_out += 1
            return
        inputs, outputs = _copied(run.inputs), _copied(run.outputs)
        task = asyncio.get_running_loop().create_task(
            self._compare(version.acquire(), inputs, outputs)
        )
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def close(self) -> None:
        """Wait for what is running."""
        await asyncio.gather(*self._waiting, return_exceptions=True)
        self._worker.shutdown()

    async def _compare(self, version: Served, inputs: Tensors, outputs: Tensors) -> None:
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._worker, version.model.run, inputs)
            self._report(compare(outputs, answers))
        except Exception:  # noqa: BLE001  # whatever a runtime raises is a difference
            self._report(None)
        finally:
            version.release()


def compare(one: Tensors, other: Tensors) -> Difference:
    """Return how the outputs of two versions for the same batch differ."""
    rows = max((len(value) if value.ndim else 1 for value in one.values()), default=0)
    disagree = np.zeros(rows, bool)
    worst = 0.0
    if set(one) != set(other):
        return Difference(rows=rows, disagreeing=rows, worst=float("inf"))
    for name, value in one.items():
        found = other[name]
        if value.shape != found.shape or value.dtype == object:
            same = value.shape == found.shape and bool((value == found).all())
            worst = worst if same else float("inf")
            disagree |= not same
            continue
        gap = np.abs(value.astype(np.float64) - found.astype(np.float64))
        worst = max(worst, float(np.where(np.isnan(gap), np.inf, gap).max(initial=0.0)))
        disagree |= _tops(value, rows) != _tops(found, rows)
    return Difference(rows=rows, disagreeing=int(disagree.sum()), worst=worst)


def _tops(value: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return where the largest element of each row is."""
    if value.size == 0 or value.ndim == 0 or len(value) != rows:
        return np.zeros(rows, np.int64)
    tops: NDArray[Any] = value.reshape(rows, -1).argmax(axis=1)
    return tops


def _copied(tensors: Tensors) -> dict[str, NDArray[Any]]:
    # The batch may be a view of a buffer that the next request fills.
    return {name: value.copy() for name, value in tensors.items()}
