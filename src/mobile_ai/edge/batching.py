"""Dynamic batching: joins the rows of concurrent requests into one call of the runtime.

One :class:`BatchQueue` for each version of a model:

- **Collecting.** A batch starts one iteration of the event loop after its first request, and waits
  another iteration as long as each brings more, up to a maximum of rows and of time. So a lone
  request waits for microseconds, and no timer is needed.
- **Execution.** Every call runs in the lane's own thread, while the next batch collects. None runs
  on the event loop, however short the last ones were: the duration depends on the inputs, and a
  model that loops would stop every client.
- **Fairness.** After one batch the event loop continues with others; each model has its own thread
  and queue.
- **Isolation.** If a joined call fails, its requests run alone: one of them cannot fail others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from mobile_ai.edge.datatypes import DATATYPES
from mobile_ai.edge.errors import BAD_REQUEST, DEADLINE, INTERNAL, UNAVAILABLE, RefusedError
from mobile_ai.edge.infer_request import Plans
from mobile_ai.edge.jobs import Job, Outputs, check_outputs, join
from mobile_ai.edge.limits import BatchLimits
from mobile_ai.edge.serving import ModelRun, Served, ShapeError, Tensors
from mobile_ai.edge.stats import ModelStats

_LOG: Final = logging.getLogger(__name__)
_RECENT: Final = 0.2  # weight of the last call in the moving average


_LATE: Final = RefusedError(DEADLINE, "server: the request timed out before its answer")


@dataclass(slots=True)
class _Call:
    """One call of the runtime and its result."""

    jobs: Sequence[Job]
    inputs: Tensors
    outputs: Tensors | None
    seconds: float
    error: Exception | None


class _Thread:
    """Thread of a lane's calls; a daemon, so that a hanging call does not block the exit."""

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        work = threading.Thread(target=_work, args=(self._calls,), name=name, daemon=True)
        work.start()
        # The thread references only the queue, so it ends with the lane that owns this object.
        weakref.finalize(self, self._calls.put, None)

    def submit(self, call: Callable[[], None]) -> None:
        """Run a call after those before it; it must not raise."""
        self._calls.put(call)


def _work(calls: queue.SimpleQueue[Callable[[], None] | None]) -> None:
    while (call := calls.get()) is not None:
        call()
        del call  # it references the lane, which would otherwise not be collected


