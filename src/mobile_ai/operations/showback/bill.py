"""Reading a month of charges from FOCUS files.

Columns: https://focus.finops.org/focus-specification/v1-2/ (Cost and Usage). A bill has a row
for every hour of every resource; what agrees in all that matters here is summed while reading.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.operations.showback.errors import ShowbackError
from mobile_ai.operations.showback.focus_files import open_focus, unreadable
from mobile_ai.operations.showback.split import DIGITS
from mobile_ai.pricing.focus import ESTIMATED

_no_object = ShowbackError.advising("export the file again", expected="a JSON object")

CATEGORIES: Final = ("Usage", "Purchase", "Tax", "Credit", "Adjustment")
"""Charge categories of FOCUS 1.2."""
NEEDED: Final = (
    "BilledCost",
    "BillingCurrency",
    "BillingPeriodStart",
    "ChargeCategory",
    "EffectiveCost",
    "ServiceName",
    "Tags",
)
"""FOCUS columns without which a bill cannot be allocated."""
_OPTIONAL: Final = ("ResourceId", ESTIMATED, "BillingAccountId")
_PRICES: Final = "USD"
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
        billed: Invoiced cost. Negative for credits and refunds.
        effective: Cost after prepayments are spread over their time.
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
        other_rows: Number of rows of other months in the files.
        other_billed: Billed cost of those rows, by currency.
        estimated: Whether a row says that AWS has not closed the month; exports never say it.
    """

    month: str
    currency: str
    charges: tuple[Charge, ...]
    other_rows: int = 0
    other_billed: Mapping[str, Decimal] = field(default_factory=dict)
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
        ShowbackError: A file is missing or no FOCUS file, a cost is no number or a period no time,
            there are several currencies or payers, or no row is of that month.
    """
    check_month(month)
    with duckdb.connect() as database:
        if len({path.resolve() for path in paths}) < len(paths):
            raise ShowbackError(
                "bill",
                got="one file twice",
                expected="each file once",
                next_step="name it once; nothing was summed",
            )
        for path in paths:
            _load(database, path)
        months = _months(database)
        rows, others, estimated = _summed(database, [p for p, of in months.items() if of == month])
    currencies = _only_one(month, "currencies", [row[0] for row in rows])
    _only_one(month, "payers (BillingAccountId)", [row[1] for row in rows])
    charges = tuple(sorted(map(_charge, rows), key=repr))
    return Bill(
        month=month,
        currency=currencies[0],
        charges=charges,
        other_rows=sum(count for _, count, _ in others),
        other_billed={currency: billed for currency, _, billed in others},
        estimated=estimated,
    )


def require_price_currency(bill: Bill, what: str) -> None:
    """Refuse a bill that is to be added to, or compared with, amounts of another currency.

    Args:
        bill: The bill.
        what: Those amounts, as a message names them; they are US dollars, as list prices are.

    Raises:
        ShowbackError: The bill is in another currency.
    """
    if bill.currency != _PRICES:
        raise ShowbackError(
            f"bill of {bill.month}",
            got=f"a bill in {bill.currency} and {what} in {_PRICES}",
            expected="one currency",
            next_step=f"export the bill in {_PRICES}; no rate of exchange is known here",
        )


def _only_one(month: str, what: str, found: Iterable[str]) -> list[str]:
    values = sorted(set(found))
    if len(values) == 1:
        return values
    raise ShowbackError(
        f"bill of {month}",
        got=f"{what} {values}" if values else "no row of that month",
        expected="rows in one currency, of one payer",
        next_step="name the files of that month, and one currency and payer at a time",
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
    rows = open_focus(database, path, needed=NEEDED, optional=_OPTIONAL)
    place = f"'{_sql(path.name)}, row ' || row_number() OVER ()"
    try:
        database.execute(_TABLE)
        rows.project(f"*, {place}").insert_into("bill")
    except duckdb.Error as error:
        raise unreadable(path, str(error).splitlines()[0], NEEDED) from error


_TABLE: Final = """CREATE TABLE IF NOT EXISTS bill (
    billed VARCHAR, currency VARCHAR, period VARCHAR, category VARCHAR, effective VARCHAR,
    service VARCHAR, tags VARCHAR, resource VARCHAR, estimated VARCHAR, payer VARCHAR,
    place VARCHAR)"""
_COST: Final = f"DECIMAL(38, {DIGITS})"


def _months(database: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the month in UTC of every way in which a row writes its billing period.

    Raises:
        ShowbackError: A row has none, or one that could mean two days.
    """
    found = database.execute("SELECT period, min(place) FROM bill GROUP BY period").fetchall()
    return {period: _month(period, place) for period, place in found}


