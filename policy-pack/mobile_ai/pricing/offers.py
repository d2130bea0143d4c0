"""Maps catalogue items to products of the AWS Price List, and reads their on-demand tiers.

Products are identified by ``usagetype``, which has a region prefix (``EUC1-``) outside us-east-1:
matching is by suffix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from mobile_ai.pricing.errors import CostError
from mobile_ai.pricing.price import Tier
from mobile_ai.pricing.values import decimal_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A query to the price list.

    Attributes:
        service: The offer code.
        usage: Suffix of the usage type.
        family: The product family; empty for any.
        attributes: Further attributes that a product must have.
    """

    service: str
    usage: str
    family: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


def _offer(service: str, usage: str, family: str = "", **attributes: str) -> Offer:
    return Offer(
        service=service, usage=usage, family=family, attributes=MappingProxyType(attributes)
    )


OFFERS: Final[Mapping[str, Offer]] = MappingProxyType(
    {
        "alb.hour": _offer("AWSELB", "LoadBalancerUsage", operation="LoadBalancing:Application"),
        "alb.lcu": _offer("AWSELB", "LCUUsage", operation="LoadBalancing:Application"),
        "apigateway.http": _offer("AmazonApiGateway", "ApiGatewayHttpRequest"),
        "athena.scan": _offer("AmazonAthena", "DataScannedInTB"),
        "cloudwatch.alarm": _offer("AmazonCloudWatch", "CW:AlarmMonitorUsage"),
        "cloudwatch.alarm.high-resolution": _offer(
            "AmazonCloudWatch", "CW:HighResAlarmMonitorUsage"
        ),
        "cloudwatch.metric": _offer("AmazonCloudWatch", "CW:MetricMonitorUsage"),
        "ecr.storage": _offer("AmazonECR", "TimedStorage-ByteHrs"),
        "endpoint.data": _offer("AmazonVPC", "VpcEndpoint-Bytes"),
        "endpoint.hour": _offer("AmazonVPC", "VpcEndpoint-Hours"),
        "fargate.arm.memory": _offer("AmazonECS", "Fargate-ARM-GB-Hours"),
        "fargate.arm.vcpu": _offer("AmazonECS", "Fargate-ARM-vCPU-Hours:perCPU"),
        "fargate.x86.memory": _offer("AmazonECS", "Fargate-GB-Hours"),
        "fargate.x86.vcpu": _offer("AmazonECS", "Fargate-vCPU-Hours:perCPU"),
        "firehose.ingest": _offer("AmazonKinesisFirehose", "BilledBytes"),
        "ipv4.hour": _offer("AmazonVPC", "PublicIPv4:InUseAddress"),
        "kinesis.ondemand.hour": _offer("AmazonKinesis", "OnDemand-StreamHour"),
        "kinesis.ondemand.in": _offer("AmazonKinesis", "OnDemand-BilledIncomingBytes"),
        "kinesis.ondemand.out": _offer("AmazonKinesis", "OnDemand-BilledOutgoingBytes"),
        "kinesis.ondemand.retention": _offer("AmazonKinesis", "OnDemand-ExtendedRetention-ByteHrs"),
        "kinesis.put": _offer("AmazonKinesis", "PutRequestPayloadUnits"),
        "kinesis.shard": _offer("AmazonKinesis", "Storage-ShardHour"),
        "kinesis.shard.extended": _offer("AmazonKinesis", "Extended-ShardHour"),
        "kms.request": _offer("awskms", "KMS-Requests"),
        "kms.request.asymmetric": _offer("awskms", "KMS-Requests-Asymmetric"),
        "lambda.arm": _offer("AWSLambda", "Lambda-GB-Second-ARM"),
        "lambda.request": _offer("AWSLambda", "Request"),
        "lambda.x86": _offer("AWSLambda", "Lambda-GB-Second"),
        "logs.ingest": _offer("AmazonCloudWatch", "DataProcessing-Bytes"),
        "logs.storage": _offer("AmazonCloudWatch", "TimedStorage-ByteHrs"),
        "logs.vended-s3": _offer("AmazonCloudWatch", "S3-Egress-Bytes"),
        "nat.data": _offer("AmazonEC2", "NatGateway-Bytes", "NAT Gateway"),
        "nat.hour": _offer("AmazonEC2", "NatGateway-Hours", "NAT Gateway"),
        "rds.backup": _offer("AmazonRDS", "RDS:ChargedBackupUsage", databaseEngine="Any"),
        "rds.storage.multi.gp3": _offer(
            "AmazonRDS", "RDS:Multi-AZ-GP3-Storage", "Database Storage", databaseEngine="Any"
        ),
        "rds.storage.single.gp3": _offer(
            "AmazonRDS", "RDS:GP3-Storage", "Database Storage", databaseEngine="Any"
        ),
        "s3.infrequent.retrieval": _offer("AmazonS3", "Retrieval-SIA"),
        "s3.infrequent.storage": _offer("AmazonS3", "TimedStorage-SIA-ByteHrs"),
        "s3.standard.get": _offer("AmazonS3", "Requests-Tier2"),
        "s3.standard.put": _offer("AmazonS3", "Requests-Tier1"),
        "s3.standard.storage": _offer("AmazonS3", "TimedStorage-ByteHrs"),
        "s3.transition.infrequent": _offer("AmazonS3", "Requests-Tier4"),
        "scheduler.invocation": _offer("AWSEvents", "ScheduledInvocation"),
        "secrets.request": _offer("AWSSecretsManager", "AWSSecretsManagerAPIRequest"),
        "secrets.secret": _offer("AWSSecretsManager", "AWSSecretsManager-Secrets"),
        "sns.email": _offer("AmazonSNS", "DeliveryAttempts-SMTP"),
        "sns.request": _offer("AmazonSNS", "Requests-Tier1"),
        "sqs.request": _offer("AWSQueueService", "Requests-Tier1", queueType="Standard"),
    }
)
"""Items of the catalogue and the AWS Price List query of each."""


