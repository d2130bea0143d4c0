"""IAM rights, table, alarms and dashboard of telemetry, as plain values."""

import json
from typing import Any, Final

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.names import (
    AwsScope,
    arn,
    bucket_arn,
    log_group_arn,
    log_group_name,
    physical_name,
)
from mobile_ai.contracts.telemetry import FIELDS

TABLE: Final = "events"
"""Glue table of events."""
ACCESS_LOG_FORMAT: Final = json.dumps(
    {
        "requestId": "$context.requestId",
        "time": "$context.requestTime",
        "route": "$context.routeKey",
        "status": "$context.status",
        "bytes": "$context.responseLength",
        "latencyMs": "$context.responseLatency",
        "authorizer": "$context.authorizer.error",
        "integration": "$context.integrationErrorMessage",
    }
)
"""Access log line; without address, user agent and token subject: senders are not recorded."""


def database_name(scope: AwsScope) -> str:
    """Return the name of the Glue database; Athena requires quotes around hyphens."""
    return physical_name(scope, "telemetry").replace("-", "_")


def delivery_log_group(scope: AwsScope) -> str:
    """Return the log group of delivery errors."""
    return log_group_name(scope, "service", "telemetry-delivery")


def columns() -> list[dict[str, str]]:
    """Return the columns of the events table, in the order of the schema."""
    return [{"name": name, "type": field.column} for name, field in FIELDS.items()]


def table_parameters(bucket: str) -> dict[str, str]:
    """Return the table parameters; partition projection by day replaces a crawler."""
    return {
        "EXTERNAL": "TRUE",
        "classification": "parquet",
        "projection.enabled": "true",
        "projection.dt.type": "date",
        "projection.dt.format": "yyyy-MM-dd",
        "projection.dt.range": "2026-01-01,NOW",
        "storage.location.template": f"s3://{bucket}/{TABLE}/dt=${{dt}}",
    }


def api_rights(scope: AwsScope, *, key_alias: str) -> list[dict[str, Any]]:
    """Return the API's rights to put events on the stream."""
    return [
        iam.allow("PutEvents", ["kinesis:PutRecord"], [_stream(scope)]),
        iam.use_key(scope, key_alias, actions=["kms:GenerateDataKey"]),
    ]


def transform_rights(scope: AwsScope, *, bucket: str, key_alias: str) -> list[dict[str, Any]]:
    """Return the transform's rights to quarantine invalid events."""
    return [
        iam.allow("Quarantine", ["s3:PutObject"], [f"{bucket_arn(bucket)}/quarantine/refused/*"]),
        iam.use_key(
            scope,
            key_alias,
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            sid="UseTelemetryKey",
        ),
    ]


def delivery_rights(
    scope: AwsScope, *, bucket: str, key_alias: str, function_arn: str
) -> list[dict[str, Any]]:
    """Return Firehose's rights: read the stream, transform, look up the table, write."""
    read = ["DescribeStream", "GetRecords", "GetShardIterator", "ListShards"]
    write = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    catalog = ["catalog", f"database/{database_name(scope)}", f"table/{database_name(scope)}/*"]
    store = bucket_arn(bucket)
    return [
        iam.allow("ReadStream", [f"kinesis:{verb}" for verb in read], [_stream(scope)]),
        iam.allow(
            "Transform",
            ["lambda:GetFunctionConfiguration", "lambda:InvokeFunction"],
            [function_arn, f"{function_arn}:*"],
        ),
        iam.allow(
            "ReadTable",
            ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"],
            [arn(scope, "glue", part) for part in catalog],
        ),
        iam.allow("Write", write, [f"{store}/{TABLE}/*", f"{store}/quarantine/*"]),
        iam.allow(
            "FindBucket",
            ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            [store],
        ),
        iam.log_writer(log_group_arn(scope, delivery_log_group(scope))),
        iam.use_key(scope, key_alias, actions=["kms:Decrypt", "kms:GenerateDataKey"]),
    ]


def alarms(scope: AwsScope, *, buffer_seconds: int) -> dict[str, dict[str, Any]]:
    """Return the alarms by name; more than 5 % refused events raise one."""
    name = physical_name(scope, "telemetry")
    above = {"comparison_operator": "GreaterThanThreshold", "treat_missing_data": "notBreaching"}
    five_minutes = {**above, "period": 300, "evaluation_periods": 2}
    stack = {"Stack": scope["stack"]}
    return {
        "late": {
            **five_minutes,
            "namespace": "AWS/Firehose",
            "metric_name": "DeliveryToS3.DataFreshness",
            "dimensions": {"DeliveryStreamName": name},
            "statistic": "Maximum",
            "threshold": 3 * buffer_seconds,  # seconds
        },
        "throttled": {
            **five_minutes,
            "namespace": "AWS/Kinesis",
            "metric_name": "WriteProvisionedThroughputExceeded",
            "dimensions": {"StreamName": name},
            "statistic": "Sum",
            "threshold": 0,
        },
        "refused": {
            **above,
            "evaluation_periods": 3,
            "threshold": 5,  # percent
            "metric_queries": [
                _query("accepted", "EventsAccepted", stack),
                _query("refused", "EventsRefused", stack),
                {
                    "id": "share",
                    "expression": "100 * refused / (accepted + refused)",
                    "label": "refused events, percent",
                    "return_data": True,
                },
            ],
        },
    }


def dashboard(scope: AwsScope) -> str:
    """Return the dashboard: events accepted and refused, delivery lag, incoming bytes."""
    name, stack = physical_name(scope, "telemetry"), scope["stack"]
    events = [
        ["MobileAI/Telemetry", kind, "Stack", stack] for kind in ("EventsAccepted", "EventsRefused")
    ]
    late = [["AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", name]]
    incoming = [["AWS/Kinesis", "IncomingBytes", "StreamName", name]]
    signed = [["MobileAI/Delivery", "TimestampSigned", "Stack", stack]]
    rows = [
        ("Events", "Sum", events),
        ("Delivery lag, seconds", "Maximum", late),
        ("Incoming bytes", "Sum", incoming),
        ("Release freshness signed", "Sum", signed),
    ]
    widgets = [
        _widget(at, title, stat, metrics, scope["region"])
        for at, (title, stat, metrics) in enumerate(rows)
    ]
    return json.dumps({"widgets": widgets})


def _widget(
    at: int, title: str, stat: str, metrics: list[list[str]], region: str
) -> dict[str, Any]:
    properties = {
        "title": title,
        "region": region,
        "stat": stat,
        "period": 300,
        "metrics": metrics,
        "view": "timeSeries",
    }
    place = {"x": 12 * (at % 2), "y": 6 * (at // 2), "width": 12, "height": 6}
    return {"type": "metric", **place, "properties": properties}


def _query(query: str, metric: str, dimensions: dict[str, str]) -> dict[str, Any]:
    source = {
        "namespace": "MobileAI/Telemetry",
        "metric_name": metric,
        "dimensions": dimensions,
        "period": 300,
        "stat": "Sum",
    }
    return {"id": query, "metric": source, "return_data": False}


def _stream(scope: AwsScope) -> str:
    return arn(scope, "kinesis", f"stream/{physical_name(scope, 'telemetry')}")
