"""Routing table of a server: followed models, each with its stable ring and canary."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from mobile_ai.delivery.client import next_check
from mobile_ai.edge.models import signals
from mobile_ai.edge.models.split import Split
from mobile_ai.edge.models.subscription import Follower
from mobile_ai.edge.serving import (
    Headers,
    IndexEntry,
    ModelRun,
    ModelUnavailableError,
    Served,
    UnknownModelError,
)

_FIRST_PAUSE: Final = 1.0  # seconds between checks while there is nothing to serve; doubles
_FAILED: Final = frozenset({"refused", "unreachable"})


@dataclass(slots=True, kw_only=True)
class Entry:
    """A model that is followed.

    Attributes:
        stable: The ring that answers.
        canary: The ring that answers a part of the requests.
        split: Chooses stable or canary for a request.
    """

    stable: Follower
    canary: Follower | None = None
    split: Split | None = None

    @property
    def rings(self) -> list[Follower]:
        """The rings that answer requests."""
        return [self.stable] if self.canary is None else [self.stable, self.canary]


class Table:
    """See :class:`mobile_ai.edge.serving.ModelTable`."""

    def __init__(
        self,
        entries: dict[str, Entry],
        *,
        worker: ThreadPoolExecutor,
        period: float,
    ) -> None:
        """Load nothing yet; `start` does.

        Args:
            entries: Followed models by name.
            worker: Thread pool for the followers' blocking work; closed with the table.
            period: Seconds between two checks.
        """
        self._entries = entries
        self._worker, self._period = worker, period
        self._tasks: set[asyncio.Task[object]] = set()
        # Its own place in the period: pods that share a volume do not ask at the same moment.
        self._place = uuid.uuid4().hex

    def route(self, name: str, version: str | None, headers: Headers) -> Served:
        """Return the version for a request, acquired; see ``ModelTable``."""
        entry = self._entry(name)
        if version is not None:
            return self._named(name, entry, version)
        served = entry.stable.served
        if entry.canary is not None and entry.split is not None:
            trial = entry.canary.served
            if trial is not None and (served is None or entry.split.track(headers) == "canary"):
                served = trial
        if served is None:
            raise ModelUnavailableError(f"{name}: {_why(entry.stable)}")
        return served.acquire()

    def versions(self, name: str) -> tuple[str, ...]:
        """Return the versions that `route` accepts, newest last."""
        found = [item.served for item in self._entry(name).rings]
        return tuple(
            dict.fromkeys(item.model.identity.version for item in found if item is not None)
        )

    def ready(self) -> bool:
        """Return whether every model can be asked."""
        return all(entry.stable.served is not None for entry in self._entries.values())

    def index(self) -> Sequence[IndexEntry]:
        """Return all that is known: versions served, refused, and on their way out."""
        return [line for item in self._followers() for line in _lines(item)]

    async def load(self, name: str) -> None:
        """Look for a newer version now; or serve again what was unloaded."""
        entry = self._entry(name)
        outcomes = [await item.resume() for item in entry.rings]
        if outcomes[0].word in _FAILED:
            raise ModelUnavailableError(f"{name}: {outcomes[0].reason}")
        if entry.stable.served is None:
            raise ModelUnavailableError(f"{name}: {_why(entry.stable)}")

    async def unload(self, name: str) -> None:
        """Take a model from the table; requests in it end normally."""
        for item in self._entry(name).rings:
            await item.pause()

    def observe(self, run: ModelRun) -> None:
        """Count a call of a runtime; take its version back when the watch over it trips."""
        entry = self._entries.get(run.served.model.identity.name)
        for item in [] if entry is None else entry.rings:
            if item.served is run.served and (reason := item.observe(run)) is not None:
                self._spawn(item.take_back(run.served, reason))

    async def start(self) -> None:
        """Load what is on disk, ask for what is not, and go on asking.

        With something on disk it waits for no network.
        """
        followers = list(self._followers())
        for item in followers:
            await item.open()
        for item in followers:
            self._spawn(self._poll(item))

    async def close(self) -> None:
        """End polling and close all models."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for item in self._followers():
            item.close()
        # What is still downloading goes on in the cache at the next start.
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _poll(self, item: Follower) -> None:
        failures, pause = 0, _FIRST_PAUSE
        while True:
            if item.served is None:
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
                pause = min(2 * pause, self._period)
            else:
                now = time.time()
                due = next_check(self._place, period=self._period, now=now, failures=failures)
                await asyncio.sleep(due - now)
            failures = 0 if await self._look(item) else failures + 1

    async def _look(self, item: Follower) -> bool:
        """Check once, whatever goes wrong; return whether the releases could be asked.

        A refusal puts no check off: the fix, or the halt of a version, has to arrive soon.
        """
        try:
            outcome = await item.refresh()
        except Exception:  # noqa: BLE001  # a defect or a lack of memory
            signals.log.exception("check failed", extra={"model": item.model})
            return False
        return outcome.word != "unreachable"

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            signals.log.error("following a model ended", exc_info=task.exception())

    def _named(self, name: str, entry: Entry, version: str) -> Served:
        for item in entry.rings:
            if item.served is not None and item.served.model.identity.version == version:
                return item.served.acquire()
        known = ", ".join(self.versions(name)) or "none"
        raise UnknownModelError(f"{name}: got version {version}; served now: {known}")

    def _entry(self, name: str) -> Entry:
        try:
            return self._entries[name]
        except KeyError:
            known = ", ".join(sorted(self._entries))
            raise UnknownModelError(f"got model {name!r}; served here: {known}") from None

    def _followers(self) -> Iterator[Follower]:
        for entry in self._entries.values():
            yield from entry.rings


def _why(item: Follower) -> str:
    return item.shelf.why_not() if item.last is None else item.last.reason


def _lines(item: Follower) -> Iterator[IndexEntry]:
    last = item.last
    if item.served is not None:
        known = item.served.model.identity
        yield IndexEntry(
            name=item.model,
            version=known.version,
            state="READY",
            reason=f"ring {item.ring}, manifest {known.digest}",
        )
    if item.served is None or (last is not None and last.word == "refused"):
        yield IndexEntry(
            name=item.model,
            version="" if last is None or last.version == "0.0.0" else last.version,
            state="LOADING" if last is None else "UNAVAILABLE",
            reason="" if last is None else last.reason,
        )
    for version in sorted(item.draining):
        yield IndexEntry(name=item.model, version=version, state="UNLOADING", reason="draining")
