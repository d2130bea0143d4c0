"""Shorthands for bills and measurements."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from mobile_ai.operations.showback.bill import Bill, Charge
from mobile_ai.operations.showback.measured import MeasuredMonth

__all__ = ["bill_of", "charge", "measured_month"]


def charge(service: str, cost: str, *, category: str = "Usage", **tags: str) -> Charge:
    """Return a charge whose billed and effective costs agree."""
    return Charge(
        service=service,
        category=category,
        tags=tags,
        billed=Decimal(cost),
        effective=Decimal(cost),
    )


def bill_of(*charges: Charge) -> Bill:
    """Return a bill of October."""
    return Bill(month="2026-10", currency="USD", charges=charges)


def measured_month(
    rows: Sequence[dict[str, Any]],
    *,
    nodes: Sequence[dict[str, Any]] = (),
    pods: Sequence[dict[str, Any]] = (),
) -> MeasuredMonth:
    """Return what was measured in October."""
    return MeasuredMonth.model_validate(
        {
            "apiVersion": "mobile-ai/v1",
            "kind": "MeasuredMonth",
            "month": "2026-10",
            "rows": rows,
            "nodes": nodes,
            "pods": pods,
        }
    )
