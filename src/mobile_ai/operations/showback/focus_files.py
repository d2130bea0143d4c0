"""FOCUS files, read as columns of text whichever way they were written, and written as CSV.

AWS Data Exports writes costs as doubles, times as timestamps and tags as a map in Parquet, and all
of it as text in CSV: https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-focus-1-2-aws.html.
"""

import csv
import gzip
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import duckdb

from mobile_ai.contracts.printable import csv_cell
from mobile_ai.operations.showback.errors import ShowbackError
from mobile_ai.pricing.focus import COLUMNS, MANDATORY

_READERS: Final = {".csv": "read_csv", ".gz": "read_csv", ".parquet": "read_parquet"}
_KEPT: Final = (*MANDATORY, "InvoiceId", "RegionId", "ResourceId", "SubAccountId", "Tags")


def open_focus(
    database: duckdb.DuckDBPyConnection,
    path: Path,
    *,
    needed: Sequence[str],
    optional: Sequence[str] = (),
) -> duckdb.DuckDBPyRelation:
    """Return the rows of a file with these columns as text: times in ISO 8601, tags as JSON.

    Args:
        database: Reads the file when the rows are asked for.
        path: ``.csv``, ``.csv.gz`` or ``.parquet``.
        needed: Columns without which it is no FOCUS file.
        optional: Columns that are null where the file has none.

    Raises:
        ShowbackError: The file is missing, cannot be read or lacks a column.
    """
    reader = _READERS.get(path.suffix)
    if reader is None or not path.is_file():
        raise ShowbackError(
            str(path),
            got="no such file" if reader else f"suffix {path.suffix!r}",
            expected="a FOCUS file: .csv, .csv.gz or .parquet",
            next_step="name the exported file (docs/showback.md, Getting the bill)",
        )
    options = ", all_varchar = true, header = true" if reader == "read_csv" else ""
    try:
        rows = database.sql(f"SELECT * FROM {reader}(?{options})", params=[str(path)])  # noqa: S608
        kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
    except duckdb.Error as error:
        raise unreadable(path, str(error).splitlines()[0], needed) from error
    if missing := [name for name in needed if name not in kinds]:
        raise unreadable(path, f"no column {', '.join(missing)}", needed)
    texts = (f"{_as_text(name, kinds.get(name))} AS {name}" for name in (*needed, *optional))
    return rows.project(", ".join(texts))


def write_focus(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as CSV, packed if the name ends in ``.gz``, and return how many there are.

    The columns are those of the first row, in the order of ``COLUMNS``; without rows, the
    mandatory ones.
    """
    rest = iter(rows)
    first = list(islice(rest, 1))
    names = first[0] if first else MANDATORY
    opener: Any = gzip.open if path.suffix == ".gz" else Path.open
    count = 0
    with opener(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [name for name in COLUMNS if name in names])
        writer.writeheader()
        for count, row in enumerate(chain(first, rest), 1):  # noqa: B007
            writer.writerow({key: _cell(value) for key, value in row.items()})
    return count


def merge_focus(paths: Sequence[Path], out: Path, *, month: str, needed: Sequence[str]) -> None:
    """Write the rows of a month in several files as one CSV, packed if its name ends in ``.gz``.

    Args:
        paths: The files.
        out: The CSV.
        month: ``YYYY-MM``, in the first seven characters of ``BillingPeriodStart``.
        needed: Columns without which a file is no FOCUS file.

    Raises:
        ShowbackError: As `open_focus`.
    """
    optional = [name for name in _KEPT if name not in needed]
    with duckdb.connect() as database:
        files = [open_focus(database, path, needed=needed, optional=optional) for path in paths]
        rows = reduce(duckdb.DuckDBPyRelation.union, files).project(", ".join(_KEPT))
        packed = "gzip" if out.suffix == ".gz" else None
        rows.filter(f"BillingPeriodStart[:7] = '{month}'").write_csv(str(out), compression=packed)


def unreadable(path: Path, got: str, needed: Sequence[str]) -> ShowbackError:
    """Return the error about a file that is no FOCUS file."""
    return ShowbackError(
        str(path),
        got=got,
        expected=f"a FOCUS 1.2 file with {', '.join(needed)}",
        next_step="export Cost and Usage as FOCUS (docs/showback.md, Getting the bill)",
    )


def _cell(value: Any) -> Any:
    return csv_cell(value) if isinstance(value, str) else value


def _as_text(column: str, kind: str | None) -> str:
    if kind is None:
        return "NULL::VARCHAR"
    if kind.startswith("MAP"):
        return f"CAST(to_json({column}) AS VARCHAR)"
    if kind.startswith("TIMESTAMP"):  # by its microseconds, so that no time zone is applied
        return f"strftime(make_timestamp(epoch_us({column})), '%Y-%m-%dT%H:%M:%SZ')"
    return f"CAST({column} AS VARCHAR)"
