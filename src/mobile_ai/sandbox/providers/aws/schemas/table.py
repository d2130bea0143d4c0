"""Mapping of resource types to CloudFormation, as far as names do not determine it."""

from collections.abc import Mapping
from typing import Final

from mobile_ai.sandbox.providers.aws.schemas.place import Place, Resource

__all__ = ["NO_TEMPLATE", "OWN", "RESOURCES"]

_ENABLED: Final = {"True": "ENABLED", "False": "DISABLED"}
_TARGET_GROUP: Final = "TargetGroupAttributes"
_BALANCER: Final = "LoadBalancerAttributes"


def _attribute(member: str, key: str) -> Place:
    """Return the place of an entry in a list of keys and values."""
    return Place(path=f"{member}.Value", beside={"Key": key})


# Properties that only control the official provider and are sent to no API. A region selects the
# endpoint, and is checked against the SDK's list.
OWN: Final = frozenset(
    {
        "applyImmediately",
        "bypassPolicyLockoutSafetyCheck",
        "forceDelete",
        "forceDestroy",
        "forceDetachPolicies",
        "region",
        "retainOnDelete",
        "revokeRulesOnDelete",
        "skipDestroy",
        "skipFinalSnapshot",
        "sourceHash",
        "trackLatest",
        "waitForDeployment",
        "waitForSteadyState",
    }
)
# Types without a resource type of their own in CloudFormation, with the reason.
NO_TEMPLATE: Final[Mapping[str, str]] = {
    "aws:acm/certificateValidation:CertificateValidation": "waits and makes no object",
    "aws:costexplorer/costAllocationTag:CostAllocationTag": "not in CloudFormation",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "adopts an object that AWS makes",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "a list of the role in CloudFormation",
    "aws:s3/bucketObjectv2:BucketObjectv2": "not in CloudFormation",
    "aws:secretsmanager/secretVersion:SecretVersion": "a value of the secret in CloudFormation",
}