def _month(period: str | None, place: str) -> str:
    try:
        moment = datetime.fromisoformat(period or "")
    except ValueError as error:
        raise ShowbackError(
            place,
            got=f"BillingPeriodStart {period!r}",
            expected="a date or time in ISO 8601, as FOCUS has it: 2026-10-01T00:00:00Z",
            next_step="export the file again, or correct the row; nothing was summed",
        ) from error
    return f"{moment.astimezone(UTC) if moment.tzinfo else moment:%Y-%m}"


def _summed(
    database: duckdb.DuckDBPyConnection, periods: Sequence[str]
) -> tuple[list[tuple[Any, ...]], list[tuple[str, int, Decimal]], bool]:
    """Return the sums of rows in some periods, and count and sum of all others by currency."""
    try:
        rows = database.execute(
            f"""SELECT coalesce(currency, ''), coalesce(payer, ''), category, coalesce(service, ''),
                coalesce(resource, ''), coalesce(tags, '{{}}'),
                sum(CAST(billed AS {_COST})), sum(CAST(effective AS {_COST})),
                count(billed), count(effective), count(*)
            FROM bill WHERE period IN (SELECT unnest($1)) GROUP BY ALL""",  # noqa: S608
            [list(periods)],
        ).fetchall()
        others = database.execute(
            f"""SELECT coalesce(currency, ''), count(*), sum(CAST(billed AS {_COST}))
            FROM bill WHERE period NOT IN (SELECT unnest($1)) GROUP BY ALL ORDER BY ALL""",  # noqa: S608
            [list(periods)],
        ).fetchall()
        (estimated,) = database.execute(
            """SELECT count(*) FROM bill
            WHERE period IN (SELECT unnest($1)) AND estimated = 'true'""",
            [list(periods)],
        ).fetchone() or (0,)
    except duckdb.Error as error:
        raise ShowbackError(
            "bill",
            got=str(error).splitlines()[0],
            expected="numbers in BilledCost and EffectiveCost",
            next_step="export the file again; nothing was summed",
        ) from error
    return rows, others, bool(estimated)


def _charge(row: tuple[Any, ...]) -> Charge:
    _, _, category, service, resource, tags, billed, effective, *counts = row
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
        tags=_tags(tags, service),
        billed=billed,
        effective=effective,
    )


def _tags(text: str, service: str) -> dict[str, str]:
    what = f"Tags of a charge of {service or 'no service'}"
    found: dict[str, str] = {}
    for key, value in _object(text, what).items():
        match = _TAG.fullmatch(key)
        if match and isinstance(value, str):
            name = match[1].replace("_", "-")
            if found.setdefault(name, value) != value:
                raise ShowbackError(
                    what,
                    got=f"{name!r} twice in {text}, with different values",
                    expected="one value of each cost tag",
                    next_step="remove one of the tags from the resource, or from the row",
                )
    return found


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        value = read_json(text, name=what)
    except DocumentError as error:
        raise _no_object(what, error.got) from error
    if not isinstance(value, dict):
        raise _no_object(what, f"{type(value).__name__} {text:.80}")
    return value


def _sql(text: str) -> str:
    return text.replace("'", "''")
