"""The columns of FOCUS 1.2 that are written and read here, and estimates as such rows.

Columns and their rules: https://focus.finops.org/focus-specification/v1-2/ (Cost and Usage). The
``Allocated*`` columns are those that version 1.3 adds for split costs; ours begin with ``x_``.
A row of an estimate is a line in one band; what is unknown has null costs and never a zero.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from mobile_ai.pricing.estimate import CostEstimate
from mobile_ai.pricing.line import Line

_Period = tuple[datetime, datetime]  # the second is the first moment after it
_Kind = Literal["decimal", "json", "text", "time"]

BANDS: Final = ("low", "typical", "high")
"""Bands of an estimate."""
ESTIMATED: Final = "x_Estimated"
"""Column that says whether AWS has not closed the month; from Cost Explorer alone."""
MANDATORY: Final[Mapping[str, _Kind]] = {
    "BilledCost": "decimal",
    "BillingAccountId": "text",
    "BillingAccountName": "text",
    "BillingCurrency": "text",
    "BillingPeriodEnd": "time",
    "BillingPeriodStart": "time",
    "ChargeCategory": "text",
    "ChargeClass": "text",
    "ChargeDescription": "text",
    "ChargePeriodEnd": "time",
    "ChargePeriodStart": "time",
    "ContractedCost": "decimal",
    "EffectiveCost": "decimal",
    "InvoiceIssuerName": "text",
    "ListCost": "decimal",
    "PricingQuantity": "decimal",
    "PricingUnit": "text",
    "ProviderName": "text",
    "PublisherName": "text",
    "ServiceCategory": "text",
    "ServiceName": "text",
}
"""Columns that FOCUS requires, with the type of their values."""
COLUMNS: Final[Mapping[str, _Kind]] = {
    **MANDATORY,
    "AllocatedMethodDetails": "json",
    "AllocatedMethodId": "text",
    "AllocatedResourceId": "text",
    "AllocatedTags": "json",
    "InvoiceId": "text",
    "RegionId": "text",
    "ResourceId": "text",
    "ResourceName": "text",
    "ResourceType": "text",
    "SubAccountId": "text",
    "Tags": "json",
    "x_EstimateBand": "text",
    "x_EstimateStatus": "text",
    ESTIMATED: "json",
    "x_ModelName": "text",
    "x_ModelVersion": "text",
    "x_RecordType": "text",
    "x_Ring": "text",
}
"""Columns that are written, with the type of their values."""
_AWS: Final = "Amazon Web Services"
_WRITTEN: Final[Mapping[_Kind, Callable[[Any], str]]] = {
    "decimal": lambda value: f"{value:f}",
    "json": lambda value: json.dumps(value, sort_keys=True),
    "text": str,
    "time": lambda value: f"{value:%Y-%m-%dT%H:%M:%SZ}",
}
# Service names as bills write them, and FOCUS's closed list of categories.
_SERVICES: Final = {
    "alb": ("Elastic Load Balancing", "Networking"),
    "apigateway": ("Amazon API Gateway", "Integration"),
    "athena": ("Amazon Athena", "Analytics"),
    "cloudfront": ("Amazon CloudFront", "Networking"),
    "cloudwatch": ("AmazonCloudWatch", "Management and Governance"),
    "ec2": ("Amazon Elastic Compute Cloud", "Compute"),
    "ecr": ("Amazon Elastic Container Registry", "Compute"),
    "endpoint": ("Amazon Virtual Private Cloud", "Networking"),
    "fargate": ("Amazon Elastic Container Service", "Compute"),
    "firehose": ("Amazon Data Firehose", "Analytics"),
    "ipv4": ("Amazon Virtual Private Cloud", "Networking"),
    "kinesis": ("Amazon Kinesis", "Analytics"),
    "kms": ("AWS Key Management Service", "Security"),
    "lambda": ("AWS Lambda", "Compute"),
    "logs": ("AmazonCloudWatch", "Management and Governance"),
    "nat": ("Amazon Virtual Private Cloud", "Networking"),
    "rds": ("Amazon Relational Database Service", "Databases"),
    "route53": ("Amazon Route 53", "Networking"),
    "s3": ("Amazon Simple Storage Service", "Storage"),
    "scheduler": ("Amazon EventBridge", "Integration"),
    "secrets": ("AWS Secrets Manager", "Security"),
    "site": ("Edge site", "Compute"),
    "sns": ("Amazon Simple Notification Service", "Integration"),
    "sqs": ("Amazon Simple Queue Service", "Integration"),
    "transfer": ("AWS Data Transfer", "Networking"),
    "waf": ("AWS WAF", "Security"),
    "xray": ("AWS X-Ray", "Management and Governance"),
}


_CATEGORIES: Final = dict(_SERVICES.values())


def service_category(service: str) -> str:
    """Return FOCUS's category of a service as bills name it; ``Other`` where it is not known."""
    return _CATEGORIES.get(service, "Other")


