"""Durable spool of events received over HTTP.

A request's valid events are appended to an open file and fsynced before the response. A file that
is large or old enough is closed and ingested like any other. After a crash the open file is closed
as it is: an incomplete last line was never acknowledged, so its sender retries.
"""

import json
import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from mobile_ai.contracts.telemetry_request import Refused
from mobile_ai.operations.telemetry.ingest import Channel, Ingested, ingest_file
from mobile_ai.operations.telemetry.store import EventStore


@dataclass(slots=True)
class IngestSpool:
    """The open spool file of one process.

    Attributes:
        store: The store that contains it.
        channel: Ingestion channel.
        largest: Size in bytes at which the file is closed.
    """

    store: EventStore
    channel: Channel
    largest: int = 8_000_000
    _name: str = ""
    _size: int = 0
    _lock: Any = field(default_factory=Lock)

    def add(self, good: list[dict[str, Any]], bad: list[Refused]) -> None:
        """Store a request durably: when this returns, it survives a power failure.

        Raises:
            OSError: It cannot be written, and must not be acknowledged.
        """
        with self._lock:
            if bad:
                lines = "".join(f"{json.dumps(item)}\n" for item in bad).encode()
                self.store.write(f"quarantine/http-{secrets.token_hex(12)}.jsonl", lines)
            if good:
                self._append("".join(f"{json.dumps(item)}\n" for item in good).encode())

    def _append(self, data: bytes) -> None:
        if not self._name:
            self._name = f"spool/{self.channel}-{secrets.token_hex(12)}.open"
            self.store.path("spool").mkdir(exist_ok=True)
            self._size = 0
        handle = os.open(self.store.path(self._name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _write_all(handle, data, at=self._size)
            os.fsync(handle)
        finally:
            os.close(handle)
        self._size += len(data)
        if self._size >= self.largest:
            self._close()

    def close(self) -> None:
        """Close the open file, so that it can be ingested."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._name:
            name, self._name = self._name, ""
            self.store.adopt(self.store.path(name), name.removesuffix(".open") + ".jsonl")

    def drain(self, *, now: datetime, group_apps: Collection[str]) -> Ingested:
        """Ingest closed files, and remove each once it is committed."""
        done = Ingested()
        for name in self.store.files(f"spool/{self.channel}-*.jsonl"):
            path = self.store.path(name)
            some = ingest_file(
                self.store, path, now=now, channel=self.channel, group_apps=group_apps
            )
            done = Ingested(
                accepted=done.accepted + some.accepted, refused=done.refused + some.refused
            )
            self.store.remove(name)
        return done

    def recover(self) -> None:
        """Close files that a crash left open; to be called once, before the first request."""
        for name in self.store.files(f"spool/{self.channel}-*.open"):
            path = self.store.path(name)
            _cut_torn_line(path)
            self.store.adopt(path, name.removesuffix(".open") + ".jsonl")


def _write_all(handle: int, data: bytes, *, at: int) -> None:
    """Append all bytes or none: a partial request must not precede the next one."""
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
    except OSError:
        os.ftruncate(handle, at)
        raise


def _cut_torn_line(path: Path) -> None:
    data = path.read_bytes()
    os.truncate(path, data.rfind(b"\n") + 1)
