"""Bounds on the time, bandwidth and storage that a server can cost the client."""

from __future__ import annotations

from dataclasses import dataclass

from tuf.ngclient import UpdaterConfig

from mobile_ai.contracts.self_test import MAX_DEVICE_DOCUMENT_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """Bounds of a client's downloads.

    Attributes:
        connect_seconds: Timeout of a connection, and between two reads of a response.
        total_seconds: Timeout of a whole response.
        bytes_per_second: Minimum speed, enforced after ``grace_seconds``.
        grace_seconds: Time during which a response may be slower.
        attempts: Attempts of a request when the server fails.
        pause_seconds: Delay before the second attempt; doubles, with jitter.
        file_bytes: Maximum length of an artifact.
        document_bytes: Maximum length of a release document or self-test.
    """

    connect_seconds: float = 10.0
    total_seconds: float = 600.0
    bytes_per_second: float = 256.0
    grace_seconds: float = 20.0
    attempts: int = 3
    pause_seconds: float = 0.5
    file_bytes: int = 512 * 1024 * 1024
    document_bytes: int = MAX_DEVICE_DOCUMENT_BYTES

    def updater(self) -> UpdaterConfig:
        """Return the limits on metadata; maximum lengths are python-tuf's defaults."""
        return UpdaterConfig(max_root_rotations=64, max_delegations=32)
