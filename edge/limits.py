"""How much a client may take."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BatchLimits", "FrontLimits", "HttpLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """How far a lane goes.

    Attributes:
        rows: Largest batch; a request with more rows runs alone.
        wait: Longest time that a batch collects, seconds.
        queue: Requests that may wait; more are shed.
    """

    rows: int = 32
    wait: float = 0.002
    queue: int = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontLimits:
    """What a request may take.

    Attributes:
        batch: Of each lane.
        timeout: Seconds after which nobody waits, where a client does not say; also the most
            that it may say.
        call: Seconds that one call of a runtime may take; a longer one hangs.
    """

    batch: BatchLimits
    timeout: float = 10.0
    call: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """What a connection may take.

    Attributes:
        body_bytes: Largest body.
        connections: Most connections at a time.
        arrival: Seconds that a request may take to arrive, and its answer to be read.
        idle: Seconds that a connection may be open without a request.
    """

    body_bytes: int = 16 * 2**20
    connections: int = 1024
    arrival: float = 20.0
    idle: float = 75.0
