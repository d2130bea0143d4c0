"""Kills ingestion at random moments, and counts the remaining events."""

import json
import multiprocessing
import random
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from mobile_ai.operations.telemetry import ingest
from mobile_ai.operations.telemetry.compact import compact
from mobile_ai.operations.telemetry.ingest import ingest_file
from mobile_ai.operations.telemetry.store import EventStore
from tests.operations.telemetry.events import event

_BATCH = 200  # small, so that there are many moments to be killed at
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["mobile_ai.operations.telemetry.ingest", "mobile_ai.operations.telemetry.simulate"]
)


def crash(folder: Path, *, kills: int, seed: int = 1) -> dict[str, int]:
    """Kill ingestion repeatedly while it ingests overlapping files; then let it finish.

    Every round has two new files; a third of the events of each are repeated in the next, as
    devices without a response do. Returns how many runs were killed, sent and stored ids, and how
    many are lost or duplicated.
    """
    rng = random.Random(seed)  # noqa: S311
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    store, files, ids, killed = EventStore(folder / "store"), [], set(), 0
    for round_ in range(kills):
        files.append(_file(folder, round_, now))
        ids |= {json.loads(line)["event_id"] for line in files[-1].read_bytes().splitlines()}
        killed += _killed(store, files[-2:], now, rng.uniform(0, 0.6))
    for path in files:
        ingest_file(store, path, now=now)
    compact(store)
    kept = Counter(
        name
        for path in store.files("compacted/*/*.parquet")
        for name in pq.read_table(store.path(path), columns=["event_id"])["event_id"].to_pylist()
    )
    return {
        "killed": killed,
        "sent": len(ids),
        "kept": len(kept),
        "lost": len(ids - set(kept)),
        "doubled": sum(n > 1 for n in kept.values()) + len(set(kept) - ids),
        "left": len(store.files("events/*/*.parquet")),
    }


def _file(folder: Path, round_: int, now: datetime) -> Path:
    first = round_ * 400
    path = folder / f"{round_}.jsonl"
    with path.open("w") as file:
        for at in range(first, first + 600):
            moment = now - timedelta(hours=at % 50)
            file.write(json.dumps(event(at, occurred_at=f"{moment:%Y-%m-%dT%H:%M:%SZ}")) + "\n")
    return path


def _killed(store: EventStore, files: list[Path], now: datetime, after: float) -> bool:
    process = _CONTEXT.Process(target=_work, args=(store.root, files, now))
    process.start()
    process.join(after)
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


def _work(root: Path, files: list[Path], now: datetime) -> None:
    ingest._BATCH = _BATCH
    store = EventStore(root)
    for path in files:
        ingest_file(store, path, now=now)
        compact(store)