def offer_of(item: str) -> Offer | None:
    """Return the query for an item, ``None`` if no unambiguous query exists."""
    kind, _, size = item.rpartition("ec2.linux.")
    if kind == "" and size != item:
        return _offer(
            "AmazonEC2",
            f"BoxUsage:{size}",
            operatingSystem="Linux",
            preInstalledSw="NA",
            tenancy="Shared",
        )
    for zones, prefix in (("single", "InstanceUsage"), ("multi", "Multi-AZUsage")):
        start = f"rds.postgres.{zones}."
        if item.startswith(start):
            usage = f"{prefix}:{item.removeprefix(start)}"
            return _offer("AmazonRDS", usage, databaseEngine="PostgreSQL")
    return OFFERS.get(item)


def tiers_of(
    products: Iterable[Mapping[str, Any]], offer: Offer, *, region: str
) -> tuple[Tier, ...]:
    """Return the on-demand tiers of the matching product, empty if none matches.

    A first tier without a charge is an allowance of the account, which the catalogue leaves out.

    Args:
        products: Products of the price list, each with its terms.
        offer: The query.
        region: The region code.

    Raises:
        CostError: If several products or terms match with different prices, a product is
            malformed, its tiers have gaps, or the currency is not USD.
    """
    where = f"price list {offer.service} {offer.usage} {region}"
    try:
        found = {
            tiers
            for product in products
            if _fits(product["product"], offer, region)
            for term in _on_demand(product)
            if (tiers := _charged(_tiers(term, where)))
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise CostError(
            where,
            got=f"a malformed product: {type(error).__name__} {error}",
            expected="a product with attributes, and on-demand terms with prices",
            next_step="`mobile-ai cost prices declare` records a price until then",
        ) from error
    if len(found) > 1:
        raise CostError(
            where,
            got=f"{len(found)} different prices",
            expected="one",
            next_step="narrow the query in policy-pack/mobile_ai/pricing/offers.py",
        )
    return found.pop() if found else ()


def _fits(product: Mapping[str, Any], offer: Offer, region: str) -> bool:
    attributes = product["attributes"]
    usage = str(attributes.get("usagetype", ""))
    prefix = usage.removesuffix(offer.usage)
    return (
        attributes.get("regionCode") == region
        and (prefix != usage or usage == offer.usage)
        and _is_place(prefix, region)
        and offer.family in {"", product.get("productFamily")}
        and all(attributes.get(key) == value for key, value in offer.attributes.items())
    )


def _is_place(prefix: str, region: str) -> bool:
    """True for a region's prefix (``EUC1-``, ``eu-central-1-``), not for a longer usage type."""
    short = prefix.endswith("-") and prefix[:-1].isalnum()
    return prefix in {"", f"{region}-"} or short


def _charged(tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
    charged = tuple(tier for tier in tiers if tier.price)
    return charged if not charged or charged == tiers[1:] else tiers


def _on_demand(product: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Return the on-demand terms of a product; reserved ones alone have none."""
    terms: Mapping[str, Any] = product["terms"].get("OnDemand", {})
    return terms.values()


def _tiers(term: Mapping[str, Any], where: str) -> tuple[Tier, ...]:
    rows = [
        (
            decimal_of(row["beginRange"], what=f"{where}: beginRange"),
            Tier(_end(row["endRange"], where), _usd(row)),
        )
        for row in term["priceDimensions"].values()
    ]
    rows.sort(key=lambda row: row[0])
    begins = [begin for begin, _ in rows]
    ends = [tier.up_to for _, tier in rows]
    if [Decimal(0), *ends] != [*begins, None]:
        raise CostError(
            where,
            got=f"tiers {[f'{begin:f} to {end}' for begin, end in zip(begins, ends, strict=True)]}",
            expected="tiers from 0 to Inf without a gap",
            next_step="`mobile-ai cost prices declare` records a price until then",
        )
    return tuple(tier for _, tier in rows)


def _end(text: str, where: str) -> Decimal | None:
    return None if text == "Inf" else decimal_of(text, what=f"{where}: endRange")


def _usd(row: Mapping[str, Any]) -> Decimal:
    prices: Mapping[str, str] = row["pricePerUnit"]
    if "USD" not in prices:
        raise CostError(
            "price list",
            got=f"currency {sorted(prices)}",
            expected="USD",
            next_step="query the price list of the commercial regions",
        )
    return decimal_of(prices["USD"], what="pricePerUnit")
