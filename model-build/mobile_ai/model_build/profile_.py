"""Profiles one inference: latency, memory, energy.

Latency is measured in rounds with every variant in turn, so that load on the machine affects all
variants equally and ratios stay comparable even if absolute times do not.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mobile_ai.model_build.metrics import Z
from mobile_ai.model_build.results import MetricEstimate

ROUNDS = 15
"""Rounds of a latency measurement."""
RUNS = 20
"""Timed runs of a round."""
WATTS = 1.0
"""Power of one busy core that the energy estimate assumes; no device was metered."""
ENERGY_METHOD = (
    f"estimate: median time of an inference x {WATTS:g} W, an assumption for one busy core; no "
    "device was metered"
)
"""Description of the energy estimate, as the manifest states it."""
_LOAD: Final = np.random.default_rng(0).random(20_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds at the median and the 95th percentile, and the ratio to the reference."""

    p50: MetricEstimate
    p95: MetricEstimate
    ratio: float


def latencies(
    calls: Mapping[str, Callable[[], object]], *, reference: str, rounds: int = ROUNDS
) -> dict[str, Latency]:
    """Time the calls in interleaved rounds; `ratio` is the median over rounds of median ratios.

    Every round times a fixed load too, in this process. A round in which the load took longer than
    in the fastest round was slowed by other work; its times are divided by as much. The intervals
    are those of the median over rounds.

    Args:
        calls: Function that runs one inference, by variant name.
        reference: Variant that is the denominator of the ratios.
        rounds: Number of rounds.
    """
    times: dict[str, list[list[float]]] = {name: [] for name in calls}
    loads: list[float] = []
    for call in calls.values():
        _timed(call)  # warm-up: caches and lazy allocation
    for _ in range(rounds):
        before = _timed(_load, runs=3)
        for name, call in calls.items():
            times[name].append(_timed(call))
        loads.append(float(np.median([*before, *_timed(_load, runs=3)])))
    slowed = _slowed(loads)
    corrected = {name: np.array(runs) / slowed[:, None] for name, runs in times.items()}
    base = np.median(corrected[reference], axis=1)
    return {
        name: Latency(
            p50=_over_rounds(np.median(runs, axis=1), float(np.median(runs)), runs.size),
            p95=_over_rounds(
                np.percentile(runs, 95, axis=1), float(np.percentile(runs, 95)), runs.size
            ),
            ratio=float(np.median(np.median(runs, axis=1) / base)),
        )
        for name, runs in corrected.items()
    }


def energy_mj(milliseconds: float) -> float:
    """Return millijoules of one inference of so many milliseconds; see `ENERGY_METHOD`."""
    return milliseconds * WATTS


def _slowed(loads: list[float]) -> NDArray[np.float64]:
    """Return how much slower than in the fastest round the load was in each round."""
    found = np.array(loads)
    least = found.min()
    return found / least if least > 0 else np.ones_like(found)


def _over_rounds(rounds: NDArray[np.float64], value: float, runs: int) -> MetricEstimate:
    """Return a figure with the interval of the median over rounds, by order statistics."""
    ordered, n = np.sort(rounds), len(rounds)
    first = max(0, math.floor((n - Z * math.sqrt(n)) / 2))
    low, high = float(ordered[first]), float(ordered[n - 1 - first])
    return MetricEstimate.covering(
        value, low, high, n=runs, method=f"order statistics of {n} rounds"
    )


def _load() -> None:
    """Sort fixed numbers in one thread, which takes about as long as a small model."""
    np.sort(_LOAD)


def peak_memory(
    path: Path, format_: str, sample: Mapping[str, NDArray[Any]] | None = None
) -> int | None:
    """Return the growth in bytes of a new process that loads and runs a file.

    ``None`` if the child process fails, or sees no growth: that is no measurement of it.
    """
    command = [sys.executable, "-m", "mobile_ai.model_build.memory_probe", str(path), format_]
    with tempfile.TemporaryDirectory() as folder:
        if sample:
            # Numbered: an input's name may clash with a parameter of `np.savez` (`file`).
            numbered = {f"_{n}": value for n, value in enumerate(sample.values())}
            names = np.array(list(sample))
            np.savez(Path(folder) / "sample.npz", names=names, **numbered)  # type: ignore[arg-type]
            command.append(str(Path(folder) / "sample.npz"))
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        return None
    return int(json.loads(done.stdout)["bytes"]) or None


def _timed(call: Callable[[], object], *, runs: int = RUNS) -> list[float]:
    times = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        call()
        times.append((time.perf_counter_ns() - start) / 1e6)
    return times
