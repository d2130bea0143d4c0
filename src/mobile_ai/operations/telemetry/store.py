"""Layout of a telemetry store on disk, and its order of writes.

::

    events/dt=<day>/<source>-<first>.parquet   ingested, one file per batch and day
    commits/<source>-<first>.json              written last: makes the batch count
    quarantine/<source>-<first>.jsonl          refused events, with the reason
    days/<day>.json                            pointer to a day's compacted file and partials
    compacted/dt=<day>/<digest>.parquet        events, deduplicated by id
    partials/{counts,bins}/dt=<day>/<digest>.parquet
    spool/                                     received over HTTP, not yet in a batch

Every file is written under a temporary name and renamed into place, so a killed process leaves
complete files only. Names are derived from content, so a repeated run writes the same files. One
process writes at a time, under a flock(2) lock, which the kernel releases with the process.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mobile_ai.delivery.client.disk import move, remove, write_whole
from mobile_ai.operations.telemetry.errors import TelemetryError

_MARK: Final = "mobile-ai-telemetry.json"
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Content of a day's pointer file.

    Attributes:
        rows: Events after compaction.
        compacted: File below the store; empty once the events have expired.
        counts: Partial of counts.
        bins: Partial of histograms.
        segments: Files of ``events/`` that it contains and that are not yet removed.
    """

    rows: int = 0
    compacted: str = ""
    counts: str = ""
    bins: str = ""
    segments: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the pointer file's JSON form."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class EventStore:
    """A telemetry store on disk."""

    root: Path

    def prepare(self) -> None:
        """Initialise the store, or check that the folder is one.

        Raises:
            TelemetryError: It contains other files, or another format.
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
                got="a folder with other files",
                expected="a telemetry store, or an empty folder",
                next_step="name another folder with --store",
            )
        self.write(_MARK, json.dumps({"format": _FORMAT}).encode())

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the store's write lock; waits for other processes."""
        handle = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def write(self, name: str, data: bytes) -> None:
        """Write a file atomically and durably."""
        write_whole(self.root / name, data)

    def adopt(self, made: Path, name: str) -> None:
        """Move a finished temporary file into place, durably."""
        with made.open("rb") as file:
            os.fsync(file.fileno())
        move(made, self.root / name)

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        remove(self.root / name)

    def path(self, name: str) -> Path:
        """Return the path of a file of the store."""
        return self.root / name

    def files(self, pattern: str) -> list[str]:
        """Return the names of finished files, sorted."""
        found = (path for path in self.root.glob(pattern) if not path.name.startswith("."))
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def days(self) -> dict[str, Day]:
        """Return the pointers by day (``YYYY-MM-DD``)."""
        return {
            Path(name).stem: Day(**json.loads(self.path(name).read_bytes()))
            for name in self.files("days/*.json")
        }

    def point(self, day: str, to: Day) -> None:
        """Replace a day's pointer atomically."""
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
        """Return the number of values in a committed batch, accepted and refused; 0 without one."""
        path = self.path(f"commits/{name}.json")
        record = json.loads(path.read_bytes()) if path.exists() else {}
        return int(record.get("accepted", 0)) + int(record.get("refused", 0))

    def uncommitted(self) -> list[str]:
        """Return the segments of batches that a killed run did not commit."""
        listed = self._listed()
        return [name for name in self.files("events/*/*.parquet") if name not in listed]

    def _listed(self) -> set[str]:
        commits = (self.path(name).read_bytes() for name in self.files("commits/*.json"))
        return {segment for commit in commits for segment in json.loads(commit)["segments"]}
