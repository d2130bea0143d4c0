"""Estimates as FOCUS 1.2 rows, so that plans and bills stand in one table.

Columns and their rules: https://focus.finops.org/focus-specification/v1-2/ (Cost and Usage).
A row is a line of the estimate in one band; what is unknown has null costs and never a zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from .estimate import Estimate
from .line import Line

__all__ = ["BANDS", "MANDATORY", "focus_rows", "service_category"]

BANDS: Final = ("low", "typical", "high")
MANDATORY: Final = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
)
_AWS: Final = "Amazon Web Services"
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


def focus_rows(
    estimate: Estimate, *, account: str, year: int, month: int
) -> Iterator[dict[str, Any]]:
    """Yield the billed lines of an estimate as FOCUS rows, one per band.

    Args:
        estimate: The estimate.
        account: The account that would be billed.
        year: Of the billing period.
        month: Of the billing period.
    """
    start = datetime(year, month, 1, tzinfo=UTC)
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    for line in estimate.lines:
        if line.billed and line.status != "free":
            for band in BANDS:
                yield _row(estimate, line, band, account=account, period=(start, end))


def _row(
    estimate: Estimate,
    line: Line,
    band: str,
    *,
    account: str,
    period: tuple[datetime, datetime],
) -> dict[str, Any]:
    cost = None if line.amount is None else getattr(line.amount, band)
    quantity = None if line.quantity is None or cost is None else getattr(line.quantity, band)
    service, category = _SERVICES.get(line.item.partition(".")[0], ("Other", "Other"))
    provider = line.region or "site" if line.item.startswith("site.") else _AWS
    start, end = (item.strftime("%Y-%m-%dT%H:%M:%SZ") for item in period)
    model, version = _model(estimate, line)
    costs = dict.fromkeys(
        ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), _number(cost)
    )
    return costs | {
        "BillingAccountId": account,
        "BillingAccountName": None,
        "BillingCurrency": estimate.currency,
        "BillingPeriodStart": start,
        "BillingPeriodEnd": end,
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": f"Estimate of {line.item} for {line.name}",
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
        "InvoiceIssuerName": provider,
        "PricingQuantity": _number(quantity),
        "PricingUnit": line.unit if quantity is not None else None,
        "ProviderName": provider,
        "PublisherName": provider,
        "RegionId": line.region or None,
        "ResourceId": line.urn,
        "ResourceName": line.name,
        "ResourceType": line.type,
        "ServiceCategory": category,
        "ServiceName": service,
        "x_EstimateBand": band,
        "x_EstimateStatus": line.status,
        "x_ModelName": model,
        "x_ModelVersion": version,
    }


def _model(estimate: Estimate, line: Line) -> tuple[str | None, str | None]:
    if len(line.shares) != 1:
        return None, None  # of the whole stack, or of several models
    return estimate.plan.demands[next(iter(line.shares))].model


def _number(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
