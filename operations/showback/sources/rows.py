"""What Cost Explorer said, as FOCUS 1.2 rows.

Columns: https://focus.finops.org/focus-specification/v1-2/ (Cost and Usage). Cost Explorer knows
no list prices and no resources: ``ListCost`` and ``ContractedCost`` are null and never a zero.
"""

import csv
import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

from governance.cost.focus import MANDATORY, service_category

from operations.showback.bill import ESTIMATED
from operations.showback.sources.cells import KEYS, Cell

__all__ = ["COLUMNS", "category_of", "explorer_rows", "write_rows"]

_AWS: Final = "Amazon Web Services"
COLUMNS: Final = (*MANDATORY, "SubAccountId", "Tags", ESTIMATED, "x_RecordType")
# Names that Cost Explorer writes otherwise than exports do.
_SERVICES: Final = {
    "Amazon EC2 Container Registry (ECR)": "Amazon Elastic Container Registry",
    "Amazon Elastic Load Balancing": "Elastic Load Balancing",
    "Amazon Kinesis Firehose": "Amazon Data Firehose",
}
# By record type without spaces and signs, as both of its spellings have it.
_CATEGORIES: Final = {
    "usage": "Usage",
    "discountedusage": "Usage",
    "savingsplancoveredusage": "Usage",
    "savingsplannegation": "Usage",
    "fee": "Purchase",
    "rifee": "Purchase",
    "recurring": "Purchase",
    "support": "Purchase",
    "upfront": "Purchase",
    "savingsplanrecurringfee": "Purchase",
    "savingsplanupfrontfee": "Purchase",
    "tax": "Tax",
    "credit": "Credit",
}
_SERVICE, _RECORD = KEYS[-2:]
_LETTERS: Final = re.compile(r"[^a-z]")


def category_of(record_type: str) -> str:
    """Return FOCUS's charge category; refunds, discounts and the unknown are adjustments."""
    return _CATEGORIES.get(_LETTERS.sub("", record_type.lower()), "Adjustment")


def explorer_rows(
    cells: Iterable[Cell], *, month: str, account: str, member: str = ""
) -> Iterator[dict[str, Any]]:
    """Yield a row for every cell.

    Args:
        cells: Of one month, by all ``KEYS``.
        month: ``YYYY-MM``.
        account: The account whose credentials asked.
        member: The member account that was asked for, if one was.
    """
    year, number = map(int, month.split("-"))
    after = f"{year + number // 12}-{number % 12 + 1:02d}-01"
    for cell in cells:
        yield _row(cell) | {
            "BillingAccountId": account,
            "BillingPeriodEnd": f"{after}T00:00:00Z",
            "BillingPeriodStart": f"{month}-01T00:00:00Z",
            "SubAccountId": member or None,
        }


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as CSV, packed if the name ends in ``.gz``, and return how many there are."""
    count = 0
    with _open(path) as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for count, row in enumerate(rows, 1):  # noqa: B007
            writer.writerow(row)
    return count


def _open(path: Path) -> IO[str]:
    opener: Any = gzip.open if path.suffix == ".gz" else Path.open
    file: IO[str] = opener(path, "wt", encoding="utf-8", newline="")
    return file


def _row(cell: Cell) -> dict[str, Any]:
    service = _SERVICES.get(cell.values[_SERVICE], cell.values[_SERVICE]) or "Other"
    record = cell.values[_RECORD]
    tags = {key.name: value for key, value in cell.values.items() if key.type == "TAG" and value}
    return dict.fromkeys(COLUMNS) | {
        "BilledCost": f"{cell.amounts.billed:f}",
        "BillingCurrency": cell.currency,
        "ChargeCategory": category_of(record),
        "ChargeDescription": record if record == service else f"{record} of {service}",
        "ChargePeriodEnd": f"{cell.end}T00:00:00Z",
        "ChargePeriodStart": f"{cell.start}T00:00:00Z",
        "EffectiveCost": f"{cell.amounts.effective:f}",
        "InvoiceIssuerName": _AWS,
        "ProviderName": _AWS,
        "PublisherName": _AWS,
        "ServiceCategory": service_category(service),
        "ServiceName": service,
        "Tags": json.dumps(tags, sort_keys=True),
        ESTIMATED: str(cell.estimated).lower(),
        "x_RecordType": record,
    }
