"""Converts Cost Explorer results to FOCUS 1.2 rows.

Columns: https://focus.finops.org/focus-specification/v1-2/ (Cost and Usage). Cost Explorer knows
no list prices and no resources: ``ListCost`` and ``ContractedCost`` are null and never a zero.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from mobile_ai.operations.showback.sources.cells import KEYS, Cell
from mobile_ai.pricing.focus import ESTIMATED, focus_row, month_period

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
    for cell in cells:
        yield focus_row(
            account=account,
            currency=cell.currency,
            period=month_period(month),
            service=_service(cell),
            SubAccountId=member or None,
            **_columns(cell),
        )


def _service(cell: Cell) -> str:
    return _SERVICES.get(cell.values[_SERVICE], cell.values[_SERVICE]) or "Other"


def _columns(cell: Cell) -> dict[str, Any]:
    service, record = _service(cell), cell.values[_RECORD]
    return {
        "BilledCost": cell.amounts.billed,
        "ChargeCategory": category_of(record),
        "ChargeDescription": record if record == service else f"{record} of {service}",
        "ChargePeriodEnd": date.fromisoformat(cell.end),
        "ChargePeriodStart": date.fromisoformat(cell.start),
        "EffectiveCost": cell.amounts.effective,
        "Tags": {
            key.name: value for key, value in cell.values.items() if key.type == "TAG" and value
        },
        ESTIMATED: cell.estimated,
        "x_RecordType": record,
    }
