"""`python -m benchmarks [--only PREFIX]`: run benchmarks and update build/bench.json."""

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.table import Table

import benchmarks
from benchmarks._row import Row

__all__ = ["main", "merge"]

_RESULTS = Path("build/bench.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the selected areas and return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default="", metavar="PREFIX", help="ids that begin so")
    only = parser.parse_args(arguments).only
    chosen = [area for area in _areas() if any(name.startswith(only) for name in area.IDS)]
    if not chosen:
        known = ", ".join(name for area in _areas() for name in area.IDS)
        print(f"error: no id begins with {only!r}; expected one of {known}", file=sys.stderr)
        return 2
    measured = [row for area in chosen for row in _measure(area, only)]
    _RESULTS.parent.mkdir(parents=True, exist_ok=True)
    earlier = json.loads(_RESULTS.read_text()) if _RESULTS.is_file() else []
    _RESULTS.write_text(json.dumps(merge(earlier, measured), indent=2) + "\n")
    _print(measured)
    return 0


def merge(earlier: Iterable[dict[str, object]], measured: Iterable[Row]) -> list[dict[str, object]]:
    """Return earlier rows with the new ones in their place, in order of id."""
    rows = {str(item["id"]): item for item in earlier}
    rows |= {item.id: item.to_dict() for item in measured}
    return [rows[name] for name in sorted(rows)]


def _areas() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(benchmarks.__path__):
        if not found.name.startswith("_"):
            module = importlib.import_module(f"benchmarks.{found.name}")
            # A part of an area that is a file of its own has no rows.
            if hasattr(module, "IDS"):
                yield module


def _measure(area: ModuleType, only: str) -> Iterator[Row]:
    print(f"Measuring {area.__name__.partition('.')[2]} ...", file=sys.stderr, flush=True)
    found = [row for row in area.rows() if row.id.startswith(only)]
    strange = {row.id for row in found} - set(area.IDS)
    if strange:
        raise ValueError(f"{area.__name__} gave rows that its IDS lack: {sorted(strange)}")
    yield from found


def _print(rows: Iterable[Row]) -> None:
    table = Table()
    for name in ("id", "value", "unit", "against", "n", "note"):
        justify = "right" if name in {"value", "n"} else "left"
        table.add_column(name, justify=justify, no_wrap=name == "id")
    for row in rows:
        table.add_row(row.id, f"{row.value:.3g}", row.unit, row.peer, str(row.n), row.note)
    Console(width=160 if not sys.stdout.isatty() else None).print(table)


if __name__ == "__main__":
    sys.exit(main())
