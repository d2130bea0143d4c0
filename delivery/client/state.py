"""What a device remembers from one start to the next."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from delivery.client import disk
from delivery.client.device import version_key

__all__ = ["Installed", "State", "load_state", "save_state"]

_SCHEMA: Final = 1
_MOST_FAILURES: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A model that passed its self-test on this device.

    Attributes:
        sha256: Of the artifact.
        length: Its bytes.
        version: Of the model.
        variant: Of the artifact.
        format: tflite, onnx or coreml.
        manifest_sha256: Of the manifest of its version.
        ring: The ring that it came by.
        fallback: What to do when it is halted: ``embedded`` or ``off``.
    """

    sha256: str
    length: int
    version: str
    variant: str
    format: str
    manifest_sha256: str
    ring: str
    fallback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything a device remembers.

    Attributes:
        installation: Random id that the cohort is computed from; never sent.
        active: The model in use, or ``None`` for the embedded one.
        previous: The last model known to be good before it.
        halted: ``embedded`` or ``off`` while the active model is halted, else ``None``.
        failed: Why a digest is not tried again, by digest.
        decision: The last decision, for ``device why``.
        checked: When the signed metadata was last fresh, RFC 3339.
    """

    installation: str
    active: Installed | None = None
    previous: Installed | None = None
    halted: str | None = None
    failed: Mapping[str, str] = field(default_factory=dict)
    decision: Mapping[str, Any] = field(default_factory=dict)
    checked: str = ""

    def with_failure(self, sha256: str, reason: str) -> State:
        """Return the state that remembers a digest that failed."""
        failed = {**self.failed, sha256: reason}
        newest = dict(list(failed.items())[-_MOST_FAILURES:])
        return replace(self, failed=newest)

    def with_active(self, installed: Installed) -> State:
        """Return the state after an installation."""
        kept = self.previous if self.active is None else self.active
        gone = self.active is not None and _key(installed) < _key(self.active)
        if self.halted is not None or gone:
            kept = None  # nobody falls back to what was halted or rolled back
        return replace(self, active=installed, previous=kept, halted=None)


def _new() -> State:
    return State(installation=uuid.uuid4().hex)


def _key(installed: Installed) -> tuple[int, ...]:
    return version_key(installed.version)


def load_state(path: Path) -> State:
    """Return what was remembered; a file that cannot be read counts as a new device.

    It is written whole or not at all, so that can only be damage: starting anew is safe, since
    every file is verified again, and an update must never be blocked for good.
    """
    try:
        value = json.loads(path.read_bytes())
        for name in ("active", "previous"):
            value[name] = Installed(**value[name]) if value[name] else None
        schema = value.pop("schema")
        return State(**value) if schema == _SCHEMA else _new()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _new()


def save_state(path: Path, state: State) -> None:
    """Write the state whole."""
    value = {"schema": _SCHEMA, **asdict(state)}
    disk.write_whole(path, json.dumps(value, indent=1, sort_keys=True).encode())
