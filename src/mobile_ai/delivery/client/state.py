"""Persistent state of a device."""

from __future__ import annotations

import errno
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, TypeAdapter

from mobile_ai.contracts.canonical import SHA256_PATTERN
from mobile_ai.delivery.client import disk
from mobile_ai.delivery.client.device import version_key
from mobile_ai.delivery.errors import UpdateError

_SCHEMA: Final = 2
_SINGLE_HALT: Final = 1  # the schema that remembered one halt, of the active model
_MOST_FAILURES: Final = 50
_MOST_RUN: Final = 50


def _comparable(version: str) -> str:
    try:
        version_key(version)
    except UpdateError as error:
        raise ValueError(str(error)) from error
    return version


_Digest = Annotated[str, Field(pattern=SHA256_PATTERN)]
_InstalledVersion = Annotated[str, AfterValidator(_comparable)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A model that passed its self-test on this device.

    Attributes:
        sha256: Digest of the artifact.
        length: Its length in bytes.
        version: Version of the model.
        variant: Variant of the artifact.
        format: tflite, onnx or coreml.
        manifest_sha256: Digest of the version's manifest.
        ring: The ring that released it.
        fallback: Behaviour when it is halted: run ``embedded``, or switch the feature ``off``.
    """

    sha256: _Digest
    length: int
    version: _InstalledVersion
    variant: str
    format: str
    manifest_sha256: _Digest
    ring: str
    fallback: Literal["embedded", "off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """Everything that a device stores between two starts.

    Attributes:
        installation: Random id that the cohort is computed from; never sent.
        generation: Incremented by every save.
        active: The model in use, or ``None`` for the embedded one.
        previous: The last known good model before it.
        halts: Digests that this device must not load, by id of the halt. Only a lift removes one.
        ran: Digests that were active here, newest first.
        failed: Reason of failure by digest; these are not tried again.
        decision: The last decision, for ``device why``.
        checked: Time at which the signed metadata was last fresh, RFC 3339.
    """

    installation: str
    generation: Annotated[int, Field(ge=0)] = 0
    active: Installed | None = None
    previous: Installed | None = None
    halts: Mapping[_Digest, tuple[_Digest, ...]] = field(default_factory=dict)
    ran: tuple[_Digest, ...] = ()
    failed: Mapping[_Digest, str] = field(default_factory=dict)
    decision: Mapping[str, Any] = field(default_factory=dict)
    checked: str = ""

    def stops(self, sha256: str) -> bool:
        """Return whether a digest is halted here."""
        return any(sha256 in digests for digests in self.halts.values())

    def with_halts(self, listed: Mapping[str, tuple[str, ...]]) -> DeviceState:
        """Return the state with these halts added."""
        return replace(self, halts={**self.halts, **listed})

    def without_halts(self, lifted: Iterable[str]) -> DeviceState:
        """Return the state without the lifted halts, by id."""
        gone = set(lifted)
        kept = {name: digests for name, digests in self.halts.items() if name not in gone}
        return replace(self, halts=kept)

    def with_failure(self, sha256: str, reason: str) -> DeviceState:
        """Return the state with a failed digest added; the oldest are dropped beyond the limit."""
        failed = {**self.failed, sha256: reason}
        newest = dict(list(failed.items())[-_MOST_FAILURES:])
        return replace(self, failed=newest)

    def with_active(self, installed: Installed) -> DeviceState:
        """Return the state after an installation."""
        kept = self.previous if self.active is None else self.active
        gone = self.active is not None and _key(installed) < _key(self.active)
        if kept is None or gone or self.stops(kept.sha256):
            kept = None  # a halted or rolled-back version is no fallback
        ran = tuple(dict.fromkeys([installed.sha256, *self.ran]))[:_MOST_RUN]
        return replace(self, active=installed, previous=kept, ran=ran)


# No file of that name, or no plain one: no later attempt reads it.
_NO_FILE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP})
_STATE: Final = TypeAdapter(DeviceState)


def _new() -> DeviceState:
    return DeviceState(installation=uuid.uuid4().hex)


def _key(installed: Installed) -> tuple[int, ...]:
    return version_key(installed.version)


def load_state(path: Path) -> DeviceState:
    """Return the stored state; a damaged file counts as a new device.

    Writes are atomic, so a file that is no state is damaged. Starting anew is safe, since every
    file is verified again, and an update must never be blocked for good. A file that cannot be
    read now (a locked phone, no descriptor left) is not damaged: what it says about halts holds.

    Raises:
        OSError: If the file is there and cannot be read now.
    """
    try:
        value = json.loads(path.read_bytes())
        schema = value.pop("schema")
        if schema == _SINGLE_HALT and value.pop("halted"):
            # Schema 1 has no id of the halt: forget its models, so that they are checked again.
            value["active"] = value["previous"] = None
        return _STATE.validate_python(value) if schema in {_SINGLE_HALT, _SCHEMA} else _new()
    except OSError as error:
        if error.errno not in _NO_FILE:
            raise
        return _new()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _new()


def save_state(path: Path, state: DeviceState) -> DeviceState:
    """Write the state atomically with the next generation, and return it.

    Raises:
        UpdateError: If another updater saved meanwhile; its state is not overwritten.
        OSError: If it cannot be written.
    """
    there = load_state(path).generation
    if there > state.generation:
        raise UpdateError(
            path.name,
            got=f"generation {there}, written meanwhile",
            expected=f"generation {state.generation}",
            next_step="nothing: the next check starts from the newer state",
        )
    saved = replace(state, generation=state.generation + 1)
    value = {"schema": _SCHEMA, **asdict(saved)}
    disk.write_whole(path, json.dumps(value, indent=1, sort_keys=True).encode())
    return saved
