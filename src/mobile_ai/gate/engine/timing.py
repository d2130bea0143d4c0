"""Timing of a run: phases, from the arrival of events, and CPU time by part."""

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from mobile_ai.gate.report.report import Timing

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


def phases_of(marks: Mapping[str, float], *, ended: float) -> dict[str, float]:
    """Return the duration of each phase of the engine that was reached; they add up to `ended`.

    Args:
        marks: Seconds from the engine's start to each mark (see `EngineObservation.marks`).
        ended: Seconds to its end.
    """
    found: dict[str, float] = {}
    before = 0.0
    for name, mark in _PHASES:
        reached = ended if mark == "ended" else marks.get(mark)
        if reached is not None:
            found[name] = round(max(reached - before, 0.0), 3)
            before = max(before, reached)
    return found


def rate_of(marks: Mapping[str, float], *, resources: int) -> float:
    """Return resources per second between the first and the last resource."""
    span = marks.get("last_resource", 0.0) - marks.get("first_resource", 0.0)
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


_ENGINE: Final = "engine"
# Command line fragments that identify a part; the first match counts.
_PARTS: Final = (
    # The language host is the engine's, and names what it runs programs with.
    (_ENGINE, ("mobile_ai.sandbox.engine.host",)),
    ("program", ("pulumi-language-python-exec",)),
    ("pack", ("pulumi.policy", "proto_only_import.py")),
    ("providers", ("pulumi-resource-", "mobile_ai.sandbox.providers")),
)
# Sampling interval. One sample takes milliseconds; CPU time after the last sample is lost.
_SECONDS: Final = 0.2


def part_of(command: Sequence[str]) -> str:
    """Return the part that a process belongs to; the engine by default.

    >>> part_of(["python", "-u", "-m", "pulumi.policy", "127.0.0.1:1", "policy-pack"])
    'pack'
    """
    text = " ".join(command)
    return next((part for part, words in _PARTS if any(word in text for word in words)), _ENGINE)


class CpuMeter:
    """Samples the processes of a run in a thread until it is stopped."""

    def __init__(self) -> None:
        """Start without measurements."""
        self._seconds: dict[int, tuple[str, float]] = {}
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, pid: int) -> None:
        """Measure a process and its descendants."""
        if Path("/proc/self/stat").exists():
            self._thread = threading.Thread(target=self._watch, args=(pid,), daemon=True)
            self._thread.start()

    def stop(self) -> dict[str, float]:
        """Return CPU seconds by part; a lower bound, since the end of a process is not sampled."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        found = dict.fromkeys((part for part, _ in _PARTS), 0.0)
        for part, seconds in self._seconds.values():
            found[part] += seconds
        return {part: round(seconds, 2) for part, seconds in found.items()} if self._thread else {}

    def _watch(self, pid: int) -> None:
        while not self._stopped.wait(_SECONDS):
            for number, part, seconds in _family(pid):
                self._seconds[number] = (part, seconds)


def _family(pid: int) -> Iterator[tuple[int, str, float]]:
    """Yield PID, part and CPU seconds of a process and its descendants."""
    processes = dict(_processes())
    for number, (_, seconds) in processes.items():
        above = number
        while above in processes and above != pid:
            above = processes[above][0]
        if above == pid:
            with suppress(OSError):
                words = Path(f"/proc/{number}/cmdline").read_bytes().decode(errors="replace")
                if words:  # empty for an exited process, which keeps its last sample
                    yield number, part_of(words.split("\0")), seconds


def _processes() -> Iterator[tuple[int, tuple[int, float]]]:
    """Yield every process with its parent and its CPU seconds."""
    ticks = os.sysconf("SC_CLK_TCK")
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # Fields after the name, which may hold any character: state, ppid, ..., utime, stime.
            fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            yield int(folder.name), (int(fields[1]), (int(fields[11]) + int(fields[12])) / ticks)
