"""An allocation as FOCUS rows: what each owner is charged, for the ledger.

The rows' costs sum to the bill's exactly. Columns: `mobile_ai.pricing.focus`.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from mobile_ai.operations.showback.allocate import Allocated, Allocation
from mobile_ai.pricing.focus import focus_row, month_period


def chargeback_rows(allocation: Allocation, *, account: str) -> Iterator[dict[str, Any]]:
    """Yield a row for every part of every charge.

    Args:
        allocation: The month.
        account: The account that was billed.
    """
    period = month_period(allocation.bill.month)
    for part in allocation.parts:
        service, values = part.charge.service, _columns(part)
        if service == "Edge site":
            values["provider"] = part.charge.resource
        yield focus_row(
            account=account,
            currency=allocation.bill.currency,
            period=period,
            service=service or "Other",
            **values,
        )


def _columns(part: Allocated) -> dict[str, Any]:
    charge, owner = part.charge, part.owner
    return {
        "AllocatedMethodDetails": {
            "method": part.method,
            "ratio": f"{part.ratio:f}",
            "reason": part.reason,
        },
        "AllocatedMethodId": part.method,
        "AllocatedResourceId": "/".join(
            filter(None, owner.at(("app", "model", "version", "ring")))
        ),
        "AllocatedTags": {key: value for key, value in asdict(owner).items() if value},
        "BilledCost": part.billed,
        "ChargeCategory": charge.category,
        "ChargeDescription": f"Part of {charge.service or charge.category} by {part.method}",
        "ContractedCost": part.effective,
        "EffectiveCost": part.effective,
        "ListCost": part.effective,
        "ResourceId": charge.resource or None,
        "x_ModelName": owner.model or None,
        "x_ModelVersion": owner.version or None,
        "x_Ring": owner.ring or None,
    }
