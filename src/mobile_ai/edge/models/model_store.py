"""Models on disk: the release client's cache and state, shared between processes.

The pods of a model at a site share one volume. A process that changes the folder holds its lock;
the others keep reading, and find what was installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.delivery.client import Device, active_model, reject
from mobile_ai.delivery.client.cache import TargetCache, digest_of
from mobile_ai.delivery.client.lock import only_updater
from mobile_ai.delivery.client.state import load_state

PATIENCE_SECONDS: Final = 20
"""Longest wait for the lock of the cache folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A verified model that may be loaded.

    Attributes:
        path: Its file.
        sha256: Digest of the file.
        version: Version of the model.
        manifest_sha256: Digest of the version's manifest.
    """

    path: Path
    sha256: str
    version: str
    manifest_sha256: str

    def read(self) -> bytes | None:
        """Return the file's bytes, or ``None`` if they are no longer the verified ones."""
        try:
            data = self.path.read_bytes()
        except OSError:
            return None
        return data if sha256_bytes(data) == self.sha256 else None


class Shelf:
    """The folder of one model and ring.

    Attributes:
        device: This server, as the release client sees it.
    """

    def __init__(self, device: Device) -> None:
        """Keep the device; nothing is read yet."""
        self.device = device

    def current(self) -> Installation | None:
        """Return the model to serve, with its digest verified now; ``None`` if there is none."""
        path = active_model(self.device).path
        state = load_state(self.device.state_file)
        for item in (state.active, state.previous):
            if path is not None and item is not None and path.name == item.sha256:
                return Installation(
                    path=path,
                    sha256=item.sha256,
                    version=item.version,
                    manifest_sha256=item.manifest_sha256,
                )
        return None

    def allows(self, sha256: str) -> bool:
        """Return whether a running model may go on although its file cannot be read now.

        It may unless a file that was read says otherwise: another active version, a rejection, a
        halt, or another digest of the model's file.
        """
        state = load_state(self.device.state_file)
        if state.stops(sha256) or sha256 in state.failed:
            return False
        if state.active is not None and state.active.sha256 != sha256:
            return False
        return digest_of(TargetCache(self.device.folder).path(sha256)) in {None, sha256}

    def why_not(self) -> str:
        """Return the reason why there is no model to serve."""
        return active_model(self.device).reason

    def has_previous(self) -> bool:
        """Return whether there is a version to roll back to."""
        return load_state(self.device.state_file).previous is not None

    def is_used(self) -> bool:
        """Return whether a model was ever installed or rejected here."""
        state = load_state(self.device.state_file)
        return state.active is not None or bool(state.failed)

    def reject(self, sha256: str, reason: str) -> None:
        """Never install an artifact again, and roll back to the previous one.

        Raises:
            OSError: If the state cannot be written.
        """
        reject(self.device, sha256, reason, patience=PATIENCE_SECONDS)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder's lock, which the release client holds during a check.

        Raises:
            BusyError: If another process holds it for too long; a subclass of ``OSError``.
            OSError: If the folder cannot be written.
        """
        with only_updater(self.device.folder, patience=PATIENCE_SECONDS):
            yield
