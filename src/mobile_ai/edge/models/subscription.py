"""Keeps one ring of one model loaded and up to date.

    check -> shelf -> load -> swap -> watch -> (rollback) -> shelf -> load -> swap

All slow work runs on a worker thread; the served version changes on the event loop, in one
assignment, after the new version is loaded and warm.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np

from mobile_ai.delivery.client import UpdateOutcome
from mobile_ai.delivery.errors import SelfTestError
from mobile_ai.edge.datatypes import DATATYPES
from mobile_ai.edge.models import signals
from mobile_ai.edge.models.health import Watch
from mobile_ai.edge.models.load_check import Prover
from mobile_ai.edge.models.model_store import Installation, Shelf
from mobile_ai.edge.models.settings import WatchSettings
from mobile_ai.edge.models.source import Source
from mobile_ai.edge.runtime import OnnxModel, UnservableModelError
from mobile_ai.edge.serving import ModelIdentity, ModelRun, Served, ServedModel

Result = TypeVar("Result")


@dataclass(slots=True, kw_only=True, eq=False)
class Follower:
    """Keeps the version of one ring loaded. Event-loop thread only.

    Attributes:
        model: Name of the model.
        ring: The ring.
        shelf: Models on disk.
        source: Source of new versions.
        prover: Loads a file for the first time, in another process.
        watch_settings: Conditions of a rollback.
        threads: Threads of one call.
        worker: Executor of slow work.
        served: The version that requests get, or ``None``.
        last: Outcome of the last check.
        draining: Versions that are no longer served and still have requests.
    """

    model: str
    ring: str
    shelf: Shelf
    source: Source
    prover: Prover
    watch_settings: WatchSettings
    threads: int
    worker: Executor
    served: Served | None = None
    last: UpdateOutcome | None = None
    draining: set[str] = field(default_factory=set)
    _sha256: str | None = None
    _watch: Watch | None = None
    _paused: bool = False
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def open(self) -> None:
        """Serve the version on disk; if there is none, check for one."""
        async with self._busy:
            await self._settle("start")
        if self.served is None:
            await self.refresh()

    async def refresh(self) -> UpdateOutcome:
        """Check for a newer version and swap to it; return the outcome."""
        async with self._busy:
            outcome = await self._apart(self.source.check)
            self._note(outcome)
            await self._settle("update")
            return outcome

    async def pause(self) -> None:
        """Withdraw the model until ``resume``."""
        async with self._busy:
            self._paused = True
            self._withdraw("unload")

    async def resume(self) -> UpdateOutcome:
        """Serve the newest version again."""
        self._paused = False
        return await self.refresh()

    async def take_back(self, served: Served, reason: str) -> bool:
        """Roll back to the previous version, and never install this one again.

        Returns:
            True if there was one; otherwise this version stays in service.
        """
        async with self._busy:
            if self.served is not served or self._sha256 is None:
                return False
            known = served.model.identity
            facts = {"version": known.version, "reason": reason}
            if not await self._apart(self.shelf.has_previous):
                signals.log.warning(
                    "no version to roll back to", extra={"model": self.model, **facts}
                )
                return False
            signals.log.warning("version rolled back", extra={"model": self.model, **facts})
            await self._reject(self._sha256, reason)
            self._note(UpdateOutcome(word="refused", reason=reason, version=known.version))
            await self._settle("rollback")
            return self.served is not served

    def observe(self, run: ModelRun) -> str | None:
        """Count a run; return the reason for a rollback, or ``None``."""
        # A ValueError is the client's error by the runtime's contract: no client may cause a
        # rollback by sending invalid inputs.
        if self._watch is None or isinstance(run.error, ValueError):
            return None
        return self._watch.observe(
            now=time.monotonic(),
            rows=run.rows,
            seconds=run.seconds,
            failed=run.error is not None,
        )

    def close(self) -> None:
        """Stop serving."""
        self._paused = True
        self._withdraw("close")

    async def _settle(self, kind: str) -> None:
        """Serve the shelf's version; reject one that cannot be loaded, and try the next one."""
        for _ in range(2):  # the newest, then the one before it
            wanted = None if self._paused else await self._apart(self.shelf.current)
            if not self._paused and await self._goes_on(wanted):
                return
            if wanted is None:
                self._withdraw("withdrawal")
                return
            if wanted.sha256 == self._sha256:
                return
            try:
                model = await self._apart(partial(self._load, wanted))
            except (SelfTestError, UnservableModelError) as error:
                reason = f"{type(error).__name__}: {error}"
                await self._reject(wanted.sha256, reason)
                self._note(UpdateOutcome(word="refused", reason=reason, version=wanted.version))
                continue
            except OSError as error:  # no descriptor or process available: tried again later
                reason = f"{type(error).__name__}: {error}"
                self._note(UpdateOutcome(word="refused", reason=reason, version=wanted.version))
                return
            if model is not None:
                self._swap(model, wanted, kind)
            return

    async def _goes_on(self, wanted: Installation | None) -> bool:
        """Return whether the running version stays although the shelf does not offer it.

        A full disk, a lack of descriptors or a read error can hide a model temporarily.
        """
        if self._sha256 is None or (wanted is not None and wanted.sha256 == self._sha256):
            return False
        stays = await self._apart(partial(self.shelf.allows, self._sha256))
        if stays:
            facts = {"model": self.model, "ring": self.ring}
            signals.log.warning("files cannot be read; the running version stays", extra=facts)
        return stays

    async def _reject(self, sha256: str, reason: str) -> None:
        try:
            await self._apart(partial(self.shelf.reject, sha256, reason))
        except OSError as error:  # such as a full disk: the served version stays; tried again
            signals.log.error("not remembered", extra={"model": self.model, "error": str(error)})

    def _load(self, wanted: Installation) -> ServedModel | None:
        """Return a model, loaded and warm; ``None`` if its file changed meanwhile."""
        self.prover.require(wanted.path)
        data = wanted.read()  # the digested bytes are the ones loaded
        if data is None:
            return None
        identity = ModelIdentity(
            name=self.model, version=wanted.version, digest=wanted.manifest_sha256
        )
        model = OnnxModel(data, identity, threads=self.threads)
        _warm(model)
        return model

    def _swap(self, model: ServedModel, wanted: Installation, kind: str) -> None:
        old, self.served = self.served, Served(model, before=self.served)
        proven = kind == "rollback" or old is None
        reference = self._watch.median() if self._watch is not None else None
        now = time.monotonic()
        began = now - self.watch_settings.probation_seconds if proven else now
        self._watch = Watch(self.watch_settings, now=began, reference=reference)
        self._sha256 = wanted.sha256
        self._retire(old)
        signals.swapped(self.model, self.ring, kind, version=wanted.version, sha256=wanted.sha256)

    def _withdraw(self, kind: str) -> None:
        if self.served is None:
            return
        old, self.served, self._sha256, self._watch = self.served, None, None, None
        self._retire(old)
        signals.swapped(self.model, self.ring, kind, version=old.model.identity.version)

    def _retire(self, old: Served | None) -> None:
        """Track a replaced version until its last request has ended."""
        if old is not None:
            version = old.model.identity.version
            self.draining.add(version)
            old.when_idle(partial(self.draining.discard, version))

    def _note(self, outcome: UpdateOutcome) -> None:
        if outcome.word == "refused" and (self.last is None or self.last.reason != outcome.reason):
            facts = {"version": outcome.version, "reason": outcome.reason}
            signals.log.warning("model refused", extra={"model": self.model, **facts})
        self.last = outcome
        signals.checked(self.model, self.ring, outcome.word)

    async def _apart(self, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self.worker, call)


def _warm(model: ServedModel) -> None:
    """Run once, so that the first request does not pay for lazy initialisation.

    A model with free sizes may refuse sizes of one; its self-test has shown that it runs.
    """
    batch = {
        spec.name: np.zeros([max(size, 1) for size in spec.shape], DATATYPES[spec.datatype].dtype)
        for spec in model.inputs
        if not DATATYPES[spec.datatype].dtype.hasobject
    }
    if len(batch) == len(model.inputs):
        try:
            model.run(batch)
        except Exception:  # noqa: BLE001
            signals.log.debug("no warm-up", extra={"model": model.identity.name}, exc_info=True)
