"""An allocation as FOCUS rows: what each owner is charged, for the ledger.

Columns of FOCUS 1.2, with the ``Allocated*`` columns that version 1.3 adds for split costs:
https://focus.finops.org/focus-specification/. The rows' costs sum to the bill's exactly.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from governance.cost.focus import MANDATORY, service_category

from operations.showback.allocate import Allocated, Allocation

__all__ = ["COLUMNS", "chargeback_rows", "write_chargeback"]

_AWS: Final = "Amazon Web Services"
COLUMNS: Final = (
    *MANDATORY,
    "AllocatedMethodDetails",
    "AllocatedMethodId",
    "AllocatedResourceId",
    "AllocatedTags",
    "ResourceId",
    "x_ModelName",
    "x_ModelVersion",
    "x_Ring",
)


def chargeback_rows(allocation: Allocation, *, account: str) -> Iterator[dict[str, Any]]:
    """Yield a row for every part of every charge.

    Args:
        allocation: The month.
        account: The account that was billed.
    """
    year, month = map(int, allocation.bill.month.split("-"))
    period = (
        f"{year}-{month:02d}-01T00:00:00Z",
        f"{year + month // 12}-{month % 12 + 1:02d}-01T00:00:00Z",
    )
    for part in allocation.parts:
        yield _row(part, account=account, currency=allocation.bill.currency, period=period)


def write_chargeback(path: Path, allocation: Allocation, *, account: str) -> int:
    """Write the rows as CSV and return how many there are."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in chargeback_rows(allocation, account=account):
            writer.writerow(row)
            count += 1
    return count


def _row(
    part: Allocated, *, account: str, currency: str, period: tuple[str, str]
) -> dict[str, Any]:
    charge, owner = part.charge, part.owner
    provider = charge.resource if charge.service == "Edge site" else _AWS
    details = {"method": part.method, "ratio": f"{part.ratio:f}", "reason": part.reason}
    start, end = period
    return {
        "AllocatedMethodDetails": json.dumps(details, sort_keys=True),
        "AllocatedMethodId": part.method,
        "AllocatedResourceId": "/".join(
            filter(None, owner.at(("app", "model", "version", "ring")))
        ),
        "AllocatedTags": json.dumps({k: v for k, v in asdict(owner).items() if v}),
        "BilledCost": f"{part.billed:f}",
        "BillingAccountId": account,
        "BillingAccountName": None,
        "BillingCurrency": currency,
        "BillingPeriodEnd": end,
        "BillingPeriodStart": start,
        "ChargeCategory": charge.category,
        "ChargeClass": None,
        "ChargeDescription": f"Part of {charge.service or charge.category} by {part.method}",
        "ChargePeriodEnd": end,
        "ChargePeriodStart": start,
        "ContractedCost": f"{part.effective:f}",
        "EffectiveCost": f"{part.effective:f}",
        "InvoiceIssuerName": provider,
        "ListCost": f"{part.effective:f}",
        "PricingQuantity": None,
        "PricingUnit": None,
        "ProviderName": provider,
        "PublisherName": provider,
        "ResourceId": charge.resource or None,
        "ServiceCategory": service_category(charge.service),
        "ServiceName": charge.service or "Other",
        "x_ModelName": owner.model or None,
        "x_ModelVersion": owner.version or None,
        "x_Ring": owner.ring or None,
    }
