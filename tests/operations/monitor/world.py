"""A synthetic fleet for the monitor: seeded random counts, as partials would contain.

Nothing here is measured on a phone. Proportions vary from window to window (Dirichlet) and volumes
follow the day, so windows are overdispersed, as real ones are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq

from mobile_ai.operations.monitor.statistics import psi
from mobile_ai.operations.monitor.window_counts import Cell, MonitoredSubject

FEATURES = 20
BINS = 10
CONFIDENT = np.array([1, 1, 1, 2, 2, 3, 5, 10, 25, 50]) / 100
RIGHT = np.array([0.3, 0.3, 0.35, 0.4, 0.45, 0.55, 0.65, 0.8, 0.93, 0.99])
DEVICES = MonitoredSubject("field-assistant", "digits", "1.0.0", "general", "device")
CANARY = replace(DEVICES, version="1.1.0", ring="canary")
SITES = replace(DEVICES, channel="site", ring="")


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Behaviour of one subject's devices in an hour.

    Attributes:
        n: Inferences in a mean hour.
        shares: By name of the input.
        swing: Daily variation of the volume, 0 to 1.
        wander: Concentration of the Dirichlet distribution: larger is steadier.
        labelled: Share of inferences with a label.
        right: Probability of being right, by bin of confidence.
        groups: Factor on the probability of being right, by group; groups are of equal size.
    """

    n: int = 2000
    shares: Mapping[str, Any] = field(default_factory=dict)
    swing: float = 0.5
    wander: float = 5000.0
    crash: float = 0.001
    error: float = 0.005
    updates: int = 200
    refused: float = 0.02
    latency_ms: float = 8.0
    energy_mj: float = 0.07
    memory_mb: float = 40.0
    confident: Any = field(default_factory=lambda: CONFIDENT)
    labelled: float = 0.3
    right: Any = field(default_factory=lambda: RIGHT)
    groups: Mapping[str, float] = field(default_factory=dict)


def plain(features: int = FEATURES) -> dict[str, Any]:
    """Return proportions of inputs of several shapes."""
    at = np.arange(BINS)
    shapes = [
        np.exp(-0.5 * ((at - 1 - i % 8) / (1.5 + i % 3)) ** 2) + 0.02 for i in range(features)
    ]
    return {f"input.f{i:02}": shape / shape.sum() for i, shape in enumerate(shapes)}


def shifted(shares: Any, *, by: float) -> Any:
    """Return proportions with this PSI against others: mass moved towards the upper bins."""
    at = np.linspace(-1, 1, len(shares))

    def tilted(strength: float) -> Any:
        moved = shares * np.exp(strength * at)
        return moved / moved.sum()

    large = 1e9  # counts so large that the half added to empty bins does not matter
    strength = brentq(lambda s: psi(tilted(s) * large, shares * large) - by, 0, 20)
    return tilted(strength)


def hour(rng: Any, fleet: Fleet, window: int) -> Cell:
    """Draw one subject's hour."""
    n = max(1, int(rng.poisson(fleet.n * (1 + fleet.swing * np.sin(2 * np.pi * window / 24)))))
    bins = {
        name: rng.multinomial(n, rng.dirichlet(shares * fleet.wander)).astype(float)
        for name, shares in fleet.shares.items()
    }
    confidences = rng.multinomial(n, fleet.confident).astype(float)
    labels = rng.binomial(confidences.astype(int), fleet.labelled).astype(float)
    bins |= {
        "confidence": confidences,
        "prediction": rng.multinomial(n, rng.dirichlet(np.full(BINS, fleet.wander / BINS))) * 1.0,
        "latency": _scaled(rng, n // 10, fleet.latency_ms, 0.05),
        "energy": _scaled(rng, n // 10, fleet.energy_mj, 0.001),
        "memory": _scaled(rng, n // 10, fleet.memory_mb, 1.0),
        "label": labels,
        "hit": rng.binomial(labels.astype(int), fleet.right).astype(float),
    }
    refused = rng.binomial(fleet.updates, fleet.refused)
    counts = {
        "inference": float(n),
        "crash": float(rng.binomial(n, fleet.crash)),
        "error": float(rng.binomial(n, fleet.error)),
        "refused": float(refused),
        "installed": float(fleet.updates - refused),
    }
    return Cell(counts, bins)


def run(
    seed: int, hours: int, fleets: Mapping[MonitoredSubject, Callable[[int], Fleet]]
) -> dict[MonitoredSubject, dict[int, Cell]]:
    """Draw a history; each subject's fleet may change with the hour."""
    rng = np.random.default_rng(seed)
    history: dict[MonitoredSubject, dict[int, Cell]] = {}
    for subject, at in fleets.items():
        for window in range(hours):
            fleet = at(window)
            history.setdefault(subject, {})[window] = hour(rng, fleet, window)
            for group, factor in fleet.groups.items():
                part = replace(fleet, right=np.minimum(1, fleet.right * factor), shares={})
                cells = history.setdefault(replace(subject, group=group), {})
                cells[window] = hour(rng, part, window)
    return history


def _scaled(rng: Any, n: int, middle: float, lowest: float) -> Any:
    """Draw amounts around a middle, and count them in quarters of an octave."""
    amounts = middle * np.exp(rng.normal(0, 0.25, max(n, 1)))
    bins = np.clip(np.floor(4 * np.log2(np.maximum(amounts, lowest) / lowest)), 0, 63)
    return np.bincount(bins.astype(int), minlength=64).astype(float)
