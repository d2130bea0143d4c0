"""Everything that is in an account of the sandbox's AWS API, apart from what AWS itself puts there.

Used to show that `down` leaves nothing, and that no run leaves an object twice.
"""

from __future__ import annotations

from typing import Final

from sandbox.providers.aws.api.session import Session
from sandbox.providers.aws.api.text import search

__all__ = ["inventory"]

# Service, operation, where the ids are. Defaults of a region and what is on its way out are left
# out by the path.
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
    ("ecr", "describe_repositories", "repositories[].repositoryName"),
    ("ecs", "list_clusters", "clusterArns"),
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
    ("rds", "describe_db_instances", "DBInstances[].DBInstanceIdentifier"),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups[].DBSubnetGroupName"),
    ("s3", "list_buckets", "Buckets[].Name"),
    ("scheduler", "list_schedules", "Schedules[].Name"),
    ("secretsmanager", "list_secrets", "SecretList[?!DeletedDate].Name"),
    ("sns", "list_topics", "Topics[].TopicArn"),
    ("sns", "list_subscriptions", "Subscriptions[].SubscriptionArn"),
    ("sqs", "list_queues", "QueueUrls"),
    ("ssm", "describe_parameters", "Parameters[].Name"),
)


def inventory(session: Session, *, account: str, region: str) -> dict[str, list[str]]:
    """Ids of all objects by what lists them, such as ``s3:list_buckets``; nothing empty.

    Raises:
        ApiError: The API cannot tell.
    """
    found = {
        f"{service}:{operation}": search(path, session.call(service, region, operation, {})) or []
        for service, operation, path in _LISTS
    }
    found["kms:list_keys"] = _keys(session, region)
    budgets = session.call("budgets", region, "describe_budgets", {"AccountId": account})
    found["budgets:describe_budgets"] = search("Budgets[].BudgetName", budgets) or []
    return {name: sorted(ids) for name, ids in found.items() if ids}


def _keys(session: Session, region: str) -> list[str]:
    """Customers' keys that are not about to be deleted."""
    listed = search("Keys[].KeyId", session.call("kms", region, "list_keys", {})) or []
    kept = []
    for key in listed:
        about = session.call("kms", region, "describe_key", {"KeyId": key})["KeyMetadata"]
        if about["KeyState"] != "PendingDeletion" and about["KeyManager"] == "CUSTOMER":
            kept.append(key)
    return kept
