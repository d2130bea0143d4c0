"""Starts services concurrently, each after its dependencies are ready."""

import os
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final

from mobile_ai.gobuild.progress import Progress
from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.services.places import ServicePaths
from mobile_ai.sandbox.services.probe import is_ready
from mobile_ai.sandbox.services.process import Record, is_alive, start
from mobile_ai.sandbox.services.service import Service
from mobile_ai.sandbox.services.state import SandboxFolder, SandboxState, fingerprint

_POLL_SECONDS: Final = 0.1
_LAST_LINES: Final = 8
# Services do not inherit the user's cloud, proxy or Pulumi variables.
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "PYTHONPATH")


class Launch:
    """One run of `up`, which can be rolled back.

    Attributes:
        started: Services that this run started, in order.
    """

    def __init__(
        self,
        folder: SandboxFolder,
        state: SandboxState,
        *,
        ambient: Mapping[str, str],
        progress: Progress,
    ) -> None:
        """Store the sandbox; its state is written as soon as a process exists."""
        self.started: list[str] = []
        self._folder, self._state = folder, state
        self._places = ServicePaths(folder, state)
        self._progress = progress
        self._environment = {name: ambient[name] for name in _PASSED_ON if name in ambient}
        self._stopped = threading.Event()
        self._changing = threading.Lock()

    def run(self, services: Sequence[Service]) -> None:
        """Start all services and wait until they are ready.

        Raises:
            SandboxError: A service did not start.
            KeyboardInterrupt: The user interrupted the start.
        """
        began = time.monotonic()
        futures: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(max_workers=len(services) or 1) as pool:
            for service in services:
                needed = [futures[name] for name in service.after if name in futures]
                futures[service.name] = pool.submit(self._bring_up, service, needed, began)
            try:
                wait(futures.values())
            except BaseException:
                self._stopped.set()
                raise
        failed = [error for one in futures.values() if (error := one.exception())]
        if failed:
            # Dependents of a failed service repeat its error.
            raise failed[0]

    def _bring_up(self, service: Service, needed: Sequence[Future[None]], began: float) -> None:
        for one in needed:
            one.result()
        if self._stopped.is_set():
            return
        service.prepare()
        record = self._start(service)
        self._await(service, record)
        service.settle()
        self._progress.note(f"  {service.name:<12} ready ({time.monotonic() - began:.1f} s)")

    def _start(self, service: Service) -> Record:
        with self._changing:
            if self._stopped.is_set():
                raise SandboxError("The start was interrupted.")
            record = start(
                service.command,
                log=self._log(service),
                cwd=self._folder.data,
                env={**self._environment, **service.env},
                user=service.user,
            )
            self._state.running[service.name] = record
            self._state.commands[service.name] = fingerprint(service)
            self.started.append(service.name)
            self._folder.write(self._state)
        return record

    def _await(self, service: Service, record: Record) -> None:
        deadline = time.monotonic() + service.patience_seconds
        while not is_ready(service.name, self._places):
            if self._stopped.is_set():
                raise SandboxError("The start was interrupted.")
            if not is_alive(record):
                raise SandboxError(self._failure(service, "it ended"))
            if time.monotonic() > deadline:
                waited = f"no answer within {service.patience_seconds:g} s"
                raise SandboxError(self._failure(service, waited))
            time.sleep(_POLL_SECONDS)

    def _log(self, service: Service) -> Path:
        return self._folder.logs / f"{service.name}.log"

    def _failure(self, service: Service, got: str) -> str:
        log = self._log(service)
        lines = log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        said = os.linesep.join(f"  {line}" for line in lines) or "  (nothing)"
        return (
            f"The service {service.name} did not start: got {got}, expected it to answer. It said "
            f"last:\n{said}\nThe whole log is in {log}. What this run started was stopped again; "
            "run the same command again when the cause is fixed."
        )