RESOURCES: Final[Mapping[str, Resource]] = {
    "aws:acm/certificate:Certificate": Resource(type="AWS::CertificateManager::Certificate"),
    "aws:apigatewayv2/integration:Integration": Resource(
        names={"timeoutMilliseconds": "TimeoutInMillis"}
    ),
    "aws:apigatewayv2/stage:Stage": Resource(
        names={"routeSettings": Place(path="RouteSettings", key="routeKey")}
    ),
    "aws:apigatewayv2/domainName:DomainName": Resource(
        names={"domainNameConfiguration": "DomainNameConfigurations"}
    ),
    "aws:apigatewayv2/apiMapping:ApiMapping": Resource(),
    "aws:appautoscaling/policy:Policy": Resource(
        type="AWS::ApplicationAutoScaling::ScalingPolicy", names={"name": "PolicyName"}
    ),
    "aws:appautoscaling/target:Target": Resource(
        type="AWS::ApplicationAutoScaling::ScalableTarget"
    ),
    "aws:athena/workgroup:Workgroup": Resource(
        names={"configuration.resultConfiguration.encryptionConfiguration.kmsKeyArn": "KmsKey"}
    ),
    "aws:budgets/budget:Budget": Resource(
        within="Budget",
        names={
            "limitAmount": "BudgetLimit.Amount",
            "limitUnit": "BudgetLimit.Unit",
            "timePeriodStart": "TimePeriod.Start",
            "timePeriodEnd": None,  # CloudFormation takes seconds, the API a date
            "notifications": "/NotificationsWithSubscribers",
            "notifications.comparisonOperator": "Notification.ComparisonOperator",
            "notifications.notificationType": "Notification.NotificationType",
            "notifications.threshold": "Notification.Threshold",
            "notifications.thresholdType": "Notification.ThresholdType",
            "notifications.subscriberEmailAddresses": Place(
                path="Subscribers.Address", beside={"SubscriptionType": "EMAIL"}
            ),
            "notifications.subscriberSnsTopicArns": Place(
                path="Subscribers.Address", beside={"SubscriptionType": "SNS"}
            ),
        },
    ),
    "aws:cloudfront/cachePolicy:CachePolicy": Resource(within="CachePolicyConfig"),
    "aws:cloudfront/distribution:Distribution": Resource(
        within="DistributionConfig",
        names={
            "isIpv6Enabled": "IPV6Enabled",
            "orderedCacheBehaviors": "CacheBehaviors",
            "origins.originId": "Id",
        },
    ),
    "aws:cloudfront/function:Function": Resource(
        names={
            "comment": "FunctionConfig.Comment",
            "publish": "AutoPublish",
            "runtime": "FunctionConfig.Runtime",
        },
        always={"FunctionConfig.Comment": ""},
    ),
    "aws:cloudfront/keyGroup:KeyGroup": Resource(within="KeyGroupConfig"),
    "aws:cloudfront/originAccessControl:OriginAccessControl": Resource(
        within="OriginAccessControlConfig"
    ),
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": Resource(
        within="OriginRequestPolicyConfig"
    ),
    "aws:cloudfront/publicKey:PublicKey": Resource(
        within="PublicKeyConfig", always={"PublicKeyConfig.CallerReference": "reference"}
    ),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": Resource(
        within="ResponseHeadersPolicyConfig"
    ),
    "aws:cloudwatch/eventRule:EventRule": Resource(type="AWS::Events::Rule"),
    "aws:cloudwatch/eventTarget:EventTarget": Resource(
        type="AWS::Events::Rule",
        within="Targets",
        names={"rule": "/Name", "eventBusName": "/EventBusName", "targetId": "Id"},
        always={"EventPattern": {"source": ["stand-in"]}, "Targets.Id": "target"},
    ),
    "aws:cloudwatch/logDelivery:LogDelivery": Resource(type="AWS::Logs::Delivery"),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": Resource(
        type="AWS::Logs::DeliveryDestination", names={"deliveryDestinationConfiguration": "."}
    ),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": Resource(
        type="AWS::Logs::DeliverySource"
    ),
    "aws:cloudwatch/logGroup:LogGroup": Resource(
        type="AWS::Logs::LogGroup",
        # The official provider's word for logs that are kept forever.
        names={"retentionInDays": Place(path="RetentionInDays", values={"0": None})},
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": Resource(
        type="AWS::Logs::MetricFilter",
        names={"name": "FilterName", "pattern": "FilterPattern"},
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": Resource(
        type="AWS::Logs::ResourcePolicy"
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Resource(
        type="AWS::CloudWatch::Alarm",
        names={
            "metricQueries": "Metrics",
            "metricQueries.metric": "MetricStat",
            "metricQueries.metric.dimensions": "Metric.Dimensions",
            "metricQueries.metric.metricName": "Metric.MetricName",
            "metricQueries.metric.namespace": "Metric.Namespace",
        },
    ),
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": Resource(
        type="AWS::CE::AnomalyMonitor", names={"name": "MonitorName"}
    ),
    "aws:costexplorer/anomalySubscription:AnomalySubscription": Resource(
        type="AWS::CE::AnomalySubscription", names={"name": "SubscriptionName"}
    ),
    "aws:ec2/flowLog:FlowLog": Resource(
        names={"vpcId": "ResourceId", "iamRoleArn": "DeliverLogsPermissionArn"},
        always={"ResourceType": "VPC"},
    ),
    "aws:ec2/internetGateway:InternetGateway": Resource(
        names={"vpcId": "AWS::EC2::VPCGatewayAttachment.VpcId"}
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Resource(
        type="AWS::EC2::SubnetRouteTableAssociation"
    ),
    "aws:ec2/securityGroup:SecurityGroup": Resource(
        names={"name": "GroupName", "description": "GroupDescription"}
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Resource(
        type="AWS::ECR::Repository",
        names={"policy": "LifecyclePolicy.LifecyclePolicyText", "repository": "RepositoryName"},
    ),
    "aws:ecr/repository:Repository": Resource(names={"forceDelete": "EmptyOnDelete"}),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Resource(
        type="AWS::ECR::Repository",
        names={"policy": "RepositoryPolicyText", "repository": "RepositoryName"},
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": Resource(
        type="AWS::ECS::ClusterCapacityProviderAssociations", names={"clusterName": "Cluster"}
    ),
    "aws:ecs/service:Service": Resource(
        names={
            "deploymentCircuitBreaker": "DeploymentConfiguration.DeploymentCircuitBreaker",
            "deploymentMaximumPercent": "DeploymentConfiguration.MaximumPercent",
            "deploymentMinimumHealthyPercent": "DeploymentConfiguration.MinimumHealthyPercent",
            "networkConfiguration": "NetworkConfiguration.AwsvpcConfiguration",
            "networkConfiguration.assignPublicIp": Place(path="AssignPublicIp", values=_ENABLED),
        }
    ),
    "aws:glue/catalogDatabase:CatalogDatabase": Resource(
        type="AWS::Glue::Database",
        within="DatabaseInput",
        names={"catalogId": "/CatalogId"},
        always={"CatalogId": "123456789012"},
    ),
    "aws:glue/catalogTable:CatalogTable": Resource(
        type="AWS::Glue::Table",
        within="TableInput",
        names={"catalogId": "/CatalogId", "databaseName": "/DatabaseName"},
        always={"CatalogId": "123456789012"},
    ),
    "aws:iam/policy:Policy": Resource(type="AWS::IAM::ManagedPolicy"),
    "aws:iam/role:Role": Resource(
        names={"assumeRolePolicy": "AssumeRolePolicyDocument", "inlinePolicies": "Policies"}
    ),
    "aws:iam/rolePolicy:RolePolicy": Resource(names={"name": "PolicyName", "role": "RoleName"}),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": Resource(
        type="AWS::KinesisFirehose::DeliveryStream",
        names={
            "extendedS3Configuration": "ExtendedS3DestinationConfiguration",
            "extendedS3Configuration.bufferingInterval": "BufferingHints.IntervalInSeconds",
            "extendedS3Configuration.bufferingSize": "BufferingHints.SizeInMBs",
            "extendedS3Configuration.kmsKeyArn": (
                "EncryptionConfiguration.KMSEncryptionConfig.AWSKMSKeyARN"
            ),
            "kinesisSourceConfiguration": "KinesisStreamSourceConfiguration",
        },
    ),
    "aws:kinesis/stream:Stream": Resource(
        names={
            "retentionPeriod": "RetentionPeriodHours",
            "encryptionType": Place(path="StreamEncryption.EncryptionType", values={"NONE": None}),
            "kmsKeyId": "StreamEncryption.KeyId",
        }
    ),
    "aws:kms/externalKey:ExternalKey": Resource(
        type="AWS::KMS::Key",
        names={"deletionWindowInDays": "PendingWindowInDays", "policy": "KeyPolicy"},
    ),
    "aws:kms/key:Key": Resource(
        names={
            "customerMasterKeySpec": "KeySpec",
            "deletionWindowInDays": "PendingWindowInDays",
            "isEnabled": "Enabled",
            "policy": "KeyPolicy",
        }
    ),
    "aws:kms/keyPolicy:KeyPolicy": Resource(
        type="AWS::KMS::Key", names={"policy": "KeyPolicy", "keyId": None}
    ),
    "aws:lambda/function:Function": Resource(
        names={
            "imageUri": "Code.ImageUri",
            "s3Bucket": "Code.S3Bucket",
            "s3Key": "Code.S3Key",
            "code": "Code.ZipFile",
            # The official provider's word for no limit.
            "reservedConcurrentExecutions": Place(
                path="ReservedConcurrentExecutions", values={"-1": None}
            ),
        }
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Resource(
        type="AWS::Lambda::EventInvokeConfig"
    ),
    "aws:lambda/permission:Permission": Resource(names={"function": "FunctionName"}),
    "aws:lb/listener:Listener": Resource(
        type="AWS::ElasticLoadBalancingV2::Listener",
        names={"certificateArn": "Certificates.CertificateArn"},
    ),
    "aws:lb/listenerRule:ListenerRule": Resource(type="AWS::ElasticLoadBalancingV2::ListenerRule"),
    "aws:lb/loadBalancer:LoadBalancer": Resource(
        type="AWS::ElasticLoadBalancingV2::LoadBalancer",
        names={
            "loadBalancerType": "Type",
            "internal": Place(
                path="Scheme", values={"True": "internal", "False": "internet-facing"}
            ),
            "accessLogs": ".",
            "accessLogs.bucket": _attribute(_BALANCER, "access_logs.s3.bucket"),
            "accessLogs.enabled": _attribute(_BALANCER, "access_logs.s3.enabled"),
            "accessLogs.prefix": _attribute(_BALANCER, "access_logs.s3.prefix"),
            "clientKeepAlive": _attribute(_BALANCER, "client_keep_alive.seconds"),
            "desyncMitigationMode": _attribute(_BALANCER, "routing.http.desync_mitigation_mode"),
            "dropInvalidHeaderFields": _attribute(
                _BALANCER, "routing.http.drop_invalid_header_fields.enabled"
            ),
            "enableDeletionProtection": _attribute(_BALANCER, "deletion_protection.enabled"),
            "enableHttp2": _attribute(_BALANCER, "routing.http2.enabled"),
            "idleTimeout": _attribute(_BALANCER, "idle_timeout.timeout_seconds"),
        },
    ),
    "aws:lb/targetGroup:TargetGroup": Resource(
        type="AWS::ElasticLoadBalancingV2::TargetGroup",
        names={
            "deregistrationDelay": _attribute(
                _TARGET_GROUP, "deregistration_delay.timeout_seconds"
            ),
            "healthCheck": ".",
            "healthCheck.enabled": "HealthCheckEnabled",
            "healthCheck.healthyThreshold": "HealthyThresholdCount",
            "healthCheck.interval": "HealthCheckIntervalSeconds",
            "healthCheck.matcher": "Matcher.HttpCode",
            "healthCheck.path": "HealthCheckPath",
            "healthCheck.port": "HealthCheckPort",
            "healthCheck.protocol": "HealthCheckProtocol",
            "healthCheck.timeout": "HealthCheckTimeoutSeconds",
            "healthCheck.unhealthyThreshold": "UnhealthyThresholdCount",
        },
    ),
    "aws:rds/instance:Instance": Resource(
        type="AWS::RDS::DBInstance",
        names={
            "caCertIdentifier": "CACertificateIdentifier",
            "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
            "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
            "identifier": "DBInstanceIdentifier",
            "instanceClass": "DBInstanceClass",
            "masterUserSecretKmsKeyId": "MasterUserSecret.KmsKeyId",
            "parameterGroupName": "DBParameterGroupName",
            "password": "MasterUserPassword",
            "performanceInsightsEnabled": "EnablePerformanceInsights",
            "username": "MasterUsername",
            "vpcSecurityGroupIds": "VPCSecurityGroups",
        },
    ),
    "aws:rds/parameterGroup:ParameterGroup": Resource(
        type="AWS::RDS::DBParameterGroup",
        names={"parameters": Place(path="Parameters", key="name", value="value")},
    ),
    "aws:rds/subnetGroup:SubnetGroup": Resource(type="AWS::RDS::DBSubnetGroup"),
    "aws:route53/record:Record": Resource(
        type="AWS::Route53::RecordSet",
        names={
            "aliases": "AliasTarget",
            "aliases.name": "DNSName",
            "aliases.zoneId": "HostedZoneId",
            "records": "ResourceRecords",
            "zoneId": "HostedZoneId",
        },
    ),
    "aws:route53/zone:Zone": Resource(
        type="AWS::Route53::HostedZone",
        names={"comment": "HostedZoneConfig.Comment", "tags": "HostedZoneTags"},
        filled=("VPCRegion",),
    ),
    "aws:s3/bucket:Bucket": Resource(names={"bucket": "BucketName"}),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Resource(
        type="AWS::S3::Bucket",
        names={
            "bucket": "BucketName",
            "rules": "LifecycleConfiguration.Rules",
            "rules.expiration": ".",
            "rules.expiration.days": "ExpirationInDays",
            "rules.expiration.date": "ExpirationDate",
            "rules.filter": ".",
        },
        always={"LifecycleConfiguration": {}},
    ),
    "aws:s3/bucketLogging:BucketLogging": Resource(
        type="AWS::S3::Bucket",
        names={
            "bucket": "BucketName",
            "targetBucket": "LoggingConfiguration.DestinationBucketName",
            "targetPrefix": "LoggingConfiguration.LogFilePrefix",
        },
    ),
    "aws:s3/bucketMetric:BucketMetric": Resource(
        type="AWS::S3::Bucket",
        within="MetricsConfigurations",
        names={"bucket": "/BucketName", "name": "Id"},
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Resource(
        type="AWS::S3::Bucket", names={"bucket": "BucketName", "rule": "OwnershipControls.Rules"}
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Resource(
        type="AWS::S3::Bucket",
        within="PublicAccessBlockConfiguration",
        names={"bucket": "/BucketName"},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        Resource(
            type="AWS::S3::Bucket",
            names={
                "bucket": "BucketName",
                "rules": "BucketEncryption.ServerSideEncryptionConfiguration",
                "rules.applyServerSideEncryptionByDefault": "ServerSideEncryptionByDefault",
            },
        )
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Resource(
        type="AWS::S3::Bucket", names={"bucket": "BucketName"}
    ),
    "aws:secretsmanager/secretPolicy:SecretPolicy": Resource(
        type="AWS::SecretsManager::ResourcePolicy",
        names={"policy": "ResourcePolicy", "secretArn": "SecretId"},
    ),
    "aws:secretsmanager/secretRotation:SecretRotation": Resource(
        type="AWS::SecretsManager::RotationSchedule",
        names={"rotateImmediately": "RotateImmediatelyOnUpdate"},
    ),
    "aws:sns/topicPolicy:TopicPolicy": Resource(names={"arn": "Topics"}),
    "aws:sns/topicSubscription:TopicSubscription": Resource(
        type="AWS::SNS::Subscription", names={"topic": "TopicArn"}
    ),
    "aws:sqs/queue:Queue": Resource(
        names={
            "maxMessageSize": "MaximumMessageSize",
            "messageRetentionSeconds": "MessageRetentionPeriod",
            "policy": "AWS::SQS::QueuePolicy.PolicyDocument",
            "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
            "visibilityTimeoutSeconds": "VisibilityTimeout",
        }
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Resource(names={"queueUrl": "Queues"}),
    "aws:ssm/parameter:Parameter": Resource(
        # CloudFormation makes no secret parameters; everything else holds for them too.
        names={"type": Place(path="Type", values={"SecureString": "String"})}
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Resource(
        type="AWS::EC2::SecurityGroupEgress",
        names={
            "cidrIpv4": "CidrIp",
            "prefixListId": "DestinationPrefixListId",
            "referencedSecurityGroupId": "DestinationSecurityGroupId",
            "securityGroupId": "GroupId",
        },
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Resource(
        type="AWS::EC2::SecurityGroupIngress",
        names={
            "cidrIpv4": "CidrIp",
            "prefixListId": "SourcePrefixListId",
            "referencedSecurityGroupId": "SourceSecurityGroupId",
            "securityGroupId": "GroupId",
        },
    ),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": Resource(
        type="AWS::WAFv2::LoggingConfiguration"
    ),
}
