"""Timing of a run by phase, derived from the arrival of events."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from mobile_ai.gate.engine.events import (
    Event,
    Finished,
    Noise,
    Other,
    ResourceDone,
    ResourceSeen,
    StackSummary,
)
from mobile_ai.gate.engine.observation import STACK_TYPE
from mobile_ai.gate.report.report import Timing

__all__ = ["Clock", "Marks"]

# Each phase ends at its mark; a failed run reaches fewer.
_PHASES = (
    ("engine start", "first_event"),
    ("plugins and policy pack start", "prelude"),
    # The SDK registers no resource before the program's module has been executed.
    ("program start, imports and settings", "stack"),
    ("resources and resource rules", "last_resource"),
    ("program end and stack rules", "stack_rules"),
    ("engine end", "ended"),
)


@dataclass(slots=True)
class Marks:
    """Seconds from the engine's start to the end of each phase."""

    at: dict[str, float] = field(default_factory=dict)

    def add(self, event: Event, seconds: float) -> None:
        """Record the time of one event."""
        if not isinstance(event, Noise):
            self.at.setdefault("first_event", seconds)
        match event:
            case Other(kind="preludeEvent"):
                self.at.setdefault("prelude", seconds)
            case ResourceSeen(type=token) if token == STACK_TYPE:
                self.at.setdefault("stack", seconds)
            case ResourceSeen():
                self.at.setdefault("first_resource", seconds)
                self.at["last_resource"] = seconds
            case ResourceDone(type=token) if token != STACK_TYPE:
                self.at["last_resource"] = seconds
            case StackSummary():
                self.at["stack_rules"] = seconds
            case Finished():
                self.at["finished"] = seconds
            case _:
                pass

    def phases(self, ended: float) -> dict[str, float]:
        """Return the duration of each phase that was reached; they add up to `ended`."""
        found: dict[str, float] = {}
        before = 0.0
        for name, mark in _PHASES:
            reached = ended if mark == "ended" else self.at.get(mark)
            if reached is not None:
                found[name] = round(max(reached - before, 0.0), 3)
                before = max(before, reached)
        return found

    def rate(self, resources: int) -> float:
        """Return resources per second between the first and the last resource."""
        span = self.at.get("last_resource", 0.0) - self.at.get("first_resource", 0.0)
        return round(resources / span, 1) if span > 0 else 0.0


class Clock:
    """Phases of a whole run, including those of the engine."""

    def __init__(self) -> None:
        """Start the clock."""
        self._started = time.monotonic()
        self._phases: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a block as a phase."""
        before = time.monotonic()
        try:
            yield
        finally:
            self._phases[name] = round(time.monotonic() - before, 3)

    def add(self, phases: dict[str, float]) -> None:
        """Add the phases of the engine."""
        self._phases |= phases

    def read(self, *, rate: float, cpu: Mapping[str, float] | None = None) -> Timing:
        """Return all phases up to now; the remainder is named `gate`."""
        total = round(time.monotonic() - self._started, 3)
        rest = round(max(total - sum(self._phases.values()), 0.0), 3)
        return Timing(
            total_seconds=total,
            phases={**self._phases, "gate": rest},
            resources_per_second=rate,
            cpu_seconds=dict(cpu or {}),
        )
