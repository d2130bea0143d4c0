"""Registry database: PostgreSQL on RDS, reachable by the server only, over verified TLS."""

from typing import Any, Final, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws.names import AwsScope, physical_name, to_wire
from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.registry.plan import DATABASE_NAME, DATABASE_PORT, database_parameter

# Major version only: RDS installs the newest minor version and upgrades it automatically. An
# exact pin would plan a downgrade after the first upgrade, and minor versions are withdrawn.
_MAJOR_VERSION: Final = "17"
_MONITORING_SECONDS: Final = 60
_INSIGHTS_DAYS: Final = 7  # the free tier of Performance Insights
_LOW_STORAGE: Final = 2 * 1024**3  # bytes


class RegistryDatabaseArgs(TypedDict):
    """Arguments of :class:`RegistryDatabase`."""

    scope: AwsScope
    platform: PlatformParts
    key_arn: pulumi.Input[str]
    subnet_ids: list[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    monitoring_role_arn: pulumi.Input[str]
    instance_class: str
    storage_gb: int
    multi_az: bool
    backup_retention_days: int


class RegistryDatabase(pulumi.ComponentResource):
    """RDS PostgreSQL with an RDS-managed, rotated password, and alarms.

    Satisfies FSBP RDS.2, .3, .6, .8-.11, .13, .17, .23, .25, and .5 with ``multi_az``.
    """

    parameter: aws.ssm.Parameter

    def __init__(
        self, name: str, args: RegistryDatabaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the database and the parameter with its address and secret ARN."""
        super().__init__("mobileai:index:RegistryDatabase", name, to_wire(args), opts)
        child = pulumi.ResourceOptions(parent=self)
        instance = _instance(name, args, child, protect=args["scope"]["protect"])
        place = pulumi.Output.json_dumps(
            {
                "host": instance.address,
                "port": DATABASE_PORT,
                "name": DATABASE_NAME,
                "secretArn": instance.master_user_secrets[0].secret_arn,
            }
        )
        self.parameter = aws.ssm.Parameter(
            name,
            name=database_parameter(args["scope"]),
            type="SecureString",
            key_id=args["key_arn"],
            value=place,
            opts=child,
        )
        for alarm in _alarms(args):
            watched = alarm["metric_name"].lower()
            aws.cloudwatch.MetricAlarm(
                f"{name}-{watched}",
                name=physical_name(args["scope"], "registry", watched),
                **alarm,
                opts=child,
            )
        self.register_outputs({"parameter": database_parameter(args["scope"])})


def _instance(
    name: str, args: RegistryDatabaseArgs, opts: pulumi.ResourceOptions, *, protect: bool
) -> aws.rds.Instance:
    physical = physical_name(args["scope"], "registry")
    subnets = aws.rds.SubnetGroup(name, name=physical, subnet_ids=args["subnet_ids"], opts=opts)
    parameters = _parameters(name, physical, opts)
    return aws.rds.Instance(
        name,
        identifier=physical,
        engine="postgres",
        engine_version=_MAJOR_VERSION,
        instance_class=args["instance_class"],
        allocated_storage=args["storage_gb"],
        max_allocated_storage=2 * args["storage_gb"],
        storage_type="gp3",
        storage_encrypted=True,
        kms_key_id=args["key_arn"],
        db_name=DATABASE_NAME,
        port=DATABASE_PORT,
        username="registry_owner",
        manage_master_user_password=True,
        master_user_secret_kms_key_id=args["key_arn"],
        iam_database_authentication_enabled=True,
        db_subnet_group_name=subnets.name,
        parameter_group_name=parameters.name,
        vpc_security_group_ids=[args["security_group_id"]],
        publicly_accessible=False,
        multi_az=args["multi_az"],
        backup_retention_period=args["backup_retention_days"],
        copy_tags_to_snapshot=True,
        deletion_protection=protect,
        delete_automated_backups=not protect,
        skip_final_snapshot=not protect,
        final_snapshot_identifier=f"{physical}-final" if protect else None,
        auto_minor_version_upgrade=True,
        enabled_cloudwatch_logs_exports=["postgresql", "upgrade"],
        monitoring_interval=_MONITORING_SECONDS,
        monitoring_role_arn=args["monitoring_role_arn"],
        performance_insights_enabled=True,
        performance_insights_kms_key_id=args["key_arn"],
        performance_insights_retention_period=_INSIGHTS_DAYS,
        ca_cert_identifier="rds-ca-rsa2048-g1",
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=protect)),
    )


def _parameters(name: str, physical: str, opts: pulumi.ResourceOptions) -> aws.rds.ParameterGroup:
    return aws.rds.ParameterGroup(
        name,
        name=physical,
        family=f"postgres{_MAJOR_VERSION}",
        parameters=[
            {"name": "rds.force_ssl", "value": "1"},
            {"name": "log_connections", "value": "1"},
            {"name": "log_statement", "value": "ddl"},
            {"name": "log_min_duration_statement", "value": "1000"},  # ms
        ],
        opts=opts,
    )


def _alarms(args: RegistryDatabaseArgs) -> list[dict[str, Any]]:
    common = {
        "namespace": "AWS/RDS",
        "dimensions": {"DBInstanceIdentifier": physical_name(args["scope"], "registry")},
        "statistic": "Average",
        "period": 300,
        "evaluation_periods": 3,
        "alarm_actions": [args["platform"]["alarm_topic_arn"]],
    }
    busy = {"metric_name": "CPUUtilization", "threshold": 85}
    full = {"metric_name": "FreeStorageSpace", "threshold": _LOW_STORAGE}
    return [
        {**common, **busy, "comparison_operator": "GreaterThanThreshold"},
        {**common, **full, "comparison_operator": "LessThanThreshold"},
    ]
