"""Generated FOCUS files as a bill export writes them: all mandatory columns, tags as JSON."""

import csv
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from mobile_ai.pricing.focus import MANDATORY, service_category

__all__ = ["row", "write_csv"]


def row(
    service: str = "Amazon CloudFront",
    *,
    cost: str | Decimal = "1",
    effective: str | Decimal | None = None,
    category: str = "Usage",
    tags: Mapping[str, str] | None = None,
    month: str = "2026-10",
    currency: str = "USD",
    resource: str = "",
) -> dict[str, Any]:
    """Return one hour of one resource."""
    paid = cost if effective is None else effective
    after = f"{month[:5]}{int(month[5:]) + 1:02d}-01T00:00:00Z"
    return dict.fromkeys(MANDATORY) | {
        "BilledCost": str(cost),
        "BillingAccountId": "444455556666",
        "BillingCurrency": currency,
        "BillingPeriodEnd": after,
        "BillingPeriodStart": f"{month}-01T00:00:00Z",
        "ChargeCategory": category,
        "ChargePeriodEnd": f"{month}-01T01:00:00Z",
        "ChargePeriodStart": f"{month}-01T00:00:00Z",
        "ContractedCost": str(paid),
        "EffectiveCost": str(paid),
        "InvoiceIssuerName": "Amazon Web Services",
        "ListCost": str(paid),
        "ProviderName": "Amazon Web Services",
        "PublisherName": "Amazon Web Services",
        "ResourceId": resource,
        "ServiceCategory": service_category(service),
        "ServiceName": service,
        "Tags": json.dumps({f"mobile-ai:{key}": value for key, value in (tags or {}).items()}),
    }


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write rows as a CSV export and return the path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
