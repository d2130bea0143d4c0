"""The model to load now: verified at every load, offline, with something to fall back to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from delivery.client.cache import Cache
from delivery.client.device import Device
from delivery.client.state import load_state

__all__ = ["ActiveModel", "active_model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveModel:
    """What an application runs.

    Attributes:
        path: The file, or ``None`` when the feature is to be switched off.
        version: Its version; ``embedded`` for the one in the application's package.
        reason: Why this one.
    """

    path: Path | None
    version: str
    reason: str


def active_model(device: Device) -> ActiveModel:
    """Return the model to load; no network, no state is changed.

    Order: the installed one, the last known good, the embedded one, none. The digest is computed
    at every call, so a file that was changed after its installation is not loaded.
    """
    state = load_state(device.state_file)
    if state.halted is not None:
        return _fallback(device, off=state.halted == "off", reason="its version is halted")
    cache = Cache(device.folder)
    skipped: list[str] = []
    for name, item in (("installed", state.active), ("last known good", state.previous)):
        if item is None:
            continue
        if cache.holds(item.sha256):
            reason = "; ".join([*skipped, name])
            return ActiveModel(path=cache.path(item.sha256), version=item.version, reason=reason)
        skipped.append(f"{name} {item.version} is damaged")
    return _fallback(device, off=False, reason="; ".join(skipped) or "nothing was installed")


def _fallback(device: Device, *, off: bool, reason: str) -> ActiveModel:
    if off or device.embedded is None:
        return ActiveModel(path=None, version="none", reason=f"{reason}; the feature is off")
    return ActiveModel(
        path=device.embedded, version="embedded", reason=f"{reason}; the embedded model runs"
    )
