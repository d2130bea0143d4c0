"""FOCUS files as columns of text, whichever way they were written.

AWS Data Exports writes costs as doubles, times as timestamps and tags as a map in Parquet, and all
of it as text in CSV: https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-focus-1-2-aws.html.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from operations.showback.errors import ShowbackError

__all__ = ["open_focus", "unreadable"]

_READERS: Final = {".csv": "read_csv", ".gz": "read_csv", ".parquet": "read_parquet"}


def open_focus(
    database: duckdb.DuckDBPyConnection, path: Path, *, needed: Sequence[str]
) -> duckdb.DuckDBPyRelation:
    """Return the rows of a file with every column as text: times in ISO 8601, tags as JSON.

    Args:
        database: Reads the file when the rows are asked for.
        path: ``.csv``, ``.csv.gz`` or ``.parquet``.
        needed: Columns without which it is no FOCUS file.

    Raises:
        ShowbackError: The file is missing, cannot be read or lacks a column.
    """
    reader = _READERS.get(path.suffix)
    if reader is None or not path.is_file():
        raise ShowbackError(
            str(path),
            got="no such file" if reader else f"suffix {path.suffix!r}",
            expected="a FOCUS file: .csv, .csv.gz or .parquet",
            next_step="name the exported file",
        )
    options = ", all_varchar = true, header = true" if reader == "read_csv" else ""
    try:
        rows = database.sql(f"SELECT * FROM {reader}(?{options})", params=[str(path)])  # noqa: S608
        columns = list(zip(rows.columns, map(str, rows.types), strict=True))
    except duckdb.Error as error:
        raise unreadable(path, str(error).splitlines()[0], needed) from error
    if missing := [name for name in needed if name not in rows.columns]:
        raise unreadable(path, f"no column {', '.join(missing)}", needed)
    return rows.project(
        ", ".join(f"{_as_text(*column)} AS {_quoted(column[0])}" for column in columns)
    )


def unreadable(path: Path, got: str, needed: Sequence[str]) -> ShowbackError:
    """Return the error about a file that is no FOCUS file."""
    return ShowbackError(
        str(path),
        got=got,
        expected=f"a FOCUS 1.2 file with {', '.join(needed)}",
        next_step="export Cost and Usage as FOCUS",
    )


def _as_text(name: str, kind: str) -> str:
    column = _quoted(name)
    if kind.startswith("MAP"):
        return f"CAST(to_json({column}) AS VARCHAR)"
    if kind.startswith("TIMESTAMP"):  # by its microseconds, so that no time zone is applied
        return f"strftime(make_timestamp(epoch_us({column})), '%Y-%m-%dT%H:%M:%SZ')"
    return f"CAST({column} AS VARCHAR)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
