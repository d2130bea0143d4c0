"""Describes a device and its application to the update client."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from mobile_ai.contracts.canonical import parse_sha256
from mobile_ai.delivery.client.limits import ClientLimits
from mobile_ai.delivery.errors import UpdateError

_VERSION: Final = re.compile(r"\d+(\.\d+){0,3}")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A subscriber of releases: a phone, an edge pod or a function.

    Attributes:
        folder: The client's private folder; no other writer.
        root: The first trusted root, from the application's package.
        url: Base address of the CDN, with ``metadata/`` and ``targets/`` below it.
        app: The application.
        model: The model.
        app_version: Version of the application; ``None`` where there is none to compare.
        target: Kind of place.
        place: ``deviceClass`` of a phone, ``site`` of an edge pod, ``region`` of a function.
        embedded: The model in the application's package, if there is one.
        embedded_sha256: Its digest, checked at every load; ``verify-bundle`` prints it.
        access: Query string of a signed URL, where the CDN requires one; issued by the
            application's backend and sent with model files only.
        key: Encryption key of the cache, 32 bytes from the platform's key store; without one the
            files are not encrypted.
        ring: Ring configured by the operator; otherwise the device's cohort selects it.
        ram_mb: Memory of the device, if known.
        android_api: API level, on Android.
        ios: Version, on iOS.
        limits: Bounds on downloads.
    """

    folder: Path
    root: bytes
    url: str
    app: str
    model: str
    app_version: str | None
    target: Literal["on-device", "edge", "cloud"] = "on-device"
    place: Mapping[str, str] = field(default_factory=dict)
    embedded: Path | None = None
    embedded_sha256: str | None = None
    access: str = field(default="", repr=False)
    key: bytes | None = field(default=None, repr=False)
    ring: str | None = None
    ram_mb: int | None = None
    android_api: int | None = None
    ios: str | None = None
    limits: ClientLimits = field(default_factory=ClientLimits)

    def __post_init__(self) -> None:
        """Refuse names that could escape the client's folder or the CDN's path.

        Raises:
            UpdateError: If application, model or ring is not a plain name.
            DocumentError: If the embedded model's digest is not a SHA-256 digest.
        """
        for what in ("app", "model", "ring"):
            name = getattr(self, what)
            if name is not None and not _NAME.fullmatch(name):
                raise UpdateError(
                    what,
                    got=repr(name)[:80],
                    expected="lower-case letters, digits and '-', beginning with a letter",
                    next_step="use the name in the stack file",
                )
        if self.embedded_sha256 is not None:
            parse_sha256(self.embedded_sha256, name="digest of the embedded model")

    @property
    def deployment(self) -> str:
        """Name of the deployment in release documents."""
        return f"{self.app}-{self.model}"

    @property
    def state_file(self) -> Path:
        """Path of the device's persistent state."""
        return self.folder / "state.json"


def version_key(text: str) -> tuple[int, ...]:
    """Return the sort key of a dotted version; 4.2 equals 4.2.0.

    Raises:
        UpdateError: If it is not dotted numbers.
    """
    core = text.partition("-")[0]
    if not _VERSION.fullmatch(core):
        raise UpdateError(
            "version",
            got=repr(text),
            expected="dotted numbers",
            next_step="pass dotted numbers, such as 4.2.0",
        )
    return tuple(int(part) for part in (core.split(".") + ["0"] * 4)[:4])
