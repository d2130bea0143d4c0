"""Simulates a small fleet, to try the monitor with; nothing of it was measured."""

import gzip
import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

_DEVICES: Final = 60  # events of each kind in an hour
_CANARY: Final = 12
_SURE: Final = (0, 0, 0, 1, 1, 1, 2, 3, 6, 16)
_BRIGHT: Final = (1, 3, 6, 8, 6, 3, 2, 1)


def simulate_file(path: Path, *, now: datetime, days: int, bad_hours: int, seed: int) -> int:
    """Write simulated events as JSON Lines, gzip for a name in ``.gz``; return their number.

    Args:
        path: The file.
        now: The events end with the hour before this.
        days: Number of days.
        bad_hours: Hours at the end in which the canary crashes.
        seed: Seed of the random generator.

    Raises:
        OSError: It cannot be written.
    """
    lines = [
        json.dumps(event) for event in simulate(now=now, days=days, bad_hours=bad_hours, seed=seed)
    ]
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return len(lines)


def simulate(*, now: datetime, days: int, bad_hours: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield events of two versions: one in general use, and a canary of the last day."""
    rng = random.Random(seed)  # noqa: S311
    end = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    for back in range(24 * days, 0, -1):
        hour = end - timedelta(hours=back)
        yield from _hour(rng, hour, version="1.0.0", ring="general", n=_DEVICES, crash=0.001)
        if back <= max(24, bad_hours):
            crash = 0.03 if back <= bad_hours else 0.001
            yield from _hour(rng, hour, version="1.1.0", ring="canary", n=_CANARY, crash=crash)


def _hour(
    rng: random.Random, hour: datetime, *, version: str, ring: str, n: int, crash: float
) -> Iterator[dict[str, Any]]:
    for _ in range(n):
        count = rng.randint(20, 60)
        event = partial(_event, rng, version=version, ring=ring, hour=hour)
        yield event(
            kind="inference",
            count=count,
            latency_ms=round(rng.lognormvariate(2, 0.25), 3),
            energy_mj=round(rng.lognormvariate(-2.6, 0.2), 5),
            memory_mb=round(rng.gauss(40, 2), 1),
            histogram=_draw(rng, (1,) * 10, count),
        )
        for feature, shape in (("confidence", _SURE), ("input.brightness", _BRIGHT)):
            drawn = _draw(rng, shape, count)
            yield event(kind="drift", feature=feature, histogram=drawn)
        if crashes := sum(rng.random() < crash for _ in range(count)):
            yield event(kind="error", outcome="crash", count=crashes)


def _event(
    rng: random.Random, *, hour: datetime, version: str, ring: str, **said: Any
) -> dict[str, Any]:
    moment = hour + timedelta(seconds=rng.randrange(3600))
    return {
        "schema_version": 1,
        "event_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "occurred_at": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "app": "field-assistant",
        "model": "digits",
        "version": version,
        "target": "on-device",
        "ring": ring,
        **said,
    }


def _draw(rng: random.Random, shape: tuple[int, ...], count: int) -> list[int]:
    drawn = rng.choices(range(len(shape)), weights=shape, k=count)
    return [drawn.count(at) for at in range(len(shape))]