class BatchQueue:
    """Request queue of one version of a model. Event-loop thread only."""

    def __init__(
        self,
        served: Served,
        *,
        limits: BatchLimits,
        stats: ModelStats,
        observe: Callable[[ModelRun], None],
    ) -> None:
        """Start with an empty queue."""
        self.plans = Plans(served.model)
        self.stats = stats
        self.served, self._model = served, served.model
        self._limits, self._observe = limits, observe
        self._inputs = [(spec.name, DATATYPES[spec.datatype].dtype) for spec in served.model.inputs]
        self._most = limits.rows if served.model.batchable else 1
        self._queue: deque[Job] = deque()
        self._loop = asyncio.get_running_loop()
        self._thread: _Thread | None = None
        self._seen = 0  # length of the queue at the last turn
        self._busy = False  # collecting or running
        self._running: Sequence[Job] = ()  # in the thread
        self._since = 0.0  # when the last call of a runtime began
        self._average: float | None = None  # seconds of a call

    @property
    def waiting(self) -> int:
        """Number of waiting requests."""
        return len(self._queue)

    def running_seconds(self) -> float:
        """Return the seconds for which the current call has been running; 0 if none runs."""
        return time.perf_counter() - self._since if self._running else 0.0

    def make_room(self) -> None:
        """Check that another request may wait, before its tensors are parsed.

        Raises:
            RefusedError: If the queue is full.
        """
        if len(self._queue) >= self._limits.queue:
            raise self._shed()

    def submit(self, job: Job) -> None:
        """Enqueue a request whose version was acquired; it is released with the answer.

        Raises:
            RefusedError: If it would miss its deadline; then it is not enqueued.
        """
        if self._queue and job.start + self._ahead() > job.deadline:
            raise self._shed()
        self._queue.append(job)
        if not self._busy:
            self._busy = True
            self._seen = 0
            self._loop.call_soon(self._turn)

    def expire(self) -> None:
        """Answer requests past their deadline, even while a hanging call blocks the lane.

        Called about once a second. The running call is not stopped; its requests stop waiting.
        """
        now = time.perf_counter()
        queue, self._queue = self._queue, deque()
        for job in queue:
            if job.deadline < now:
                self._expire(job)
            else:
                self._queue.append(job)
        for job in self._running:
            if job.deadline < now:
                job.fail(_LATE)

    def _shed(self) -> RefusedError:
        self.stats.outcomes["shed"] += 1
        wait = 1 + int(self._ahead())
        return RefusedError(
            UNAVAILABLE, "server: got more requests than it can serve", retry_after=wait
        )

    def _ahead(self) -> float:
        """Return the estimated time until the waiting requests are served, seconds."""
        return (1 + len(self._queue) / self._most) * (self._average or 0.0)

    def _turn(self) -> None:
        """Wait another iteration if this one brought requests; otherwise run the batch."""
        count = len(self._queue)
        if (
            self._seen < count < self._most
            and time.perf_counter() - self._queue[0].start < self._limits.wait
        ):
            self._seen = count
            self._loop.call_soon(self._turn)
            return
        jobs = self._take()
        if not jobs:
            self._next()
        else:
            if self._thread is None:
                self._thread = _Thread(f"run-{self._model.identity.name}")
            self._running, self._since = jobs, time.perf_counter()
            self._thread.submit(partial(self._in_thread, jobs))

    def _in_thread(self, jobs: Sequence[Job]) -> None:
        calls = self._run(jobs)
        with contextlib.suppress(RuntimeError):  # the loop is closed: no request waits
            self._loop.call_soon_threadsafe(self._end, calls)

    def _end(self, calls: Sequence[_Call]) -> None:
        self._running = ()
        try:
            self._finish(calls)
        finally:  # a defect must not stop the lane
            self._next()

    def _next(self) -> None:
        self._seen = 0
        self._busy = bool(self._queue)
        if self._busy:
            self._loop.call_soon(self._turn)

    def _take(self) -> list[Job]:
        """Dequeue the oldest request and those that fit in a batch with it."""
        now = time.perf_counter()
        queue, self._queue = self._queue, deque()
        taken: list[Job] = []
        rows = 0
        for job in queue:
            if job.deadline < now:
                self._expire(job)
            elif not taken or (rows + job.rows <= self._most and job.key == taken[0].key):
                taken.append(job)
                rows += job.rows
                self.stats.queue.add(now - job.start)
            else:
                self._queue.append(job)
        return taken

    def _expire(self, job: Job) -> None:
        self.stats.outcomes["expired"] += 1
        self.served.release()
        job.fail(_LATE)

    def _run(self, jobs: Sequence[Job]) -> list[_Call]:
        """Call the runtime once for all; if that fails, once for each."""
        call = self._call(jobs)
        if call.error is not None and len(jobs) > 1:
            return [self._call([job]) for job in jobs]
        return [call]

    def _call(self, jobs: Sequence[Job]) -> _Call:
        inputs: Tensors = {}
        outputs: Tensors | None = None
        error: Exception | None = None
        before = self._since = time.perf_counter()
        try:
            inputs = self._joined(jobs)
            outputs = self._model.run(inputs)
            check_outputs(self._model, outputs, sum(job.rows for job in jobs))
        except Exception as raised:  # noqa: BLE001  # the model's; answered as such
            outputs, error = None, raised
            if inputs and not self.served.shapes.known(inputs):
                error = ShapeError(str(raised))
        return _Call(jobs, inputs, outputs, time.perf_counter() - before, error)

    def _joined(self, jobs: Sequence[Job]) -> Tensors:
        rows = (-1,) if self._model.batchable else ()
        return {
            name: join(name, (*rows, *tail), dtype, jobs)
            for (name, dtype), tail in zip(self._inputs, jobs[0].key, strict=True)
        }

    def _finish(self, calls: Sequence[_Call]) -> None:
        for call in calls:
            self._answer(call)
            self._measure(call)

    def _answer(self, call: _Call) -> None:
        served, stats = self.served, self.stats
        if call.outputs is None:
            error = _refusal(call.error)
            outcome = "failed" if error.status == INTERNAL else "unfit"
            for job in call.jobs:
                served.release()
                stats.outcomes[outcome] += 1
                job.fail(error)
            return
        served.shapes.worked(call.inputs)
        outputs = Outputs(call.outputs, whole=not self._model.batchable)
        at, now, total = 0, time.perf_counter(), stats.total
        for job in call.jobs:
            served.release()
            total.add(now - job.start)
            try:
                job.complete(outputs, at)
            except Exception:  # noqa: BLE001  # a defect in one answer must not stop the others
                _LOG.exception("answer failed")
                job.fail(RefusedError(INTERNAL, "server: failed"))
            at += job.rows
        stats.outcomes["ok"] += len(call.jobs)

    def _measure(self, call: _Call) -> None:
        rows = sum(job.rows for job in call.jobs)
        self.stats.run.add(call.seconds)
        self.stats.batch.add(rows)
        average = call.seconds if self._average is None else self._average
        self._average = average + _RECENT * (call.seconds - average)
        self._observe(
            ModelRun(
                served=self.served,
                inputs=call.inputs,
                outputs=call.outputs,
                rows=rows,
                seconds=call.seconds,
                error=call.error,
            )
        )


def _refusal(error: Exception | None) -> RefusedError:
    """Return the error for the client, without the model's own message: it may contain inputs."""
    if isinstance(error, ShapeError):
        return RefusedError(
            BAD_REQUEST,
            "model: failed on inputs of these shapes, and has never succeeded on them; "
            "expected sizes that fit each other and the model",
        )
    if isinstance(error, ValueError):
        return RefusedError(BAD_REQUEST, "model: cannot take the values of these inputs")
    return RefusedError(INTERNAL, "model: failed")
