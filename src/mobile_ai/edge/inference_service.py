"""Inference service: admission, routing and queueing of requests, shared by all protocols."""

from __future__ import annotations

import time
import weakref
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeVar

from mobile_ai.edge.admission import Admission
from mobile_ai.edge.batching import BatchQueue
from mobile_ai.edge.errors import NOT_FOUND, UNAVAILABLE, RefusedError
from mobile_ai.edge.http_response import Head, refusal
from mobile_ai.edge.jobs import Job
from mobile_ai.edge.limits import FrontLimits
from mobile_ai.edge.rest_job import Done, RestJob
from mobile_ai.edge.serving import (
    Headers,
    ModelRun,
    ModelTable,
    ModelUnavailableError,
    Served,
    UnknownModelError,
)
from mobile_ai.edge.sketches import Sketches
from mobile_ai.edge.stats import ModelStats
from mobile_ai.edge.tensors import refuse
from mobile_ai.edge.tracing import Tracing

Waiting = TypeVar("Waiting", bound=Job)

_JSON_LENGTH: Final = b"inference-header-content-length"
_TIMEOUT: Final = b"x-request-timeout-ms"
_TRACE: Final = b"traceparent"
_KEYS: Final = (b"authorization", b"x-api-key")
_READ: Final = frozenset({_JSON_LENGTH, _TIMEOUT, _TRACE, *_KEYS})
_MILLISECOND: Final = 1e-3
_DIGITS: Final = 9


