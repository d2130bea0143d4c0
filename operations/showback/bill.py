"""Reading a month of charges from FOCUS files.

Columns: https://focus.finops.org/focus-specification/v1-2/ (Cost and Usage). A bill has a row
for every hour of every resource; what agrees in all that matters here is summed while reading.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb
from governance.documents import read_json
from governance.errors import DocumentError

from operations.showback.errors import ShowbackError
from operations.showback.focus_files import open_focus, unreadable
from operations.showback.split import DIGITS

__all__ = ["CATEGORIES", "ESTIMATED", "NEEDED", "Bill", "Charge", "check_month", "read_bill"]

CATEGORIES: Final = ("Usage", "Purchase", "Tax", "Credit", "Adjustment")
NEEDED: Final = (
    "BilledCost",
    "BillingCurrency",
    "BillingPeriodStart",
    "ChargeCategory",
    "EffectiveCost",
    "ServiceName",
    "Tags",
)
# Our own column, of files that are from Cost Explorer.
ESTIMATED: Final = "x_Estimated"
_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
# A tag `mobile-ai:cost-center` as a bill may spell it; exports turn signs into underscores.
_TAG: Final = re.compile(r"(?:user[:_])?mobile[-_]ai[:_](.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Rows of a bill that agree in everything but the hour.

    Attributes:
        service: FOCUS ``ServiceName``; empty for what no service is named for, such as taxes.
        category: FOCUS ``ChargeCategory``.
        resource: FOCUS ``ResourceId``, empty where the bill names none.
        tags: Cost tags, names without prefix.
        billed: What is invoiced. Negative for credits and refunds.
        effective: What it costs after prepayments are spread over their time.
    """

    service: str
    category: str
    resource: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    billed: Decimal
    effective: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The charges of one month.

    Attributes:
        month: ``YYYY-MM``.
        currency: Of every charge.
        charges: All of them.
        other_rows: How many rows of the files were of other months.
        estimated: Whether a row says that AWS has not closed the month; exports never say it.
    """

    month: str
    currency: str
    charges: tuple[Charge, ...]
    other_rows: int = 0
    estimated: bool = False

    def total(self, measure: str) -> Decimal:
        """Return the sum of ``billed`` or ``effective``."""
        return sum((getattr(charge, measure) for charge in self.charges), Decimal(0))


def read_bill(paths: Sequence[Path], *, month: str) -> Bill:
    """Return the charges of a month.

    Args:
        paths: FOCUS files: ``.csv``, ``.csv.gz`` or ``.parquet``.
        month: ``YYYY-MM``.

    Raises:
        ShowbackError: A file is missing or no FOCUS file, a cost is no number, there are
            several currencies, or no row is of that month.
    """
    check_month(month)
    with duckdb.connect() as database:
        for path in paths:
            _load(database, path)
        rows, others, estimated = _summed(database, month)
    currencies = sorted({row[0] for row in rows})
    if len(currencies) != 1:
        raise ShowbackError(
            f"bill of {month}",
            got=f"currencies {currencies}" if currencies else "no row of that month",
            expected="rows in one currency",
            next_step="name the files of that month, and one currency at a time",
        )
    charges = tuple(sorted(map(_charge, rows), key=repr))
    return Bill(
        month=month,
        currency=currencies[0],
        charges=charges,
        other_rows=others,
        estimated=estimated,
    )


def check_month(month: str) -> None:
    """Refuse what is no ``YYYY-MM``.

    Raises:
        ShowbackError: It is none.
    """
    if not _MONTH.fullmatch(month):
        raise ShowbackError(
            "month", got=repr(month), expected="YYYY-MM", next_step="name a month as 2026-10"
        )


def _load(database: duckdb.DuckDBPyConnection, path: Path) -> None:
    rows = open_focus(database, path, needed=NEEDED)
    more = [name if name in rows.columns else "NULL" for name in ("ResourceId", ESTIMATED)]
    try:
        database.execute(_TABLE)
        rows.project(", ".join((*NEEDED, *more))).insert_into("bill")
    except duckdb.Error as error:
        raise unreadable(path, str(error).splitlines()[0], NEEDED) from error


_TABLE: Final = """CREATE TABLE IF NOT EXISTS bill (
    billed VARCHAR, currency VARCHAR, period VARCHAR, category VARCHAR, effective VARCHAR,
    service VARCHAR, tags VARCHAR, resource VARCHAR, estimated VARCHAR)"""
_COST: Final = f"DECIMAL(38, {DIGITS})"


def _summed(
    database: duckdb.DuckDBPyConnection, month: str
) -> tuple[list[tuple[Any, ...]], int, bool]:
    try:
        rows = database.execute(
            f"""SELECT currency, category, coalesce(service, ''), coalesce(resource, ''),
                coalesce(tags, '{{}}'),
                sum(CAST(billed AS {_COST})), sum(CAST(effective AS {_COST})),
                count(billed), count(effective), count(*)
            FROM bill WHERE period[:7] = ? GROUP BY ALL""",  # noqa: S608
            [month],
        ).fetchall()
        others = database.execute(
            """SELECT count(*) FILTER (period[:7] IS DISTINCT FROM $1),
                count(*) FILTER (period[:7] = $1 AND estimated = 'true') FROM bill""",
            [month],
        ).fetchone() or (0, 0)
    except duckdb.Error as error:
        raise ShowbackError(
            f"bill of {month}",
            got=str(error).splitlines()[0],
            expected="numbers in BilledCost and EffectiveCost",
            next_step="export the file again; nothing was summed",
        ) from error
    return rows, others[0], bool(others[1])


def _charge(row: tuple[Any, ...]) -> Charge:
    _, category, service, resource, tags, billed, effective, *counts = row
    if len(set(counts)) != 1 or category not in CATEGORIES:
        raise ShowbackError(
            f"charge of {service or 'no service'} {resource}".strip(),
            got=f"category {category!r}"
            if category not in CATEGORIES
            else "an empty BilledCost or EffectiveCost",
            expected=f"both costs, and a category of {', '.join(CATEGORIES)}",
            next_step="export the file again; nothing was summed",
        )
    return Charge(
        service=service,
        category=category,
        resource=resource,
        tags=dict(_tags(tags, service)),
        billed=billed,
        effective=effective,
    )


def _tags(text: str, service: str) -> Iterator[tuple[str, str]]:
    what = f"Tags of a charge of {service or 'no service'}"
    try:
        tags = read_json(text, name=what)
    except DocumentError as error:
        raise ShowbackError(
            what, got=error.got, expected="a JSON object", next_step="export the file again"
        ) from error
    for key, value in tags.items() if isinstance(tags, dict) else ():
        found = _TAG.fullmatch(key)
        if found and isinstance(value, str):
            yield found[1].replace("_", "-"), value
