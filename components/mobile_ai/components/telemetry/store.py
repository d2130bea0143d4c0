"""Telemetry store: Firehose to Parquet, Glue table, Athena workgroup with a scan limit."""

from typing import Any, Final, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws.function import ServiceFunction
from mobile_ai.components.aws.log_group import log_group
from mobile_ai.components.aws.names import AwsScope, bucket_arn, physical_name, to_wire
from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.aws.role import service_role
from mobile_ai.components.telemetry import plan

_TRANSFORM_SECONDS: Final = 120
_TRANSFORM_COPIES: Final = 10
_BYTES_PER_GB: Final = 1024**3


class TelemetryStoreArgs(TypedDict):
    """Arguments of :class:`TelemetryStore`."""

    scope: AwsScope
    platform: PlatformParts
    stream_arn: pulumi.Input[str]
    bucket: str
    key_arn: pulumi.Input[str]
    key_alias: str
    buffer_seconds: int
    buffer_mb: int
    scan_limit_gb: int
    group_apps: list[str]
    """Applications whose events may name a group."""


class TelemetryStore(pulumi.ComponentResource):
    """Validating transform, delivery stream, Glue database and table, Athena workgroup."""

    database: str
    workgroup: str

    def __init__(
        self, name: str, args: TelemetryStoreArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the store."""
        super().__init__("mobileai:index:TelemetryStore", name, to_wire(args), opts)
        scope = args["scope"]
        child = pulumi.ResourceOptions(parent=self)
        self.database = plan.database_name(scope)
        self.workgroup = physical_name(scope, "telemetry")
        table = _table(name, args, child)
        function = _transform(name, args, child)
        role = service_role(
            f"{name}-delivery",
            scope=scope,
            service="firehose.amazonaws.com",
            purpose="telemetry-delivery",
            statements=plan.delivery_rights(
                scope,
                bucket=args["bucket"],
                key_alias=args["key_alias"],
                function_arn=function.arn,
            ),
            opts=child,
        )
        _delivery_stream(name, args, (table, function, role), child)
        _workgroup(name, args, child)
        self.register_outputs({"database": self.database, "workgroup": self.workgroup})


def _transform(
    name: str, args: TelemetryStoreArgs, opts: pulumi.ResourceOptions
) -> ServiceFunction:
    scope, bucket = args["scope"], args["bucket"]
    return ServiceFunction(
        f"{name}-transform",
        {
            "scope": scope,
            "platform": args["platform"],
            "purpose": "telemetry-transform",
            "sources": ["telemetry_transform.py"],
            "shared": ["telemetry.py", "telemetry_request.py"],
            "environment": {
                "BUCKET": bucket,
                "STACK": scope["stack"],
                "GROUP_APPS": " ".join(args["group_apps"]),
            },
            "statements": plan.transform_rights(scope, bucket=bucket, key_alias=args["key_alias"]),
            "timeout_seconds": _TRANSFORM_SECONDS,
            "concurrency": _TRANSFORM_COPIES,
        },
        opts,
    )


def _table(
    name: str, args: TelemetryStoreArgs, opts: pulumi.ResourceOptions
) -> aws.glue.CatalogTable:
    database = aws.glue.CatalogDatabase(
        name, name=plan.database_name(args["scope"]), description="Telemetry", opts=opts
    )
    parquet = "org.apache.hadoop.hive.ql.io.parquet"
    return aws.glue.CatalogTable(
        name,
        name=plan.TABLE,
        database_name=database.name,
        table_type="EXTERNAL_TABLE",
        parameters=plan.table_parameters(args["bucket"]),
        partition_keys=[{"name": "dt", "type": "string"}],
        storage_descriptor={
            "location": f"s3://{args['bucket']}/{plan.TABLE}/",
            "input_format": f"{parquet}.MapredParquetInputFormat",
            "output_format": f"{parquet}.MapredParquetOutputFormat",
            "ser_de_info": {"serialization_library": f"{parquet}.serde.ParquetHiveSerDe"},
            "columns": plan.columns(),
        },
        opts=opts,
    )


def _delivery_stream(
    name: str,
    args: TelemetryStoreArgs,
    parts: tuple[aws.glue.CatalogTable, ServiceFunction, aws.iam.Role],
    opts: pulumi.ResourceOptions,
) -> None:
    table, function, role = parts
    group = log_group(
        f"{name}-delivery",
        "service",
        "telemetry-delivery",
        scope=args["scope"],
        platform=args["platform"],
        opts=opts,
    )
    day = "dt=!{timestamp:yyyy-MM-dd}/"
    aws.kinesis.FirehoseDeliveryStream(
        name,
        name=physical_name(args["scope"], "telemetry"),
        destination="extended_s3",
        kinesis_source_configuration={
            "kinesis_stream_arn": args["stream_arn"],
            "role_arn": role.arn,
        },
        extended_s3_configuration={
            "role_arn": role.arn,
            "bucket_arn": bucket_arn(args["bucket"]),
            "kms_key_arn": args["key_arn"],
            "prefix": f"{plan.TABLE}/{day}",
            "error_output_prefix": f"quarantine/!{{firehose:error-output-type}}/{day}",
            "buffering_interval": args["buffer_seconds"],
            "buffering_size": args["buffer_mb"],
            "cloudwatch_logging_options": {
                "enabled": True,
                "log_group_name": group.name,
                "log_stream_name": "delivery",
            },
            "processing_configuration": {
                "enabled": True,
                "processors": [_processor(function.function_arn)],
            },
            "data_format_conversion_configuration": _parquet(args["scope"], table, role),
        },
        opts=opts,
    )


def _processor(function_arn: pulumi.Output[str]) -> dict[str, Any]:
    """Return the transform; parameters equal to an AWS default are omitted.

    The provider does not keep such parameters in its state, so every preview would add them again
    (terraform-provider-aws, kinesis_firehose_delivery_stream, note on `parameters`).
    """
    function = function_arn.apply(lambda arn: f"{arn}:$LATEST")
    return {
        "type": "Lambda",
        "parameters": [{"parameter_name": "LambdaArn", "parameter_value": function}],
    }


def _parquet(scope: AwsScope, table: aws.glue.CatalogTable, role: aws.iam.Role) -> dict[str, Any]:
    return {
        "enabled": True,
        "input_format_configuration": {"deserializer": {"open_x_json_ser_de": {}}},
        "output_format_configuration": {
            "serializer": {"parquet_ser_de": {"compression": "SNAPPY"}}
        },
        "schema_configuration": {
            "database_name": table.database_name,
            "table_name": table.name,
            "region": scope["region"],
            "role_arn": role.arn,
        },
    }


def _workgroup(name: str, args: TelemetryStoreArgs, opts: pulumi.ResourceOptions) -> None:
    aws.athena.Workgroup(
        name,
        name=physical_name(args["scope"], "telemetry"),
        force_destroy=not args["scope"]["protect"],
        configuration={
            "enforce_workgroup_configuration": True,
            "publish_cloudwatch_metrics_enabled": True,
            "bytes_scanned_cutoff_per_query": args["scan_limit_gb"] * _BYTES_PER_GB,
            "result_configuration": {
                "output_location": f"s3://{args['bucket']}/athena/",
                "encryption_configuration": {
                    "encryption_option": "SSE_KMS",
                    "kms_key_arn": args["key_arn"],
                },
            },
        },
        opts=opts,
    )
