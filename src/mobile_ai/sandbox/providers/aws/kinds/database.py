"""RDS instances, subnet groups and parameter groups."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, Tags, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject


def _tags(kind: str) -> Tags:
    return Tags(
        of=f"arn:{{partition}}:rds:{{region}}:{{account}}:{kind}:{{id}}",
        add="add_tags_to_resource",
        remove="remove_tags_from_resource",
        read="list_tags_for_resource",
        at="TagList",
    )


def _parameters(subject: ApiSubject) -> list[dict[str, Any]]:
    return [
        {
            "ParameterName": item["name"],
            "ParameterValue": item["value"],
            "ApplyMethod": item.get("applyMethod") or "immediate",
        }
        for item in subject.value("parameters") or ()
    ]


@action("rds:describe_db_parameter_groups", "rds:describe_db_parameters")
def _read_parameters(api: Api, subject: ApiSubject) -> Any:
    answer = api.call(subject, "describe_db_parameter_groups", DBParameterGroupName=subject.id)
    found = answer["DBParameterGroups"][0]
    page = api.call(subject, "describe_db_parameters", DBParameterGroupName=subject.id)
    found["Parameters"] = [
        {"name": item["ParameterName"], "value": item.get("ParameterValue")}
        for item in page["Parameters"]
    ]
    return found


_INSTANCE: Final = {
    "DBInstanceIdentifier": "{identifier}",
    "DBInstanceClass": "{instanceClass}",
    "DBParameterGroupName": "{parameterGroupName}",
    "CACertificateIdentifier": "{caCertIdentifier}",
    "EnableIAMDatabaseAuthentication": "{iamDatabaseAuthenticationEnabled}",
    "EnablePerformanceInsights": "{performanceInsightsEnabled}",
    "PerformanceInsightsKMSKeyId": "{performanceInsightsKmsKeyId}",
    "MultiAZ": "{multiAz}",
}

KINDS: Final = {
    "aws:rds/instance:Instance": Kind(
        service="rds",
        create=Call(
            operation="create_db_instance",
            give={
                **_INSTANCE,
                "DBName": "{dbName}",
                "MasterUsername": "{username}",
                "MasterUserPassword": "{password}",
                "EnableCloudwatchLogsExports": "{enabledCloudwatchLogsExports}",
            },
        ),
        update=Call(operation="modify_db_instance", give={**_INSTANCE, "ApplyImmediately": True}),
        read=Call(
            operation="describe_db_instances", give={"DBInstanceIdentifier": "{id}"}, fill=False
        ),
        at="DBInstances[0]",
        delete=Call(
            operation="delete_db_instance",
            give={
                "DBInstanceIdentifier": "{id}",
                "SkipFinalSnapshot": "{skipFinalSnapshot}",
                "FinalDBSnapshotIdentifier": "{finalSnapshotIdentifier}",
            },
            fill=False,
        ),
        id="{identifier}",
        tags=_tags("db"),
        names={
            "identifier": "DBInstanceIdentifier",
            "arn": "DBInstanceArn",
            "dbName": "DBName",
            "username": "MasterUsername",
            "instanceClass": "DBInstanceClass",
            "address": "Endpoint.Address",
            "hostedZoneId": "Endpoint.HostedZoneId",
            "status": "DBInstanceStatus",
            "resourceId": "DbiResourceId",
            "dbSubnetGroupName": "DBSubnetGroup.DBSubnetGroupName",
            "vpcSecurityGroupIds": "VpcSecurityGroups[].VpcSecurityGroupId",
            "parameterGroupName": "DBParameterGroups[0].DBParameterGroupName",
            "caCertIdentifier": "CACertificateIdentifier",
            "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
            "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
            "multiAz": "MultiAZ",
            "port": "Endpoint.Port",
            "endpoint": "join(':', [Endpoint.Address, to_string(Endpoint.Port)])",
            "masterUserSecrets": "[MasterUserSecret]",
        },
        unkept=("password", "masterUserSecretKmsKeyId", "manageMasterUserPassword"),
        wait={"DBInstanceStatus": ("creating", "modifying")},
    ),
    "aws:rds/subnetGroup:SubnetGroup": Kind(
        service="rds",
        create=Call(
            operation="create_db_subnet_group",
            give={"DBSubnetGroupName": "{name}", "DBSubnetGroupDescription": "{description}"},
        ),
        update=Call(
            operation="modify_db_subnet_group",
            give={"DBSubnetGroupName": "{id}", "DBSubnetGroupDescription": "{description}"},
        ),
        read=Call(
            operation="describe_db_subnet_groups", give={"DBSubnetGroupName": "{id}"}, fill=False
        ),
        at="DBSubnetGroups[0]",
        delete=Call(
            operation="delete_db_subnet_group", give={"DBSubnetGroupName": "{id}"}, fill=False
        ),
        id="{name}",
        tags=_tags("subgrp"),
        names={
            "name": "DBSubnetGroupName",
            "arn": "DBSubnetGroupArn",
            "description": "DBSubnetGroupDescription",
            "subnetIds": "Subnets[].SubnetIdentifier",
        },
    ),
    "aws:rds/parameterGroup:ParameterGroup": Kind(
        service="rds",
        create=Call(
            operation="create_db_parameter_group",
            give={"DBParameterGroupName": "{name}", "DBParameterGroupFamily": "{family}"},
        ),
        then=(
            Call(
                operation="modify_db_parameter_group",
                give={"DBParameterGroupName": "{id}", "Parameters": _parameters},
                only=("parameters",),
                fill=False,
            ),
        ),
        read=_read_parameters,
        delete=Call(
            operation="delete_db_parameter_group",
            give={"DBParameterGroupName": "{id}"},
            fill=False,
        ),
        id="{name}",
        tags=_tags("pg"),
        names={
            "name": "DBParameterGroupName",
            "arn": "DBParameterGroupArn",
            "family": "DBParameterGroupFamily",
        },
    ),
}
