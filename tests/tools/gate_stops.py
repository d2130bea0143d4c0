"""Counts the product files that one gate run enters, and its entries into files entered before.

    python -m tests.tools.gate_stops --stack dev [--command] [--files]

A person who follows a run through the code opens each file once, and returns to it once more for
each further file that calls into it. Calls between files are recorded by `sys.setprofile` in the
main thread; each pair of caller and callee counts once. Calls during an import are excluded, since
they belong to no step of the run, as are those below the standard library or another package:
their caller is the product file that called it.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final

__all__ = ["ROOMS", "Stops", "by_room", "gate_stops", "product_file", "recorded"]

ROOMS: Final = (
    "cli",
    "components",
    "contracts",
    "delivery",
    "gate",
    "governance",
    "operations",
    "pricing",
    "stack",
)
_NAMESPACE: Final = "/mobile_ai/"
_IMPORTING: Final = "<frozen importlib._bootstrap>"
_LISTED: Final = 20


@dataclass(slots=True)
class Stops:
    """Calls between product files, in order of their first appearance.

    Attributes:
        edges: Number of calls by caller and callee; the caller is empty for the first file.
    """

    edges: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def files(self) -> tuple[str, ...]:
        """The files entered, in order."""
        return tuple(dict.fromkeys(callee for _, callee in self.edges))

    @property
    def returns(self) -> Counter[str]:
        """Number of further files that enter a file which was entered before, by file."""
        entries = Counter(callee for _, callee in self.edges)
        return Counter({name: count - 1 for name, count in entries.items() if count > 1})


def product_file(path: str) -> str:
    """Return a product file's path below the namespace; empty for any other file.

    >>> product_file("/a/src/mobile_ai/gate/run.py")
    'gate/run.py'
    """
    name = path.partition(_NAMESPACE)[2]
    return name if name.partition("/")[0] in ROOMS else ""


@contextmanager
def recorded(name_of: Callable[[str], str] = product_file) -> Iterator[Stops]:
    """Record the calls between files until the block ends.

    Args:
        name_of: Returns the name of a file from its path; empty for a file that does not count.
    """
    stops = Stops()

    def profile(frame: FrameType, event: str, _: Any) -> None:
        callee = name_of(frame.f_code.co_filename) if event == "call" else ""
        if not callee:
            return
        caller = _caller(frame, name_of)
        if caller != callee and not ((caller, callee) not in stops.edges and _imports(frame)):
            stops.edges[caller, callee] += 1

    sys.setprofile(profile)
    try:
        yield stops
    finally:
        sys.setprofile(None)


def _caller(frame: FrameType, name_of: Callable[[str], str]) -> str:
    """Return the nearest file above a frame that counts; empty for none."""
    above = frame.f_back
    while above is not None:
        if name := name_of(above.f_code.co_filename):
            return name
        above = above.f_back
    return ""


def _imports(frame: FrameType) -> bool:
    """Return whether a frame runs during an import."""
    above: FrameType | None = frame
    while above is not None:
        if above.f_code.co_filename == _IMPORTING:
            return True
        above = above.f_back
    return False


def gate_stops(stack: str, *, command: bool = False) -> Stops:
    """Return the calls between files of a gate run on a stack, or of the whole command."""
    from mobile_ai.cli.main import main as run_command  # noqa: PLC0415  imports are not recorded
    from mobile_ai.gate import GateOptions, run_gate  # noqa: PLC0415

    with recorded() as stops, suppress(SystemExit):
        if command:
            run_command(["gate", "--stack", stack])
        else:
            run_gate(GateOptions(stack=stack), lambda _: None)
    return stops


def main() -> None:
    """Profile a gate run on a stack, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default="dev")
    parser.add_argument(
        "--command", action="store_true", help="profile `mobile-ai gate`, with its rendered report"
    )
    parser.add_argument("--files", action="store_true", help="also list the files entered")
    options = parser.parse_args()
    stops = gate_stops(options.stack, command=options.command)
    print(f"{len(stops.files)} product files entered: {by_room(Counter(stops.files))}")
    print(f"{stops.returns.total()} entries into a file entered before: {by_room(stops.returns)}")
    for name, count in stops.returns.most_common(None if options.files else _LISTED):
        print(f"  {count:3} {name}")
    if options.files:
        print("\n".join(stops.files))


def by_room(counts: Counter[str]) -> str:
    """Return the counts of files as a text, summed by room."""
    rooms: Counter[str] = Counter()
    for name, count in counts.items():
        rooms[name.partition("/")[0]] += count
    return ", ".join(f"{count} {room}" for room, count in rooms.most_common())


if __name__ == "__main__":
    main()
