"""One row of the benchmark results."""

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure and the peer or bar it is compared with.

    Attributes:
        id: Stable, as `area.figure`.
        value: The figure.
        unit: As `s`, `ratio`, `resources`.
        peer: What it was measured against, or the bar that it should keep.
        n: How often it was measured.
        note: Median, CPU time, circumstances.
    """

    id: str
    value: float
    unit: str
    peer: str
    n: int
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Return the row as it stands in `build/bench.json`."""
        return asdict(self)
