"""How much a client lets a server cost it."""

from __future__ import annotations

from dataclasses import dataclass

from governance.self_test import MAX_DEVICE_DOCUMENT_BYTES
from tuf.ngclient import UpdaterConfig

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what a server can make a client do.

    Attributes:
        connect_seconds: For a connection, and between two pieces of an answer.
        total_seconds: For one answer, however it trickles.
        bytes_per_second: Slower than this after ``grace_seconds``, an answer is given up.
        grace_seconds: How long an answer may be slow.
        attempts: How often a request is made when the server fails.
        pause_seconds: Before the second attempt; doubles, with jitter.
        file_bytes: Longest artifact.
        document_bytes: Longest release document or self-test.
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
        """Return the bounds on metadata; sizes are python-tuf's."""
        return UpdaterConfig(max_root_rotations=64, max_delegations=32)
