"""Selects and loads the model to run: verified at every load, offline, with fallbacks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mobile_ai.delivery.client.cache import TargetCache, digest_of
from mobile_ai.delivery.client.device import Device
from mobile_ai.delivery.client.state import DeviceState, Installed, load_state

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveModel:
    """The model file that an application should load.

    Attributes:
        path: The file, or ``None`` when the feature must be switched off. Encrypted when the device
            has a key: use ``load_model`` then.
        version: Its version; ``embedded`` for the one in the application's package.
        reason: Explanation of the choice.
    """

    path: Path | None
    version: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """The model's bytes for a runtime, or ``None`` when the feature must be switched off."""

    data: bytes | None
    version: str
    reason: str


def active_model(device: Device) -> ActiveModel:
    """Return the path of the model to load; offline and without side effects.

    Order: installed, last known good, embedded, none; a halted model is never returned. The digest
    is computed at every call, so a file that was changed after its installation is not loaded.
    """
    cache = TargetCache(device.folder, device.key)

    def look(item: Installed) -> Path | None:
        return cache.path(item.sha256) if cache.holds(item.sha256) else None

    def embedded(path: Path) -> tuple[Path, str] | None:
        digest = digest_of(path)
        return (path, digest) if digest is not None else None

    path, version, reason = _choose(device, look, embedded)
    return ActiveModel(path=path, version=version, reason=reason)


def load_model(device: Device) -> LoadedModel:
    """Return the model to load, as ``active_model`` chooses it, in memory.

    The verified bytes are the ones returned, so there is no gap between check and use.
    """
    cache = TargetCache(device.folder, device.key)

    def embedded(path: Path) -> tuple[bytes, str] | None:
        try:
            data = path.read_bytes()
        except OSError:
            return None
        return data, hashlib.sha256(data).hexdigest()

    data, version, reason = _choose(device, lambda item: cache.content(item.sha256), embedded)
    return LoadedModel(data=data, version=version, reason=reason)


def _choose(
    device: Device,
    look: Callable[[Installed], Found | None],
    embedded: Callable[[Path], tuple[Found, str] | None],
) -> tuple[Found | None, str, str]:
    """Return the model found, its version and the reason for the choice."""
    state = load_state(device.state_file)
    skipped: list[str] = []
    for name, item in (("installed", state.active), ("last known good", state.previous)):
        if item is None:
            continue
        if state.stops(item.sha256):
            skipped.append(f"{name} {item.version} is halted")
            if item.fallback == "off":
                return _off(skipped)
        elif (found := look(item)) is not None:
            return found, item.version, "; ".join([*skipped, name])
        else:
            skipped.append(f"{name} {item.version} is damaged")
    return _embedded(device, state, embedded, skipped or ["nothing was installed"])


def _embedded(
    device: Device,
    state: DeviceState,
    embedded: Callable[[Path], tuple[Found, str] | None],
    skipped: list[str],
) -> tuple[Found | None, str, str]:
    if device.embedded is None:
        return _off(skipped)
    brought = embedded(device.embedded)
    if brought is None:
        return _off([*skipped, "the embedded model is missing"])
    if device.embedded_sha256 not in {None, brought[1]}:
        return _off([*skipped, "the embedded model was changed"])
    if state.stops(brought[1]):
        return _off([*skipped, "the embedded model is halted"])
    return brought[0], "embedded", "; ".join([*skipped, "the embedded model runs"])


def _off(skipped: list[str]) -> tuple[None, str, str]:
    return None, "none", "; ".join([*skipped, "the feature is off"])
