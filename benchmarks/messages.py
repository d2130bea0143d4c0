"""Messages: the share of next steps that resolve."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks._row import Row
from tests.tools.next_steps import next_steps
from tests.tools.next_steps_resolve import Names, Reviewed

__all__ = ["IDS", "rows"]

IDS = ("messages.next_steps_resolved",)


def rows() -> Iterator[Row]:
    """Resolve every next step against the commands, files and settings that exist."""
    root = Path.cwd()
    names, reviewed = Names(root), Reviewed.read()
    steps = next_steps(root)
    found = [(step, names.of(step)) for step in steps]
    good = [s for s, v in found if not v.missing and (v.names or s.text in reviewed.plain)]
    named = sum(bool(verdict.names) for _, verdict in found)
    yield Row(
        id=IDS[0],
        value=100 * len(good) / len(steps),
        unit="%",
        peer="bar 100",
        n=len(steps),
        note=f"{named} name a command, file or setting; {len(reviewed.plain)} reviewed in words",
    )
