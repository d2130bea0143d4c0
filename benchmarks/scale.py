"""Gate time and memory by number of deployments.

The whole gate with the real engine on generated stacks (`_scale_stack`). The many deployments are
on phones only, one resource each beside about 165 that all share: 1,000 of them with a site and a
function each would be 28,000 resources. `scale.resources_5000_s` has all placements.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks._process_tree import Measured, measure
from benchmarks._row import Row
from benchmarks._scale_stack import Places, make_stack
from mobile_ai.sandbox.engine import locate_engine
from tests.e2e.checkout import Checkout

__all__ = ["GATE", "IDS", "rows"]

IDS = ("scale.per_resource_1000_vs_100", "scale.resources_5000_s")
GATE: Final = (
    *(sys.executable, "-m", "mobile_ai.cli.main"),
    *("gate", "--stack", "dev", "--format", "json"),
)
"""Command of a gate run on dev."""
_FEW: Final = 5  # what such a stack takes is what every stack takes
_REPEATS: Final = 3
_FULL: Final = 172  # with all placements: about 5,000 resources


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One gate run."""

    resources: int
    seen: Measured

    @property
    def note(self) -> str:
        """Time and memory, of the run and per resource."""
        peak = ", ".join(
            f"{part} {size / 1e6:.0f} MB ({size / self.resources / 1e3:.0f} kB a resource)"
            for part, size in sorted(self.seen.peak.items())
        )
        return (
            f"{self.resources} resources, wall {self.seen.wall:.0f} s, CPU {self.seen.cpu:.1f} s "
            f"({1e3 * self.seen.cpu / self.resources:.0f} ms a resource), peak {peak}"
        )


def rows() -> Iterator[Row]:
    """Measure the growth with phones only, then one stack with all placements."""
    locate_engine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, hundred = (_best(folder, size, repeats=_REPEATS) for size in (_FEW, 100))
        thousand = _best(folder, 1_000, repeats=1)
        plain = _each(thousand) / _each(hundred)
        yield Row(
            id=IDS[0],
            value=_more(hundred, thousand) / _more(few, hundred),
            unit="ratio",
            peer="CPU of a resource more, at 100 deployments; bar: 1.3",
            n=_REPEATS,
            note=f"phones only; with what every stack takes {plain:.2f}; "
            f"100: {hundred.note}; 1,000: {thousand.note}",
        )
        full = _gate(make_stack(folder / "full", deployments=_FULL, places="all"))
        yield Row(
            id=IDS[1],
            value=full.seen.wall,
            unit="s",
            peer="bar: 1,800",
            n=1,
            note=f"{_FULL} deployments with phones, a site and a function; {full.note}",
        )


def _best(folder: Path, deployments: int, *, repeats: int) -> _Run:
    places: Places = "device"
    checkout = make_stack(folder / f"{deployments}", deployments=deployments, places=places)
    runs = [_gate(checkout) for _ in range(repeats)]
    return min(runs, key=lambda run: run.seen.cpu)


def _gate(checkout: Checkout) -> _Run:
    seen = measure(GATE, folder=checkout.root, environment=checkout.environment())
    report = json.loads(seen.out) if seen.out else {}
    if seen.code:
        said = [item["message"] for item in report.get("errors", ())]
        raise RuntimeError(f"{checkout.root.name}: the gate ended with {seen.code}: {said}")
    return _Run(resources=report["resources"]["total"], seen=seen)


def _each(run: _Run) -> float:
    return run.seen.cpu / run.resources


def _more(small: _Run, large: _Run) -> float:
    return (large.seen.cpu - small.seen.cpu) / (large.resources - small.resources)