class Front:
    """Admits requests, routes them to their model and enqueues them in its lane."""

    def __init__(
        self,
        table: ModelTable,
        *,
        admission: Admission,
        limits: FrontLimits,
        sketches: Sketches | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        """Serve the models of a table."""
        self.table, self.admission, self.limits = table, admission, limits
        self.sketches, self.tracing = sketches, tracing
        self.stats: dict[tuple[str, str, str], ModelStats] = {}
        self.refused: dict[int, int] = {}
        self.leaving = False  # shutting down: still serving, but not ready
        self._lanes: weakref.WeakSet[BatchQueue] = weakref.WeakSet()

    def stranger(self, headers: Headers) -> tuple[Head, bytes] | None:
        """Return the refusal of a request with an unaccepted key, before its body is read."""
        if self.admission.keys is None:
            return None
        given = {name: value for name, value in headers if name in _KEYS}
        try:
            self.admission.client(given.get(_KEYS[0]) or given.get(_KEYS[1]), "")
        except RefusedError as error:
            self.count(error)
            return refusal(error)
        return None

    def infer(
        self,
        target: tuple[str, str | None],
        headers: Headers,
        body: bytes,
        *,
        address: str,
        done: Done,
    ) -> None:
        """Serve a REST request; `done` is called with the answer, immediately or later.

        Args:
            target: Name and version of the model, from the path.
            headers: Headers of the request.
            body: The complete body.
            address: Address of the client.
            done: Callback for head and body of the answer, on the event loop.
        """
        start = time.perf_counter()
        given = {name: value for name, value in headers if name in _READ}
        try:
            if not self.admission.open:
                self.admission.admit(given.get(_KEYS[0]) or given.get(_KEYS[1]), address)
            length = _number(given, _JSON_LENGTH, len(body))
            if self.tracing is not None and _TRACE in given:
                done = self.tracing.follow(given[_TRACE], target, done)
            served = self.route(target, headers)

            def read() -> RestJob:
                plan = served.lane.plans.find(body[:length])
                deadline = start + self._patience(given, plan.timeout)
                asked = (served.model, plan, plan.given(body, length))
                return RestJob(asked, done, start=start, deadline=deadline)

            self.enter(served, read)
        except RefusedError as error:
            self.count(error)
            done(*refusal(error))

    def enter(self, served: Served, make: Callable[[], Waiting]) -> Waiting:
        """Enqueue a job in the lane of the version that was acquired for it.

        Args:
            served: The version; released when the job is answered or refused.
            make: Parses the request and returns the job; not called if the queue is full.

        Raises:
            RefusedError: If it is not enqueued.
        """
        try:
            lane: BatchQueue = served.lane or self._lane(served)
            lane.make_room()
            job = make()
            lane.submit(job)
        except BaseException:
            served.release()
            raise
        return job

    def route(self, target: tuple[str, str | None], headers: Headers) -> Served:
        """Return the version for a request, acquired.

        Raises:
            RefusedError: If there is none.
        """
        try:
            return self.table.route(*target, headers)
        except UnknownModelError as error:
            raise RefusedError(NOT_FOUND, str(error)) from error
        except ModelUnavailableError as error:
            raise RefusedError(UNAVAILABLE, str(error), retry_after=1) from error

    async def change(
        self, change: Callable[[str], Awaitable[None]], name: str, credential: bytes | None
    ) -> None:
        """Load or unload a model, for an operator.

        Raises:
            RefusedError: If the caller is not an operator, or the model cannot be changed.
        """
        self.admission.operate(credential)
        try:
            await change(name)
        except UnknownModelError as error:
            raise RefusedError(NOT_FOUND, str(error)) from error
        except ModelUnavailableError as error:
            raise RefusedError(UNAVAILABLE, str(error), retry_after=1) from error

    def ready(self) -> bool:
        """Return whether the server accepts new requests; false while a call hangs."""
        return not self.leaving and self.table.ready() and not any(map(self._hangs, self._lanes))

    def model_ready(self, target: tuple[str, str | None], headers: Headers) -> bool:
        """Return whether a model can be queried now.

        Raises:
            RefusedError: If there is no such model or version.
        """
        try:
            served = self.route(target, headers)
        except RefusedError as error:
            if error.status != UNAVAILABLE:
                raise
            return False
        served.release()
        return served.lane is None or not self._hangs(served.lane)

    def _hangs(self, lane: BatchQueue) -> bool:
        """Return whether a lane's call runs longer than the longest timeout of a request."""
        return lane.running_seconds() > self.limits.timeout

    def lanes(self) -> Iterator[tuple[tuple[str, str, str], BatchQueue]]:
        """Yield name, version and digest of every version in use, with its lane."""
        for lane in list(self._lanes):
            identity = lane.served.model.identity
            yield (identity.name, identity.version, identity.digest), lane

    def count(self, error: RefusedError) -> None:
        """Count a refusal."""
        self.refused[error.status] = self.refused.get(error.status, 0) + 1

    def _lane(self, served: Served) -> BatchQueue:
        identity = served.model.identity
        key = (identity.name, identity.version, identity.digest)
        stats = self.stats.setdefault(key, ModelStats())
        lane = served.lane = BatchQueue(
            served, limits=self.limits.batch, stats=stats, observe=self._observe
        )
        self._lanes.add(lane)
        return lane

    def _observe(self, run: ModelRun) -> None:
        self.table.observe(run)
        if self.sketches is not None:
            self.sketches.observe(run)

    def _patience(self, given: dict[bytes, bytes], timeout: float | None) -> float:
        """Return the request's timeout, seconds."""
        most = self.limits.timeout
        if timeout is not None:
            return min(timeout, most)
        if _TIMEOUT in given:
            asked = _number(given, _TIMEOUT, 0)
            if asked < 1:
                raise refuse(f"{_TIMEOUT.decode()}: expected milliseconds from 1")
            return min(asked * _MILLISECOND, most)
        return most


def _number(given: dict[bytes, bytes], name: bytes, most: int) -> int:
    """Return an integer header, or `most` if it is absent."""
    text = given.get(name)
    if text is None:
        return most
    if not text.isdigit() or len(text) > _DIGITS or (name == _JSON_LENGTH and int(text) > most):
        raise refuse(f"{name.decode()}: got no whole number that fits the body")
    return int(text)
