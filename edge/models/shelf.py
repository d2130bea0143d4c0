"""What a server has on disk of one model: the release client's cache and memory, shared safely.

The pods of a model at a site share one volume, so whoever changes the folder holds its lock;
the others go on reading, and find what was installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from governance.canonical import sha256_bytes

from delivery.client import Device, active_model, reject
from delivery.client.cache import Cache, digest_of
from delivery.client.lock import only_updater
from delivery.client.state import load_state

__all__ = ["PATIENCE_SECONDS", "Installation", "Shelf"]

PATIENCE_SECONDS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A model that was verified and may be loaded.

    Attributes:
        path: Its file.
        sha256: Of the file.
        version: Of the model.
        manifest_sha256: Of the manifest of its version.
    """

    path: Path
    sha256: str
    version: str
    manifest_sha256: str

    def read(self) -> bytes | None:
        """Return the file's bytes if they are still the ones that were verified."""
        try:
            data = self.path.read_bytes()
        except OSError:
            return None
        return data if sha256_bytes(data) == self.sha256 else None


class Shelf:
    """The folder of one model and ring.

    Attributes:
        device: Whom the release client takes this server for.
    """

    def __init__(self, device: Device) -> None:
        """Touch nothing yet."""
        self.device = device

    def current(self) -> Installation | None:
        """Return what to serve, its digest computed anew; ``None`` when there is nothing fit."""
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
        """Return whether a model that runs may go on although it cannot be read here now.

        It may unless something says otherwise that was read: another version in its place, a
        refusal, a halt, or another digest of its file.
        """
        state = load_state(self.device.state_file)
        if state.stops(sha256) or sha256 in state.failed:
            return False
        if state.active is not None and state.active.sha256 != sha256:
            return False
        return digest_of(Cache(self.device.folder).path(sha256)) in {None, sha256}

    def why_not(self) -> str:
        """Return why there is nothing to serve, in words."""
        return active_model(self.device).reason

    def has_previous(self) -> bool:
        """Return whether there is a version to go back to."""
        return load_state(self.device.state_file).previous is not None

    def is_used(self) -> bool:
        """Return whether anything was ever installed or refused here."""
        state = load_state(self.device.state_file)
        return state.active is not None or bool(state.failed)

    def reject(self, sha256: str, reason: str) -> None:
        """Never install an artifact again, and go back to the one before it.

        Raises:
            OSError: If it cannot be remembered.
        """
        reject(self.device, sha256, reason, patience=PATIENCE_SECONDS)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder's lock: the one that the release client holds during a check.

        Raises:
            BusyError: If another process holds it for too long; it is an ``OSError`` too.
            OSError: If the folder cannot be written.
        """
        with only_updater(self.device.folder, patience=PATIENCE_SECONDS):
            yield
