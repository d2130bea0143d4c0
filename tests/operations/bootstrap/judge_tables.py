"""Tables of the deploy role's judge: each type, and disagreements with AWS's pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = [
    "EXCUSED",
    "LINKED",
    "NEWER",
    "OTHER_KINDS",
    "OWN",
    "ROLES",
    "WHERE_SET",
    "Own",
    "excused",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A type in CloudFormation and in AWS's reference.

    Attributes:
        cloudformation: The type with the handlers; ``None`` where another one covers it.
        kinds: Kinds of resource in the reference that belong to this type.
        name: The input that holds the physical name, or ``type#input`` of a related resource.
        variables: The same for single variables of ARN formats.
    """

    cloudformation: str | None
    kinds: frozenset[str]
    name: str
    variables: Mapping[str, str] = field(default_factory=dict)


def _own(cloudformation: str | None, kinds: str = "", name: str = "name", **variables: str) -> Own:
    name_of = f"AWS::{cloudformation}" if cloudformation else None
    listed = frozenset(kinds.split(",")) if kinds else frozenset()
    return Own(cloudformation=name_of, kinds=listed, name=name, variables=variables)


_GROUP: Final = "security-group,security-group-rule"
OWN: Final[Mapping[str, Own]] = {
    "aws:acm/certificate:Certificate": _own("CertificateManager::Certificate", "certificate"),
    # No resource of AWS: it waits until the certificate is issued.
    "aws:acm/certificateValidation:CertificateValidation": _own(None),
    "aws:apigatewayv2/api:Api": _own("ApiGatewayV2::Api", "Api,Apis"),
    "aws:apigatewayv2/apiMapping:ApiMapping": _own(
        "ApiGatewayV2::ApiMapping", "ApiMapping,ApiMappings", "domainName"
    ),
    "aws:apigatewayv2/authorizer:Authorizer": _own(
        "ApiGatewayV2::Authorizer", "Authorizer,Authorizers"
    ),
    "aws:apigatewayv2/domainName:DomainName": _own(
        "ApiGatewayV2::DomainName", "DomainName,DomainNames", "domainName"
    ),
    "aws:apigatewayv2/integration:Integration": _own(
        "ApiGatewayV2::Integration", "Integration,Integrations"
    ),
    "aws:apigatewayv2/route:Route": _own("ApiGatewayV2::Route", "Route,Routes"),
    "aws:apigatewayv2/stage:Stage": _own("ApiGatewayV2::Stage", "Stage,Stages"),
    "aws:athena/workgroup:Workgroup": _own("Athena::WorkGroup", "workgroup"),
    "aws:budgets/budget:Budget": _own("Budgets::Budget", "budget"),
    "aws:cloudfront/cachePolicy:CachePolicy": _own("CloudFront::CachePolicy"),
    "aws:cloudfront/distribution:Distribution": _own("CloudFront::Distribution", "distribution"),
    "aws:cloudfront/function:Function": _own("CloudFront::Function"),
    "aws:cloudfront/originAccessControl:OriginAccessControl": _own(
        "CloudFront::OriginAccessControl"
    ),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": _own(
        "CloudFront::ResponseHeadersPolicy"
    ),
    "aws:cloudwatch/dashboard:Dashboard": _own(
        "CloudWatch::Dashboard", "dashboard", "dashboardName"
    ),
    "aws:cloudwatch/eventRule:EventRule": _own("Events::Rule", "rule-on-default-event-bus"),
    # A part of AWS::Events::Rule.
    "aws:cloudwatch/eventTarget:EventTarget": _own(None),
    "aws:cloudwatch/logDelivery:LogDelivery": _own(
        "Logs::Delivery",
        "delivery",
        "deliverySourceName",
        DeliveryName="",
    ),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": _own(
        "Logs::DeliveryDestination", "delivery-destination"
    ),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": _own(
        "Logs::DeliverySource", "delivery-source"
    ),
    "aws:cloudwatch/logGroup:LogGroup": _own("Logs::LogGroup", "log-group"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _own("CloudWatch::Alarm", "alarm"),
    # CloudFormation cannot change the group that a network comes with.
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _own(None),
    "aws:ec2/eip:Eip": _own("EC2::EIP", "elastic-ip"),
    "aws:ec2/flowLog:FlowLog": _own("EC2::FlowLog", "vpc-flow-log,vpc", "logDestination"),
    "aws:ec2/internetGateway:InternetGateway": _own("EC2::InternetGateway", "internet-gateway"),
    "aws:ec2/natGateway:NatGateway": _own("EC2::NatGateway", "natgateway"),
    "aws:ec2/route:Route": _own("EC2::Route", "route-table"),
    "aws:ec2/routeTable:RouteTable": _own("EC2::RouteTable", "route-table"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _own(
        "EC2::SubnetRouteTableAssociation", "route-table,subnet"
    ),
    "aws:ec2/securityGroup:SecurityGroup": _own("EC2::SecurityGroup", "security-group"),
    "aws:ec2/subnet:Subnet": _own("EC2::Subnet", "subnet"),
    "aws:ec2/vpc:Vpc": _own("EC2::VPC", "vpc"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _own("EC2::VPCEndpoint", "vpc-endpoint"),
    # Parts of AWS::ECR::Repository.
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": _own(None),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": _own(None),
    "aws:ecr/repository:Repository": _own("ECR::Repository", "repository"),
    "aws:ecs/cluster:Cluster": _own("ECS::Cluster", "cluster"),
    "aws:ecs/service:Service": _own("ECS::Service", "service"),
    "aws:ecs/taskDefinition:TaskDefinition": _own(
        "ECS::TaskDefinition",
        "task-definition",
        "family",
        RoleNameWithPath="aws:iam/role:Role#name",
    ),
    "aws:glue/catalogDatabase:CatalogDatabase": _own("Glue::Database", "database"),
    "aws:glue/catalogTable:CatalogTable": _own("Glue::Table", "table", DatabaseName="databaseName"),
    "aws:iam/role:Role": _own("IAM::Role", "role"),
    "aws:iam/rolePolicy:RolePolicy": _own("IAM::RolePolicy", "role", "role"),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": _own(
        "KinesisFirehose::DeliveryStream",
        "deliverystream",
        RoleNameWithPath="aws:iam/role:Role#name",
    ),
    "aws:kinesis/stream:Stream": _own("Kinesis::Stream", "stream"),
    "aws:kms/alias:Alias": _own("KMS::Alias", "alias"),
    "aws:kms/key:Key": _own("KMS::Key", "key"),
    # A part of AWS::KMS::Key.
    "aws:kms/keyPolicy:KeyPolicy": _own(None),
    "aws:lambda/function:Function": _own("Lambda::Function", "function"),
    "aws:lambda/permission:Permission": _own("Lambda::Permission", "function", "function"),
    "aws:lb/listener:Listener": _own(
        "ElasticLoadBalancingV2::Listener",
        "listener/app,loadbalancer/app/",
        "aws:lb/loadBalancer:LoadBalancer#name",
    ),
    "aws:lb/loadBalancer:LoadBalancer": _own(
        "ElasticLoadBalancingV2::LoadBalancer", "loadbalancer/app/"
    ),
    "aws:lb/targetGroup:TargetGroup": _own("ElasticLoadBalancingV2::TargetGroup", "targetgroup"),
    "aws:rds/instance:Instance": _own(
        "RDS::DBInstance",
        "db",
        "identifier",
        ParameterGroupName="parameterGroupName",
        SubnetGroupName="dbSubnetGroupName",
        SnapshotName="finalSnapshotIdentifier",
        SecretId="=rds!db-0a1b2c3d-Ab1Cd2",
    ),
    "aws:rds/parameterGroup:ParameterGroup": _own("RDS::DBParameterGroup", "pg"),
    "aws:rds/subnetGroup:SubnetGroup": _own("RDS::DBSubnetGroup", "subgrp"),
    "aws:route53/record:Record": _own("Route53::RecordSet", "hostedzone", Id="zoneId"),
    "aws:route53/zone:Zone": _own("Route53::HostedZone", "hostedzone", Id=""),
    "aws:s3/bucket:Bucket": _own("S3::Bucket", "bucket", "bucket"),
    # Parts of AWS::S3::Bucket.
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _own(None),
    "aws:s3/bucketLogging:BucketLogging": _own(None),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _own(None),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _own(None),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _own(None)
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _own(None),
    # CloudFormation has no objects.
    "aws:s3/bucketObjectv2:BucketObjectv2": _own(None),
    "aws:s3/bucketPolicy:BucketPolicy": _own("S3::BucketPolicy", "bucket", "bucket"),
    "aws:scheduler/schedule:Schedule": _own(
        "Scheduler::Schedule", "schedule", GroupName="=default"
    ),
    "aws:secretsmanager/secret:Secret": _own("SecretsManager::Secret", "Secret"),
    "aws:secretsmanager/secretRotation:SecretRotation": _own(
        "SecretsManager::RotationSchedule",
        "Secret",
        "aws:secretsmanager/secret:Secret#name",
        FunctionName="aws:lambda/function:Function#name",
    ),
    "aws:sns/topic:Topic": _own("SNS::Topic", "topic"),
    "aws:sns/topicPolicy:TopicPolicy": _own(
        "SNS::TopicPolicy", "topic", "aws:sns/topic:Topic#name"
    ),
    "aws:sns/topicSubscription:TopicSubscription": _own(
        "SNS::Subscription", "topic", "aws:sns/topic:Topic#name"
    ),
    "aws:sqs/queue:Queue": _own("SQS::Queue", "queue"),
    "aws:ssm/parameter:Parameter": _own("SSM::Parameter", "parameter"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _own(
        "EC2::SecurityGroupEgress", _GROUP
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _own(
        "EC2::SecurityGroupIngress", _GROUP
    ),
    "aws:wafv2/webAcl:WebAcl": _own("WAFv2::WebACL", "webacl", Scope="=global", Name="name"),
}

# The service that takes on the roles of a type, by the type's own guide.
ROLES: Final[Mapping[str, str]] = {
    "aws:apigatewayv2/integration:Integration": "apigateway.amazonaws.com",
    "aws:ecs/taskDefinition:TaskDefinition": "ecs-tasks.amazonaws.com",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": "firehose.amazonaws.com",
    "aws:lambda/function:Function": "lambda.amazonaws.com",
    "aws:rds/instance:Instance": "monitoring.rds.amazonaws.com",
    "aws:scheduler/schedule:Schedule": "scheduler.amazonaws.com",
}
LINKED: Final[Mapping[str, str]] = {
    "AWS::EC2::FlowLog": "delivery.logs.amazonaws.com",
    "AWS::ECS::Cluster": "ecs.amazonaws.com",
    "AWS::RDS::DBInstance": "rds.amazonaws.com",
    "AWS::RDS::DBParameterGroup": "rds.amazonaws.com",
    "AWS::RDS::DBSubnetGroup": "rds.amazonaws.com",
}

# What CloudFormation asks for only where an input of ours is set.
WHERE_SET: Final[Mapping[str, Mapping[str, str]]] = {
    "AWS::EC2::VPCEndpoint": {"privateDnsEnabled": "route53:AssociateVPCWithHostedZone"},
    "AWS::IAM::Role": {"managedPolicyArns": "iam:AttachRolePolicy iam:DetachRolePolicy"},
    "AWS::Lambda::Function": {
        "vpcConfig": (
            "ec2:DescribeNetworkInterfaces ec2:DescribeSecurityGroups ec2:DescribeSubnets "
            "ec2:DescribeVpcs"
        ),
        "s3Bucket": "s3:GetObject s3:GetObjectVersion",
    },
    "AWS::Route53::HostedZone": {"vpcs": "ec2:DescribeVpcs route53:AssociateVPCWithHostedZone"},
}

# Kinds that the reference marks as required beside ours though a call names one of them.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html and
# list_awselasticloadbalancingv2.html: a workgroup is no data catalog, an application balancer no
# network balancer, and classic balancers share the service's prefix.
OTHER_KINDS: Final = frozenset(
    {
        "capacity-reservation",
        "consumer",
        "datacatalog",
        "healthcheck",
        "listener/gwy",
        "listener/net",
        "loadbalancer",
    }
)

# Actions that parliament's table does not know yet, with an ARN of AWS's page for them:
# list_awsbilling.html and list_amazons3.html below
# https://docs.aws.amazon.com/service-authorization/latest/reference/
NEWER: Final[Mapping[str, str]] = {
    "billing:GetBillingViewData": "arn:aws:billing::{account}:billingview/primary",
    "s3:ListTagsForResource": "arn:aws:s3:::{name}",
    "s3:TagResource": "arn:aws:s3:::{name}",
    "s3:UntagResource": "arn:aws:s3:::{name}",
}

_UNUSED: Final = "serves inputs that no component sets"
# Disagreements: handlers' permissions that the deploy role does not get, by CloudFormation type and
# reason. The page in a reason is AWS's.
EXCUSED: Final[Mapping[str, Mapping[str, str]]] = {
    "AWS::ApiGatewayV2::Api": {
        "reads the body of an API from a bucket, which no component uses": "s3:getObject",
    },
    "AWS::ApiGatewayV2::ApiMapping": {
        "PUT is defined for whole APIs: service-authorization/latest/reference/"
        "list_amazonapigatewaymanagementv2.html": "apigateway:PUT",
    },
    "AWS::ApiGatewayV2::Authorizer": {
        "PUT is defined for whole APIs: service-authorization/latest/reference/"
        "list_amazonapigatewaymanagementv2.html": "apigateway:PUT",
        "the role of a request authorizer; ours are JWT": "iam:PassRole",
    },
    "AWS::ApiGatewayV2::DomainName": {
        "PUT is defined for whole APIs: service-authorization/latest/reference/"
        "list_amazonapigatewaymanagementv2.html": "apigateway:PUT",
        "a truststore in a bucket (mutual TLS), which no component uses": (
            "s3:GetObject s3:GetObjectVersion"
        ),
    },
    "AWS::ApiGatewayV2::Integration": {
        "PUT is defined for whole APIs: service-authorization/latest/reference/"
        "list_amazonapigatewaymanagementv2.html": "apigateway:PUT",
    },
    "AWS::ApiGatewayV2::Route": {
        "PUT is defined for whole APIs: service-authorization/latest/reference/"
        "list_amazonapigatewaymanagementv2.html": "apigateway:PUT",
    },
    "AWS::Athena::WorkGroup": {
        "a query's rights, not those of making a workgroup: athena/latest/ug/"
        "security-iam-athena.html": (
            "s3:AbortMultipartUpload s3:GetObject s3:ListBucket s3:ListBucketMultipartUploads "
            "s3:ListMultipartUploadParts s3:PutObject s3:GetBucketLocation kms:Decrypt "
            "kms:GenerateDataKey"
        ),
        "an execution role, for notebooks alone": "iam:CreateServiceLinkedRole iam:PassRole",
    },
    "AWS::CertificateManager::Certificate": {
        "private authorities; ours are public certificates": (
            "acm-pca:GetCertificate acm-pca:IssueCertificate"
        ),
        "the proof is a resource of its own (aws:route53/record:Record)": (
            "route53:ChangeResourceRecordSets"
        ),
    },
    "AWS::CloudFront::Distribution": {
        _UNUSED: (
            "cloudfront:CreateConnectionGroup cloudfront:GetConnectionGroup "
            "cloudfront:GetVpcOrigin cloudfront:UpdateDistributionWithStagingConfig"
        ),
        "an operation; its action is CreateDistribution: AmazonCloudFront/latest/APIReference/"
        "API_CreateDistributionWithTags.html": "cloudfront:CreateDistributionWithTags",
    },
    "AWS::CloudFront::Function": {
        "the provider sets no tags on functions": (
            "cloudfront:ListTagsForResource cloudfront:TagResource cloudfront:UntagResource"
        ),
    },
    "AWS::CloudWatch::Dashboard": {
        "the provider sets no tags on dashboards": (
            "cloudwatch:ListTagsForResource cloudwatch:TagResource cloudwatch:UntagResource"
        ),
    },
    "AWS::EC2::EIP": {_UNUSED: "ec2:AcceptAddressTransfer"},
    "AWS::EC2::FlowLog": {
        "the provider reads tags with the log": "autoscaling:DescribeTags ec2:DescribeTags",
        "logs in a bucket take no role: vpc/latest/userguide/flow-logs-s3-permissions.html": (
            "iam:PassRole"
        ),
    },
    "AWS::EC2::NatGateway": {
        _UNUSED: (
            "ec2:AssignPrivateNatGatewayAddress ec2:AssociateNatGatewayAddress "
            "ec2:DisassociateNatGatewayAddress ec2:UnassignPrivateNatGatewayAddress"
        ),
    },
    "AWS::EC2::SecurityGroup": {"instances in EC2 classic": "ec2:DescribeInstances"},
    "AWS::EC2::Subnet": {
        _UNUSED: "ec2:AssociateSubnetCidrBlock ec2:DisassociateSubnetCidrBlock",
    },
    "AWS::EC2::VPC": {
        _UNUSED: (
            "ec2:CreateVpcEncryptionControl ec2:DescribeVpcEncryptionControls ec2:ModifyVpcTenancy"
        ),
    },
    "AWS::EC2::VPCEndpoint": {
        _UNUSED: (
            "vpc-lattice:CreateServiceNetworkVpcEndpointAssociation "
            "vpc-lattice:DescribeServiceNetworkVpcEndpointAssociation vpce:AllowMultiRegion"
        ),
    },
    "AWS::ECS::Cluster": {
        _UNUSED: (
            "ecs:PutAccountSetting ecs:PutAccountSettingDefault ecs:PutClusterCapacityProviders "
            "kms:DescribeKey"
        ),
        "the provider sets them by UpdateCluster": "ecs:UpdateClusterSettings",
    },
    "AWS::ECS::Service": {"roles of classic balancers": "iam:PassRole"},
    "AWS::Events::Rule": {"targets of ours are functions, which take no role": "iam:PassRole"},
    "AWS::Glue::Database": {
        "federated databases; ours are plain": (
            "glue:CreateConnection glue:DeleteConnection glue:GetConnection glue:PassConnection "
            "glue:UpdateConnection"
        ),
        "accounts under Lake Formation: docs/aws.md": (
            "lakeformation:DescribeLakeFormationIdentityCenterConfiguration "
            "lakeformation:DescribeResource lakeformation:ListResources"
        ),
    },
    "AWS::Glue::Table": {
        "tables of Iceberg and of a schema registry; ours are plain": (
            "glue:GetSchemaVersion glue:PassConnection iam:PassRole s3:GetObject s3:PutObject"
        ),
        "accounts under Lake Formation: docs/aws.md": (
            "lakeformation:CreateTable lakeformation:DescribeResource "
            "lakeformation:DescribeLakeFormationIdentityCenterConfiguration "
            "lakeformation:GetDataAccess lakeformation:ListResources"
        ),
        "the provider updates no database for a table": "glue:UpdateDatabase",
    },
    "AWS::IAM::Role": {
        "would take away the boundary: the roles of a stack keep it": (
            "iam:DeleteRolePermissionsBoundary"
        ),
    },
    "AWS::KMS::Key": {},
    "AWS::Kinesis::Stream": {
        _UNUSED: (
            "kinesis:UpdateMaxRecordSize kinesis:UpdateStreamRecordDistributionStrategy "
            "kinesis:UpdateStreamWarmThroughput"
        ),
    },
    "AWS::Lambda::Function": {
        _UNUSED: (
            "elasticfilesystem:DescribeMountTargets lambda:AssociateRuntimeAlias "
            "lambda:DeleteFunctionCodeSigningConfig lambda:GetCodeSigningConfig "
            "lambda:GetFunctionScalingConfig lambda:GetLayerVersion lambda:PassCapacityProvider "
            "lambda:PublishVersion lambda:PutFunctionCodeSigningConfig "
            "lambda:PutFunctionRecursionConfig lambda:PutFunctionScalingConfig "
            "lambda:PutRuntimeManagementConfig s3files:ListMountTargets"
        ),
    },
    "AWS::Logs::DeliveryDestination": {
        "destinations in other accounts: AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-"
        "CrossAccount.html": (
            "logs:DeleteDeliveryDestinationPolicy logs:GetDeliveryDestinationPolicy "
            "logs:PutDeliveryDestinationPolicy"
        ),
    },
    "AWS::Logs::DeliverySource": {
        "sources of other services; ours is CloudFront's: AmazonCloudWatch/latest/logs/"
        "AWS-logs-infrastructure-V2-service-specific.html": (
            "autoloop:AllowVendedLogDeliveryForResource logs:AllowVendedLogDeliveryForResource "
            "codewhisperer:AllowVendedLogDeliveryForResource "
            "workmail:AllowVendedLogDeliveryForResource"
        ),
    },
    "AWS::Logs::LogGroup": {
        _UNUSED: (
            "firehose:TagDeliveryStream logs:DeleteDataProtectionPolicy logs:DeleteIndexPolicy "
            "logs:DeleteResourcePolicy logs:DescribeIndexPolicies logs:GetDataProtectionPolicy "
            "logs:PutBearerTokenAuthentication logs:PutDataProtectionPolicy logs:PutIndexPolicy "
            "logs:PutLogGroupDeletionProtection s3:REST.PUT.OBJECT"
        ),
    },
    "AWS::ElasticLoadBalancingV2::Listener": {_UNUSED: "cognito-idp:DescribeUserPoolClient"},
    "AWS::ElasticLoadBalancingV2::LoadBalancer": {
        _UNUSED: (
            "ec2:DescribeIpamPools elasticloadbalancing:ModifyCapacityReservation "
            "elasticloadbalancing:ModifyIpPools"
        ),
    },
    "AWS::ElasticLoadBalancingV2::TargetGroup": {
        "the service registers its tasks itself": (
            "elasticloadbalancing:DeregisterTargets elasticloadbalancing:RegisterTargets"
        ),
    },
    "AWS::RDS::DBInstance": {
        "clusters, replicas and restores, which no component makes": (
            "rds:AddRoleToDBInstance rds:CreateDBInstanceReadReplica "
            "rds:DescribeDBClusterSnapshots rds:DescribeDBClusters rds:DescribeDBEngineVersions "
            "rds:DescribeDBInstanceAutomatedBackups rds:DescribeEvents rds:PromoteReadReplica "
            "rds:RemoveRoleFromDBInstance rds:RestoreDBInstanceFromDBSnapshot "
            "rds:RestoreDBInstanceToPointInTime rds:StartDBInstanceAutomatedBackupsReplication "
            "rds:StopDBInstanceAutomatedBackupsReplication"
        ),
        "roles are found by name": "iam:ListRoles",
    },
    "AWS::Route53::HostedZone": {
        _UNUSED: (
            "route53:CreateQueryLoggingConfig route53:DeleteQueryLoggingConfig "
            "route53:ListQueryLoggingConfigs route53:UpdateHostedZoneFeatures"
        ),
    },
    "AWS::S3::Bucket": {
        _UNUSED: (
            "iam:PassRole s3:CreateBucketMetadataTableConfiguration "
            "s3:DeleteBucketMetadataTableConfiguration s3:DeleteBucketWebsite "
            "s3:GetAnalyticsConfiguration s3:GetBucketMetadataTableConfiguration "
            "s3:GetIntelligentTieringConfiguration s3:GetInventoryConfiguration "
            "s3:GetMetricsConfiguration s3:PutAccelerateConfiguration "
            "s3:PutAnalyticsConfiguration s3:PutBucketAbac s3:PutBucketAcl s3:PutBucketCORS "
            "s3:PutBucketNotification s3:PutBucketObjectLockConfiguration s3:PutBucketWebsite "
            "s3:PutIntelligentTieringConfiguration s3:PutInventoryConfiguration "
            "s3:PutMetricsConfiguration s3:PutObjectAcl s3:PutReplicationConfiguration "
            "s3:UpdateBucketMetadataAnnotationTableConfiguration "
            "s3:UpdateBucketMetadataInventoryTableConfiguration "
            "s3:UpdateBucketMetadataJournalTableConfiguration s3tables:CreateNamespace "
            "s3tables:CreateTable s3tables:CreateTableBucket s3tables:GetTable "
            "s3tables:GetTableMetadataLocation s3tables:PutTableBucketPolicy "
            "s3tables:PutTableEncryption s3tables:PutTablePolicy "
            "s3tables:UpdateTableMetadataLocation"
        ),
        "operations; their actions are s3:Put...: AmazonS3/latest/userguide/"
        "using-with-s3-policy-actions.html": (
            "s3:DeleteBucketAnalyticsConfiguration s3:DeleteBucketCors s3:DeleteBucketEncryption "
            "s3:DeleteBucketLifecycle s3:DeleteBucketMetricsConfiguration "
            "s3:DeleteBucketReplication s3:PutBucketReplication s3:PutObjectLockConfiguration"
        ),
    },
    "AWS::SNS::Subscription": {
        "delivery to streams, which no component uses": "iam:GetRole iam:PassRole",
    },
    "AWS::SNS::Topic": {
        _UNUSED: (
            "iam:GetRole iam:PassRole sns:GetDataProtectionPolicy sns:PutDataProtectionPolicy"
        ),
    },
    "AWS::SecretsManager::RotationSchedule": {
        "a rotation template of CloudFormation's own": "iam:PassRole",
    },
    "AWS::SecretsManager::Secret": {
        "generates a value; ours is set by its rotation, and no deployment reads it": (
            "secretsmanager:GetRandomPassword secretsmanager:GetSecretValue"
        ),
        _UNUSED: (
            "secretsmanager:RemoveRegionsFromReplication secretsmanager:ReplicateSecretToRegions"
        ),
    },
    "AWS::WAFv2::WebACL": {
        "rules that are paid for by the request": "payments:GetConnectedAccount"
    },
}


def excused(cloudformation: str) -> set[str]:
    """Return the permissions of a type's handlers that are excused."""
    return {action for text in EXCUSED.get(cloudformation, {}).values() for action in text.split()}
