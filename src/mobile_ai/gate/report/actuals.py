"""Month-to-date actual cost from a FOCUS file (CSV or JSON Lines).

Columns: BilledCost, BillingCurrency, ChargePeriodEnd and Tags of FOCUS 1.2
(https://focus.finops.org/focus-specification/v1-2/).
"""

import calendar
import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.gate.errors import GateError

_NEEDED: Final = ("BilledCost", "BillingCurrency", "ChargePeriodEnd", "Tags")
# Spellings of a tag such as `mobile-ai:cost-center` in bills; exports replace `:` and `-` by `_`.
_TAG: Final = re.compile(r"(?:user[:_])?mobile[-_]ai[:_](.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """Charges of the latest month of a file.

    Attributes:
        month: ``YYYY-MM``.
        day: Elapsed days, up to the end of the last charge.
        days: Days of the month.
        charges: Cost tags, without prefix, and amount of every charge, USD.
    """

    month: str
    day: int
    days: int
    charges: tuple[tuple[Mapping[str, str], Decimal], ...]

    def total(self, **tags: str) -> Decimal:
        """Return the sum of the charges with these tags; an empty value matches a missing tag."""
        return sum(
            (
                usd
                for found, usd in self.charges
                if all(found.get(key, "") == value for key, value in tags.items())
            ),
            Decimal(0),
        )


def read_actuals(path: Path) -> Billed:
    """Return the charges of the latest month of a FOCUS file.

    Raises:
        GateError: The file cannot be read, a column is missing, a cost is not a number, or a
            currency is not US dollars.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        got = getattr(error, "strerror", None) or "bytes that are no UTF-8 text"
        raise _refused(path, got, "a text file") from error
    rows = [_charge(row, path) for row in _rows(text, path)]
    if not rows:
        raise _refused(path, "no charge", "at least one row")
    last = max(end for end, _, _ in rows) - timedelta(microseconds=1)
    mine = [(tags, usd) for end, tags, usd in rows if _month(end) == (last.year, last.month)]
    return Billed(
        month=f"{last:%Y-%m}",
        day=last.day,
        days=calendar.monthrange(last.year, last.month)[1],
        charges=tuple(mine),
    )


def _rows(text: str, path: Path) -> Iterator[Mapping[str, Any]]:
    if text.lstrip().startswith("{"):
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            yield from (read_json(line, name=str(path)) for line in lines)
        except DocumentError as error:
            raise _refused(path, "a line that is no JSON", "one JSON object a line") from error
    else:
        yield from csv.DictReader(text.splitlines())


def _charge(row: Any, path: Path) -> tuple[datetime, Mapping[str, str], Decimal]:
    missing = [name for name in _NEEDED if not isinstance(row, Mapping) or name not in row]
    if missing:
        raise _refused(path, f"no column {', '.join(missing)}", "a FOCUS file")
    if row["BillingCurrency"] != "USD":
        raise _refused(path, f"currency {row['BillingCurrency']!r}", "USD, like the prices")
    try:
        usd, end = Decimal(str(row["BilledCost"])), datetime.fromisoformat(row["ChargePeriodEnd"])
        told = row["Tags"]
        tags = told if isinstance(told, Mapping) else read_json(told or "{}", name="Tags")
        pairs = list(tags.items())
    except (ValueError, TypeError, AttributeError, InvalidOperation, DocumentError) as error:
        raise _refused(path, f"row {row!r:.200}", "a cost, a time and tags") from error
    if not usd.is_finite():
        raise _refused(path, f"BilledCost {row['BilledCost']!r}", "a number")
    zoned = end if end.tzinfo else end.replace(tzinfo=UTC)
    return zoned, dict(_cost_tags(pairs)), usd


def _cost_tags(pairs: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    for key, value in pairs:
        found = _TAG.fullmatch(key)
        if found and isinstance(value, str):
            yield found[1].replace("_", "-"), value


def _month(end: datetime) -> tuple[int, int]:
    last = end - timedelta(microseconds=1)
    return last.year, last.month


def _refused(path: Path, got: str, expected: str) -> GateError:
    return GateError(
        f"--actuals {path}: got {got}; expected {expected}. "
        "Next: `mobile-ai cost actuals` fetches this month's charges; nothing was summed."
    )
