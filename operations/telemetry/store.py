"""Where telemetry lies on disk, and in which order it gets there.

::

    events/dt=<day>/<source>-<first>.parquet   taken in, one file per batch and day
    commits/<source>-<first>.json              written last: the batch counts from here on
    quarantine/<source>-<first>.jsonl          what was refused, with the reason
    days/<day>.json                            which compacted file and partials a day has
    compacted/dt=<day>/<digest>.parquet        each event id once
    partials/{counts,bins}/dt=<day>/<digest>.parquet
    spool/                                     what came over HTTP and is not yet in a batch

Every file is written beside its place and renamed into it, so a killed process leaves whole files
only. Names follow from content, so doing it again writes the same file. One process writes at a
time (a lock that the system drops with the process).
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from delivery.client.disk import move, remove, write_whole
from operations.telemetry.errors import TelemetryError

__all__ = ["Day", "Store"]

_MARK: Final = "mobile-ai-telemetry.json"
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a day's pointer says.

    Attributes:
        rows: Events after compaction.
        compacted: File below the store; empty where the events have expired.
        counts: Partial of counts.
        bins: Partial of histograms.
        segments: Files of ``events/`` that are in it and not yet removed.
    """

    rows: int = 0
    compacted: str = ""
    counts: str = ""
    bins: str = ""
    segments: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return it as the pointer's JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of telemetry."""

    root: Path

    def prepare(self) -> None:
        """Make the folder a store, or see that it is one.

        Raises:
            TelemetryError: It holds something else, or a format that nobody reads.
        """
        mark = self.root / _MARK
        if mark.is_file():
            found = json.loads(mark.read_bytes())
            if found != {"format": _FORMAT}:
                raise TelemetryError(
                    str(mark),
                    got=f"{found}",
                    expected=f"format {_FORMAT}",
                    next_step="use the version of mobile-ai that wrote it",
                )
            return
        if self.root.exists() and any(self.root.iterdir()):
            raise TelemetryError(
                str(self.root),
                got="a folder with other things in it",
                expected="a telemetry store, or an empty folder",
                next_step="name another folder with --store",
            )
        self.write(_MARK, json.dumps({"format": _FORMAT}).encode())

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Let one process write at a time; waits for the others."""
        handle = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole, and keep it so over a loss of power."""
        write_whole(self.root / name, data)

    def adopt(self, made: Path, name: str) -> None:
        """Take a file that somebody else wrote beside its place."""
        with made.open("rb") as file:
            os.fsync(file.fileno())
        move(made, self.root / name)

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        remove(self.root / name)

    def path(self, name: str) -> Path:
        """Return where a file of the store is."""
        return self.root / name

    def files(self, pattern: str) -> list[str]:
        """Return the names of finished files, in order."""
        found = (path for path in self.root.glob(pattern) if not path.name.startswith("."))
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def days(self) -> dict[str, Day]:
        """Return the pointers by day (``YYYY-MM-DD``)."""
        return {
            Path(name).stem: Day(**json.loads(self.path(name).read_bytes()))
            for name in self.files("days/*.json")
        }

    def point(self, day: str, to: Day) -> None:
        """Let a day's pointer name other files, in one step."""
        self.write(f"days/{day}.json", json.dumps(to.to_dict()).encode())

    def partials(self, table: str) -> list[str]:
        """Return the paths of the partials of a table, ``counts`` or ``bins``."""
        names = (getattr(day, table) for day in self.days().values())
        return [str(self.path(name)) for name in names if name]

    def committed(self) -> dict[str, list[str]]:
        """Return the segments of committed batches that are on disk, by day."""
        days: dict[str, list[str]] = {}
        for segment in sorted(self._listed()):
            if self.path(segment).exists():
                days.setdefault(segment.split("/")[1].removeprefix("dt="), []).append(segment)
        return days

    def batch(self, name: str) -> int:
        """Return how many values a committed batch has, good and refused; 0 if there is none."""
        path = self.path(f"commits/{name}.json")
        record = json.loads(path.read_bytes()) if path.exists() else {}
        return int(record.get("accepted", 0)) + int(record.get("refused", 0))

    def uncommitted(self) -> list[str]:
        """Return the segments of batches that a killed run did not get to commit."""
        listed = self._listed()
        return [name for name in self.files("events/*/*.parquet") if name not in listed]

    def _listed(self) -> set[str]:
        commits = (self.path(name).read_bytes() for name in self.files("commits/*.json"))
        return {segment for commit in commits for segment in json.loads(commit)["segments"]}
