"""Detects processes left by a test run, which would hold memory and ports."""

from contextlib import suppress
from pathlib import Path

import psutil

__all__ = ["end", "left_by"]

_SECONDS = 5


def left_by(folder: Path, *, patience: float = 5) -> list[psutil.Process]:
    """Return the processes whose command line or working directory is below a run's folder.

    Args:
        folder: Of the run.
        patience: Seconds for those that are about to end.
    """
    found = [process for process in psutil.process_iter() if _is_below(process, f"{folder}/")]
    return psutil.wait_procs(found, timeout=patience)[1]


def end(processes: list[psutil.Process]) -> list[str]:
    """End processes; returns what each was."""
    told = [f"pid {process.pid}: {_words(process)}" for process in processes]
    for process in processes:
        with suppress(psutil.Error):
            process.terminate()
    for process in psutil.wait_procs(processes, timeout=_SECONDS)[1]:
        with suppress(psutil.Error):
            process.kill()
    return told


def _is_below(process: psutil.Process, place: str) -> bool:
    try:
        return place in _words(process) or f"{process.cwd()}/".startswith(place)
    except (psutil.Error, OSError):
        return False


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.Error, OSError):
        return ""
