"""The model to load now: verified at every load, offline, with something to fall back to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from delivery.client.cache import Cache, digest_of
from delivery.client.device import Device
from delivery.client.state import Installed, load_state

__all__ = ["ActiveModel", "LoadedModel", "active_model", "load_model"]

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveModel:
    """What an application runs.

    Attributes:
        path: The file, or ``None`` when the feature is to be switched off. Sealed when the device
            has a key: ``load_model`` opens it.
        version: Its version; ``embedded`` for the one in the application's package.
        reason: Why this one.
    """

    path: Path | None
    version: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """The bytes to give to a runtime, or ``None`` when the feature is to be switched off."""

    data: bytes | None
    version: str
    reason: str


def active_model(device: Device) -> ActiveModel:
    """Return where the model to load is; no network, no state is changed.

    Order: the installed one, the last known good, the embedded one, none. The digest is computed
    at every call, so a file that was changed after its installation is not loaded.
    """
    cache = Cache(device.folder, device.key)

    def look(item: Installed) -> Path | None:
        return cache.path(item.sha256) if cache.holds(item.sha256) else None

    def embedded(path: Path) -> Path | None:
        return path if device.embedded_sha256 in {None, digest_of(path)} else None

    path, version, reason = _choose(device, look, embedded)
    return ActiveModel(path=path, version=version, reason=reason)


def load_model(device: Device) -> LoadedModel:
    """Return the model to load, as ``active_model`` chooses it, in memory.

    What was verified is what is returned: nobody can change the file in between.
    """
    cache = Cache(device.folder, device.key)

    def embedded(path: Path) -> bytes | None:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        return data if device.embedded_sha256 in {None, digest} else None

    data, version, reason = _choose(device, lambda item: cache.content(item.sha256), embedded)
    return LoadedModel(data=data, version=version, reason=reason)


def _choose(
    device: Device,
    look: Callable[[Installed], Found | None],
    embedded: Callable[[Path], Found | None],
) -> tuple[Found | None, str, str]:
    """Return what was found, its version and why it is this one."""
    state = load_state(device.state_file)
    skipped: list[str] = []
    if state.halted is None:
        for name, item in (("installed", state.active), ("last known good", state.previous)):
            found = None if item is None else look(item)
            if item is not None and found is not None:
                return found, item.version, "; ".join([*skipped, name])
            if item is not None:
                skipped.append(f"{name} {item.version} is damaged")
    else:
        skipped.append("its version is halted")
    reason = "; ".join(skipped) or "nothing was installed"
    if state.halted == "off" or device.embedded is None:
        return None, "none", f"{reason}; the feature is off"
    found = embedded(device.embedded)
    if found is None:
        return None, "none", f"{reason}; the embedded model was changed; the feature is off"
    return found, "embedded", f"{reason}; the embedded model runs"
