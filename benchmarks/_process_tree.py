"""CPU time and peak memory of a command, by the part of a preview that its processes are."""

import resource
import subprocess
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

__all__ = ["Measured", "measure"]

_PERIOD_SECONDS: Final = 0.1
# What a command line holds, and which part it is then; the first that fits counts.
_PARTS: Final = (
    ("pulumi.policy", "pack"),
    ("proto_only_import.py", "pack"),
    ("pulumi-language-python-exec", "program"),
    ("mobile_ai.sandbox.providers", "providers"),
    ("pulumi preview", "engine"),
    ("mobile_ai.cli.main", "gate"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Result of a measured command.

    Attributes:
        code: Its exit code.
        out: Its standard output.
        wall: Seconds.
        cpu: CPU seconds of it and all that it waited for, as the kernel counts them.
        peak: Largest resident memory of each part, bytes, seen ten times a second.
    """

    code: int
    out: str
    wall: float
    cpu: float
    peak: Mapping[str, int]


def measure(command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> Measured:
    """Run a command, sample its processes until it exits, and return their resource use."""
    peak: dict[str, int] = defaultdict(int)
    before, started = _cpu(), time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        root = psutil.Process(process.pid)
        while True:
            try:
                out, _ = process.communicate(timeout=_PERIOD_SECONDS)
                break
            except subprocess.TimeoutExpired:
                for part, size in _sizes(root).items():
                    peak[part] = max(peak[part], size)
    return Measured(
        code=process.returncode,
        out=out,
        wall=time.perf_counter() - started,
        cpu=_cpu() - before,
        peak=dict(peak),
    )


def _sizes(root: psutil.Process) -> dict[str, int]:
    sizes: dict[str, int] = defaultdict(int)
    with suppress(psutil.Error):
        for item in (root, *root.children(recursive=True)):
            with suppress(psutil.Error):
                sizes[_part(" ".join(item.cmdline()))] += item.memory_info().rss
    return sizes


def _part(line: str) -> str:
    return next((part for token, part in _PARTS if token in line), "other")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
