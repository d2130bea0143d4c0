"""Catalogue items that a price model asks for, of the resource types that a stack may declare.

The product with every region of the catalogue is the set of rows that an estimate can need. Tests
compare the list with the price models and with the sizes that the rules allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mobile_ai.pricing.catalogue import Catalogue

DATABASES: Final = ("db.t4g.micro", "db.t4g.small", "db.t4g.medium", "db.m7g.large")
"""Instance classes that the rule `sizes-allowed` lists unless a pack's config says otherwise."""

REGIONAL_ITEMS: Final = (
    "alb.hour",
    "alb.lcu",
    "apigateway.http",
    "athena.scan",
    "cloudwatch.alarm",
    "cloudwatch.alarm.high-resolution",
    "cloudwatch.metric",
    "ecr.storage",
    "endpoint.data",
    "endpoint.hour",
    "fargate.arm.memory",
    "fargate.arm.vcpu",
    "fargate.x86.memory",
    "fargate.x86.vcpu",
    "firehose.convert",
    "firehose.ingest",
    "ipv4.hour",
    "kinesis.ondemand.hour",
    "kinesis.ondemand.in",
    "kinesis.ondemand.out",
    "kinesis.ondemand.retention",
    "kinesis.put",
    "kinesis.shard",
    "kinesis.shard.extended",
    "kms.request",
    "kms.request.asymmetric",
    "lambda.arm",
    "lambda.request",
    "lambda.x86",
    "logs.ingest",
    "logs.storage",
    "logs.vended-s3",
    "nat.data",
    "nat.hour",
    "rds.backup",
    *(f"rds.postgres.{zones}.{size}" for zones in ("multi", "single") for size in DATABASES),
    "rds.storage.multi.gp3",
    "rds.storage.single.gp3",
    "s3.infrequent.retrieval",
    "s3.infrequent.storage",
    "s3.standard.get",
    "s3.standard.put",
    "s3.standard.storage",
    "s3.transition.infrequent",
    "scheduler.invocation",
    "secrets.request",
    "secrets.secret",
    "sns.email",
    "sns.request",
    "sqs.request",
    "transfer.region",
)
"""Items with a price in each region."""

GLOBAL_ITEMS: Final = (
    "cloudfront.function",
    "cloudwatch.dashboard",
    "kms.key",
    "route53.query",
    "route53.zone",
    "waf.acl",
    "waf.request",
    "waf.rule",
    "xray.trace",
)
"""Items with one price for all regions, apart from exceptions that have a row of their own."""

EDGE_ITEMS: Final = ("cloudfront.egress", "cloudfront.request.https")
"""Items with a price for each area of viewers that an estimate counts."""

_AREAS: Final = ("edge:europe", "edge:us")
_WORLD: Final = "global"


def regions_of(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the AWS regions of a catalogue, sorted."""
    return tuple(sorted({region for _, region in catalogue.prices if _is_region(region)}))


def asked_rows(catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    """Return item and region of every row that an estimate can need."""
    regional = ((item, region) for item in REGIONAL_ITEMS for region in regions_of(catalogue))
    edge = ((item, area) for item in EDGE_ITEMS for area in _AREAS)
    return (*regional, *((item, _WORLD) for item in GLOBAL_ITEMS), *edge)


def _is_region(text: str) -> bool:
    return "-" in text and not text.startswith("edge:")