def month_period(month: str) -> _Period:
    """Return a calendar month in UTC, named ``YYYY-MM``."""
    start = datetime.fromisoformat(f"{month}-01T00:00:00Z")
    return start, (start + timedelta(days=31)).replace(day=1)


def focus_row(
    *,
    account: str,
    currency: str,
    period: _Period,
    service: str,
    provider: str = _AWS,
    **values: Any,
) -> dict[str, str | None]:
    """Return a row as text: every mandatory column and those given, null where nothing is given.

    Args:
        account: The account that is billed.
        currency: Of every cost.
        period: The billing period; the charge period too, unless it is given.
        service: Name as bills write it; its category follows.
        provider: Provider, publisher and issuer of the invoice.
        values: Further columns with `Decimal`, UTC `datetime`, JSON values or text by their kind.

    Raises:
        KeyError: If there is no such column.
    """
    start, end = period
    row = dict.fromkeys(MANDATORY) | {
        "BillingAccountId": account,
        "BillingCurrency": currency,
        "BillingPeriodEnd": end,
        "BillingPeriodStart": start,
        "ChargePeriodEnd": end,
        "ChargePeriodStart": start,
        "InvoiceIssuerName": provider,
        "ProviderName": provider,
        "PublisherName": provider,
        "ServiceCategory": service_category(service),
        "ServiceName": service,
        **values,
    }
    return {
        name: None if value is None else _WRITTEN[COLUMNS[name]](value)
        for name, value in row.items()
    }


def focus_rows(
    estimate: CostEstimate, *, account: str, year: int, month: int
) -> Iterator[dict[str, Any]]:
    """Yield the billed lines of an estimate as FOCUS rows, one per band.

    Args:
        estimate: The estimate.
        account: The account that would be billed.
        year: Of the billing period.
        month: Of the billing period.
    """
    period = month_period(f"{year}-{month:02d}")
    for line in estimate.lines:
        if line.billed and line.status != "free":
            for band in BANDS:
                yield _row(estimate, line, band, account=account, period=period)


def _row(
    estimate: CostEstimate, line: Line, band: str, *, account: str, period: _Period
) -> dict[str, Any]:
    cost: Decimal | None = None if line.amount is None else getattr(line.amount, band)
    quantity = None if line.quantity is None or cost is None else getattr(line.quantity, band)
    service, _ = _SERVICES.get(line.item.partition(".")[0], ("Other", "Other"))
    model, version = _model(estimate, line)
    return focus_row(
        account=account,
        currency=estimate.currency,
        period=period,
        service=service,
        provider=line.region or "site" if line.item.startswith("site.") else _AWS,
        **dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), cost),
        ChargeCategory="Usage",
        ChargeDescription=f"Estimate of {line.item} for {line.name}",
        PricingQuantity=quantity,
        PricingUnit=line.unit if quantity is not None else None,
        RegionId=line.region or None,
        ResourceId=line.urn,
        ResourceName=line.name,
        ResourceType=line.type,
        x_EstimateBand=band,
        x_EstimateStatus=line.status,
        x_ModelName=model,
        x_ModelVersion=version,
    )


def _model(estimate: CostEstimate, line: Line) -> tuple[str | None, str | None]:
    if len(line.shares) != 1:
        return None, None  # of the whole stack, or of several models
    return estimate.plan.demands[next(iter(line.shares))].model
