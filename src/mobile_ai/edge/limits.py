"""Limits of batches, requests and connections."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """Limits of a lane.

    Attributes:
        rows: Largest batch; a request with more rows runs alone.
        wait: Longest time that a batch collects, seconds.
        queue: Most waiting requests; more are shed.
    """

    rows: int = 32
    wait: float = 0.002
    queue: int = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontLimits:
    """Limits of a request.

    Attributes:
        batch: Limits of each lane.
        timeout: Default and longest timeout of a request, seconds.
        call: Longest call of a runtime, seconds; a longer one counts as hanging.
    """

    batch: BatchLimits
    timeout: float = 10.0
    call: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """Limits of a connection.

    Attributes:
        body_bytes: Largest body.
        connections: Most concurrent connections.
        arrival: Seconds that a request may take to arrive, and its answer to be read.
        idle: Seconds that a connection may be open without a request.
    """

    body_bytes: int = 16 * 2**20
    connections: int = 1024
    arrival: float = 20.0
    idle: float = 75.0
