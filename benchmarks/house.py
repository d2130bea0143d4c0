"""Files that a reader of one gate run opens, and returns to files opened before."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from benchmarks._row import Row
from tests.tools.gate_stops import by_room, gate_stops

__all__ = ["IDS", "rows"]

IDS = ("house.gate_stops", "house.gate_returns")
_BAR_FILES: Final = 45
_BAR_RETURNS: Final = 15


def rows() -> Iterator[Row]:
    """Profile a gate run on dev."""
    stops = gate_stops("dev")
    files = Counter(stops.files)
    for name, counts, bar in (
        (IDS[0], files, _BAR_FILES),
        (IDS[1], stops.returns, _BAR_RETURNS),
    ):
        yield Row(
            id=name,
            value=counts.total(),
            unit="files" if name == IDS[0] else "entries",
            peer=f"bar: {bar}",
            n=1,
            note=by_room(counts),
        )
