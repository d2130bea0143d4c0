"""CPU time of an engine run by part: engine, program, policy pack and providers.

It is read from `/proc` (proc(5) of Linux), which requires no additional package; on other systems
nothing is reported.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["CpuMeter", "part_of"]

_ENGINE: Final = "engine"
# Command line fragments that identify a part; the first match counts.
_PARTS: Final = (
    # The language host is the engine's, and names what it runs programs with.
    (_ENGINE, ("mobile_ai.sandbox.engine.host",)),
    ("program", ("pulumi-language-python-exec",)),
    ("pack", ("pulumi.policy",)),
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
