"""Coverage by room, held to its floors; the last step of ``make coverage``.

    python -m tests.tools.coverage_rooms [ARGUMENT OF PYTEST ...]

Reads the combined data of the run, writes ``build/coverage.json``, prints a line a room, and exits
1 if a floor is not met. Lines and branches count together, as in ``coverage report``. Of a run of
some folders (``make coverage ARGS="tests/stack tests/gate"``) the floors of their rooms are held;
of a narrower one, none.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from coverage import Coverage

from tests.tools.rooms_table import rooms

__all__ = ["FLOORS", "held", "main", "percentages", "shortfalls"]

ROOT: Final = Path(__file__).parents[2]
_REPORT: Final = ROOT / "build/coverage.json"
_PACK: Final = "policy-pack/mobile_ai"
_TRUST: Final = {
    f"{_PACK}/contracts/{name}.py" for name in ("documents", "evidence", "statements", "trust")
}

_SUMS: Final = {"rules and trust": 97.0, "all": 90.0}
FLOORS: Final = {"contracts": 86.0, "pricing": 95.0, "stack": 95.0, **_SUMS}
"""Least coverage, in percent. A floor is raised with the tests, never lowered.

That of a room is what its own fast tests reach; the tests of other rooms add to it.
"""


def percentages(files: Mapping[str, Any]) -> dict[str, float]:
    """Return the coverage in percent of every room, of rules and trust, and of all.

    Args:
        files: The entry ``files`` of coverage's JSON report.
    """
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name, report in files.items():
        summary = report["summary"]
        for group in _groups(name):
            sums[group][0] += summary["covered_lines"] + summary["covered_branches"]
            sums[group][1] += summary["num_statements"] + summary["num_branches"]
    return {group: 100 * covered / max(1, number) for group, (covered, number) in sums.items()}


def _groups(name: str) -> Iterator[str]:
    yield name.partition("mobile_ai/")[2].partition("/")[0]
    if name in _TRUST or name.startswith(f"{_PACK}/governance/rules/"):
        yield "rules and trust"
    yield "all"


def held(arguments: Sequence[str]) -> set[str]:
    """Return the groups whose floors a run of pytest with these arguments can be held to."""
    if not arguments:
        return {*FLOORS}
    folders = {argument.rstrip("/").removeprefix("tests/") for argument in arguments}
    return {*FLOORS} & folders if folders <= {*rooms()} else set()


def shortfalls(found: Mapping[str, float], groups: Iterable[str] = FLOORS) -> list[str]:
    """Return a line for every floor of these groups that is not met."""
    return [
        f"coverage of {group}: got {found.get(group, 0.0):.1f} %; expected at least {floor:g} %. "
        f"Next: see which lines lack a test with `.venv/bin/coverage report --show-missing`"
        for group, floor in FLOORS.items()
        if group in groups and found.get(group, 0.0) < floor
    ]


def _rows(found: Mapping[str, float]) -> Iterable[str]:
    sums = [*_SUMS]
    order = [*sorted(group for group in found if group not in sums), *sums]
    return (f"{group:16}{found[group]:6.1f} %" for group in order if group in found)


def main() -> int:
    """Print the coverage of the run and return the exit code."""
    measured = Coverage()
    measured.load()
    _REPORT.parent.mkdir(exist_ok=True)
    measured.json_report(outfile=str(_REPORT))
    found = percentages(json.loads(_REPORT.read_text("utf-8"))["files"])
    print(*_rows(found), sep="\n")
    short = shortfalls(found, held(sys.argv[1:]))
    print(*short, sep="\n", file=sys.stderr, end="\n" if short else "")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
