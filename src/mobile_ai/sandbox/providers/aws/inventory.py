"""Lists all objects in an account of the sandbox's AWS API, without AWS's own defaults.

Used to show that `down` leaves nothing, and that no run leaves an object twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.session import AwsSession
from mobile_ai.sandbox.providers.aws.api.text import search

# Region in which CloudFront's web ACLs are listed.
_EVERYWHERE: Final = "us-east-1"
# Service, operation, path of the IDs. The path excludes a region's defaults and objects that are
# being deleted.
_LISTS: Final = (
    ("acm", "list_certificates", "CertificateSummaryList[].CertificateArn"),
    ("apigatewayv2", "get_apis", "Items[].ApiId"),
    ("apigatewayv2", "get_domain_names", "Items[].DomainName"),
    ("athena", "list_work_groups", "WorkGroups[?Name!='primary'].Name"),
    ("cloudfront", "list_distributions", "DistributionList.Items[].Id"),
    ("cloudfront", "list_functions", "FunctionList.Items[].Name"),
    ("cloudfront", "list_origin_access_controls", "OriginAccessControlList.Items[].Id"),
    ("cloudwatch", "describe_alarms", "MetricAlarms[].AlarmName"),
    ("cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"),
    ("ec2", "describe_vpcs", "Vpcs[?!IsDefault].VpcId"),
    ("ec2", "describe_subnets", "Subnets[?!DefaultForAz].SubnetId"),
    ("ec2", "describe_security_groups", "SecurityGroups[?GroupName!='default'].GroupId"),
    ("ec2", "describe_internet_gateways", "InternetGateways[].InternetGatewayId"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints[?State!='deleted'].VpcEndpointId"),
    ("ec2", "describe_flow_logs", "FlowLogs[].FlowLogId"),
    ("ec2", "describe_nat_gateways", "NatGateways[?State!='deleted'].NatGatewayId"),
    ("ec2", "describe_addresses", "Addresses[].AllocationId"),
    ("ecr", "describe_repositories", "repositories[].repositoryName"),
    ("elbv2", "describe_load_balancers", "LoadBalancers[].LoadBalancerArn"),
    ("elbv2", "describe_target_groups", "TargetGroups[].TargetGroupArn"),
    ("events", "list_rules", "Rules[].Name"),
    ("firehose", "list_delivery_streams", "DeliveryStreamNames"),
    ("glue", "get_databases", "DatabaseList[].Name"),
    ("iam", "list_roles", "Roles[].RoleName"),
    ("kinesis", "list_streams", "StreamNames"),
    ("kms", "list_aliases", "Aliases[?!starts_with(AliasName, 'alias/aws/')].AliasName"),
    ("lambda", "list_functions", "Functions[].FunctionName"),
    ("logs", "describe_log_groups", "logGroups[].logGroupName"),
    ("logs", "describe_deliveries", "deliveries[].id"),
    ("logs", "describe_delivery_sources", "deliverySources[].name"),
    ("logs", "describe_delivery_destinations", "deliveryDestinations[].name"),
    ("logs", "describe_resource_policies", "resourcePolicies[].policyName"),
    ("rds", "describe_db_instances", "DBInstances[].DBInstanceIdentifier"),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups[].DBSubnetGroupName"),
    ("rds", "describe_db_snapshots", "DBSnapshots[].DBSnapshotIdentifier"),
    (
        "rds",
        "describe_db_parameter_groups",
        "DBParameterGroups[?!starts_with(DBParameterGroupName, 'default.')].DBParameterGroupName",
    ),
    ("s3", "list_buckets", "Buckets[].Name"),
    ("scheduler", "list_schedules", "Schedules[].Name"),
    ("secretsmanager", "list_secrets", "SecretList[?!DeletedDate].Name"),
    ("sns", "list_topics", "Topics[].TopicArn"),
    ("sns", "list_subscriptions", "Subscriptions[].SubscriptionArn"),
    ("sqs", "list_queues", "QueueUrls"),
    ("ssm", "describe_parameters", "Parameters[].Name"),
)


def inventory(session: AwsSession, *, account: str, region: str) -> dict[str, list[str]]:
    """Return the IDs of all objects by listing call, such as ``s3:list_buckets``.

    Raises:
        AwsApiError: A call failed.
    """

    def listed(service: str, operation: str, path: str, **given: Any) -> list[str]:
        return search(path, session.call(service, region, operation, given)) or []

    found = {
        f"{service}:{operation}": listed(service, operation, path)
        for service, operation, path in _LISTS
    }
    found["budgets:describe_budgets"] = listed(
        "budgets", "describe_budgets", "Budgets[].BudgetName", AccountId=account
    )
    found["iam:list_policies"] = listed(
        "iam", "list_policies", "Policies[].PolicyName", Scope="Local"
    )
    scope = "CLOUDFRONT" if region == _EVERYWHERE else "REGIONAL"
    found["wafv2:list_web_acls"] = listed("wafv2", "list_web_acls", "WebACLs[].Name", Scope=scope)
    found["ecs:list_clusters"] = _clusters(listed)
    found["kms:list_keys"] = _keys(session, region)
    found["route53:list_resource_record_sets"] = _records(listed)
    return {name: sorted(ids) for name, ids in found.items() if ids}


def _clusters(listed: Callable[..., list[str]]) -> list[str]:
    """Return active clusters, since ECS keeps listing deleted ones for a while."""
    arns = listed("ecs", "list_clusters", "clusterArns")
    active = "clusters[?status!='INACTIVE'].clusterArn"
    return listed("ecs", "describe_clusters", active, clusters=arns) if arns else []


def _records(listed: Callable[..., list[str]]) -> list[str]:
    """Return records besides NS and SOA; the zones themselves are preexisting."""
    put = "ResourceRecordSets[?Type!='NS' && Type!='SOA'].Name"
    zones = listed("route53", "list_hosted_zones", "HostedZones[].Id")
    return [
        name
        for zone in zones
        for name in listed("route53", "list_resource_record_sets", put, HostedZoneId=zone)
    ]


def _keys(session: AwsSession, region: str) -> list[str]:
    """Return customer-managed keys that are not pending deletion."""
    listed = search("Keys[].KeyId", session.call("kms", region, "list_keys", {})) or []
    kept = []
    for key in listed:
        about = session.call("kms", region, "describe_key", {"KeyId": key})["KeyMetadata"]
        if about["KeyState"] != "PendingDeletion" and about["KeyManager"] == "CUSTOMER":
            kept.append(key)
    return kept
