"""Mapping of resource types to CloudFormation, as far as names do not determine it."""

from collections.abc import Mapping
from typing import Final

from mobile_ai.sandbox.providers.aws.schemas.place import TemplatePlace, TemplateResource

_ENABLED: Final = {"True": "ENABLED", "False": "DISABLED"}
_TARGET_GROUP: Final = "TargetGroupAttributes"
_BALANCER: Final = "LoadBalancerAttributes"


def _attribute(member: str, key: str) -> TemplatePlace:
    """Return the place of an entry in a list of keys and values."""
    return TemplatePlace(path=f"{member}.Value", beside={"Key": key})


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

RESOURCES: Final[Mapping[str, TemplateResource]] = {
    "aws:acm/certificate:Certificate": TemplateResource(
        type="AWS::CertificateManager::Certificate"
    ),
    "aws:apigatewayv2/integration:Integration": TemplateResource(
        names={"timeoutMilliseconds": "TimeoutInMillis"}
    ),
    "aws:apigatewayv2/stage:Stage": TemplateResource(
        names={"routeSettings": TemplatePlace(path="RouteSettings", key="routeKey")}
    ),
    "aws:apigatewayv2/domainName:DomainName": TemplateResource(
        names={"domainNameConfiguration": "DomainNameConfigurations"}
    ),
    "aws:apigatewayv2/apiMapping:ApiMapping": TemplateResource(),
    "aws:appautoscaling/policy:Policy": TemplateResource(
        type="AWS::ApplicationAutoScaling::ScalingPolicy", names={"name": "PolicyName"}
    ),
    "aws:appautoscaling/target:Target": TemplateResource(
        type="AWS::ApplicationAutoScaling::ScalableTarget"
    ),
    "aws:athena/workgroup:Workgroup": TemplateResource(
        names={"configuration.resultConfiguration.encryptionConfiguration.kmsKeyArn": "KmsKey"}
    ),
    "aws:budgets/budget:Budget": TemplateResource(
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
            "notifications.subscriberEmailAddresses": TemplatePlace(
                path="Subscribers.Address", beside={"SubscriptionType": "EMAIL"}
            ),
            "notifications.subscriberSnsTopicArns": TemplatePlace(
                path="Subscribers.Address", beside={"SubscriptionType": "SNS"}
            ),
        },
    ),
    "aws:cloudfront/cachePolicy:CachePolicy": TemplateResource(within="CachePolicyConfig"),
    "aws:cloudfront/distribution:Distribution": TemplateResource(
        within="DistributionConfig",
        names={
            "isIpv6Enabled": "IPV6Enabled",
            "orderedCacheBehaviors": "CacheBehaviors",
            "origins.originId": "Id",
        },
    ),
    "aws:cloudfront/function:Function": TemplateResource(
        names={
            "comment": "FunctionConfig.Comment",
            "publish": "AutoPublish",
            "runtime": "FunctionConfig.Runtime",
        },
        always={"FunctionConfig.Comment": ""},
    ),
    "aws:cloudfront/keyGroup:KeyGroup": TemplateResource(within="KeyGroupConfig"),
    "aws:cloudfront/originAccessControl:OriginAccessControl": TemplateResource(
        within="OriginAccessControlConfig"
    ),
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": TemplateResource(
        within="OriginRequestPolicyConfig"
    ),
    "aws:cloudfront/publicKey:PublicKey": TemplateResource(
        within="PublicKeyConfig", always={"PublicKeyConfig.CallerReference": "reference"}
    ),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": TemplateResource(
        within="ResponseHeadersPolicyConfig"
    ),
    "aws:cloudwatch/eventRule:EventRule": TemplateResource(type="AWS::Events::Rule"),
    "aws:cloudwatch/eventTarget:EventTarget": TemplateResource(
        type="AWS::Events::Rule",
        within="Targets",
        names={"rule": "/Name", "eventBusName": "/EventBusName", "targetId": "Id"},
        always={"EventPattern": {"source": ["stand-in"]}, "Targets.Id": "target"},
    ),
    "aws:cloudwatch/logDelivery:LogDelivery": TemplateResource(type="AWS::Logs::Delivery"),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": TemplateResource(
        type="AWS::Logs::DeliveryDestination", names={"deliveryDestinationConfiguration": "."}
    ),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": TemplateResource(
        type="AWS::Logs::DeliverySource"
    ),
    "aws:cloudwatch/logGroup:LogGroup": TemplateResource(
        type="AWS::Logs::LogGroup",
        # The official provider's word for logs that are kept forever.
        names={"retentionInDays": TemplatePlace(path="RetentionInDays", values={"0": None})},
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": TemplateResource(
        type="AWS::Logs::MetricFilter",
        names={"name": "FilterName", "pattern": "FilterPattern"},
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": TemplateResource(
        type="AWS::Logs::ResourcePolicy"
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": TemplateResource(
        type="AWS::CloudWatch::Alarm",
        names={
            "metricQueries": "Metrics",
            "metricQueries.metric": "MetricStat",
            "metricQueries.metric.dimensions": "Metric.Dimensions",
            "metricQueries.metric.metricName": "Metric.MetricName",
            "metricQueries.metric.namespace": "Metric.Namespace",
        },
    ),
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": TemplateResource(
        type="AWS::CE::AnomalyMonitor", names={"name": "MonitorName"}
    ),
    "aws:costexplorer/anomalySubscription:AnomalySubscription": TemplateResource(
        type="AWS::CE::AnomalySubscription", names={"name": "SubscriptionName"}
    ),
    "aws:ec2/flowLog:FlowLog": TemplateResource(
        names={"vpcId": "ResourceId", "iamRoleArn": "DeliverLogsPermissionArn"},
        always={"ResourceType": "VPC"},
    ),
    "aws:ec2/internetGateway:InternetGateway": TemplateResource(
        names={"vpcId": "AWS::EC2::VPCGatewayAttachment.VpcId"}
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": TemplateResource(
        type="AWS::EC2::SubnetRouteTableAssociation"
    ),
    "aws:ec2/securityGroup:SecurityGroup": TemplateResource(
        names={"name": "GroupName", "description": "GroupDescription"}
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": TemplateResource(
        type="AWS::ECR::Repository",
        names={"policy": "LifecyclePolicy.LifecyclePolicyText", "repository": "RepositoryName"},
    ),
    "aws:ecr/repository:Repository": TemplateResource(names={"forceDelete": "EmptyOnDelete"}),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": TemplateResource(
        type="AWS::ECR::Repository",
        names={"policy": "RepositoryPolicyText", "repository": "RepositoryName"},
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": TemplateResource(
        type="AWS::ECS::ClusterCapacityProviderAssociations", names={"clusterName": "Cluster"}
    ),
    "aws:ecs/service:Service": TemplateResource(
        names={
            "deploymentCircuitBreaker": "DeploymentConfiguration.DeploymentCircuitBreaker",
            "deploymentMaximumPercent": "DeploymentConfiguration.MaximumPercent",
            "deploymentMinimumHealthyPercent": "DeploymentConfiguration.MinimumHealthyPercent",
            "networkConfiguration": "NetworkConfiguration.AwsvpcConfiguration",
            "networkConfiguration.assignPublicIp": TemplatePlace(
                path="AssignPublicIp", values=_ENABLED
            ),
        }
    ),
    "aws:glue/catalogDatabase:CatalogDatabase": TemplateResource(
        type="AWS::Glue::Database",
        within="DatabaseInput",
        names={"catalogId": "/CatalogId"},
        always={"CatalogId": "123456789012"},
    ),
    "aws:glue/catalogTable:CatalogTable": TemplateResource(
        type="AWS::Glue::Table",
        within="TableInput",
        names={"catalogId": "/CatalogId", "databaseName": "/DatabaseName"},
        always={"CatalogId": "123456789012"},
    ),
    "aws:iam/policy:Policy": TemplateResource(type="AWS::IAM::ManagedPolicy"),
    "aws:iam/role:Role": TemplateResource(
        names={"assumeRolePolicy": "AssumeRolePolicyDocument", "inlinePolicies": "Policies"}
    ),
    "aws:iam/rolePolicy:RolePolicy": TemplateResource(
        names={"name": "PolicyName", "role": "RoleName"}
    ),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": TemplateResource(
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
    "aws:kinesis/stream:Stream": TemplateResource(
        names={
            "retentionPeriod": "RetentionPeriodHours",
            "encryptionType": TemplatePlace(
                path="StreamEncryption.EncryptionType", values={"NONE": None}
            ),
            "kmsKeyId": "StreamEncryption.KeyId",
        }
    ),
    "aws:kms/externalKey:ExternalKey": TemplateResource(
        type="AWS::KMS::Key",
        names={"deletionWindowInDays": "PendingWindowInDays", "policy": "KeyPolicy"},
    ),
    "aws:kms/key:Key": TemplateResource(
        names={
            "customerMasterKeySpec": "KeySpec",
            "deletionWindowInDays": "PendingWindowInDays",
            "isEnabled": "Enabled",
            "policy": "KeyPolicy",
        }
    ),
    "aws:kms/keyPolicy:KeyPolicy": TemplateResource(
        type="AWS::KMS::Key", names={"policy": "KeyPolicy", "keyId": None}
    ),
    "aws:lambda/function:Function": TemplateResource(
        names={
            "imageUri": "Code.ImageUri",
            "s3Bucket": "Code.S3Bucket",
            "s3Key": "Code.S3Key",
            "code": "Code.ZipFile",
            # The official provider's word for no limit.
            "reservedConcurrentExecutions": TemplatePlace(
                path="ReservedConcurrentExecutions", values={"-1": None}
            ),
        }
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": TemplateResource(
        type="AWS::Lambda::EventInvokeConfig"
    ),
    "aws:lambda/permission:Permission": TemplateResource(names={"function": "FunctionName"}),
    "aws:lb/listener:Listener": TemplateResource(
        type="AWS::ElasticLoadBalancingV2::Listener",
        names={"certificateArn": "Certificates.CertificateArn"},
    ),
    "aws:lb/listenerRule:ListenerRule": TemplateResource(
        type="AWS::ElasticLoadBalancingV2::ListenerRule"
    ),
    "aws:lb/loadBalancer:LoadBalancer": TemplateResource(
        type="AWS::ElasticLoadBalancingV2::LoadBalancer",
        names={
            "loadBalancerType": "Type",
            "internal": TemplatePlace(
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
    "aws:lb/targetGroup:TargetGroup": TemplateResource(
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
    "aws:rds/instance:Instance": TemplateResource(
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
    "aws:rds/parameterGroup:ParameterGroup": TemplateResource(
        type="AWS::RDS::DBParameterGroup",
        names={"parameters": TemplatePlace(path="Parameters", key="name", value="value")},
    ),
    "aws:rds/subnetGroup:SubnetGroup": TemplateResource(type="AWS::RDS::DBSubnetGroup"),
    "aws:route53/record:Record": TemplateResource(
        type="AWS::Route53::RecordSet",
        names={
            "aliases": "AliasTarget",
            "aliases.name": "DNSName",
            "aliases.zoneId": "HostedZoneId",
            "records": "ResourceRecords",
            "zoneId": "HostedZoneId",
        },
    ),
    "aws:route53/zone:Zone": TemplateResource(
        type="AWS::Route53::HostedZone",
        names={"comment": "HostedZoneConfig.Comment", "tags": "HostedZoneTags"},
        filled=("VPCRegion",),
    ),
    "aws:s3/bucket:Bucket": TemplateResource(names={"bucket": "BucketName"}),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": TemplateResource(
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
    "aws:s3/bucketLogging:BucketLogging": TemplateResource(
        type="AWS::S3::Bucket",
        names={
            "bucket": "BucketName",
            "targetBucket": "LoggingConfiguration.DestinationBucketName",
            "targetPrefix": "LoggingConfiguration.LogFilePrefix",
        },
    ),
    "aws:s3/bucketMetric:BucketMetric": TemplateResource(
        type="AWS::S3::Bucket",
        within="MetricsConfigurations",
        names={"bucket": "/BucketName", "name": "Id"},
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": TemplateResource(
        type="AWS::S3::Bucket", names={"bucket": "BucketName", "rule": "OwnershipControls.Rules"}
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": TemplateResource(
        type="AWS::S3::Bucket",
        within="PublicAccessBlockConfiguration",
        names={"bucket": "/BucketName"},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        TemplateResource(
            type="AWS::S3::Bucket",
            names={
                "bucket": "BucketName",
                "rules": "BucketEncryption.ServerSideEncryptionConfiguration",
                "rules.applyServerSideEncryptionByDefault": "ServerSideEncryptionByDefault",
            },
        )
    ),
    "aws:s3/bucketVersioning:BucketVersioning": TemplateResource(
        type="AWS::S3::Bucket", names={"bucket": "BucketName"}
    ),
    "aws:secretsmanager/secretPolicy:SecretPolicy": TemplateResource(
        type="AWS::SecretsManager::ResourcePolicy",
        names={"policy": "ResourcePolicy", "secretArn": "SecretId"},
    ),
    "aws:secretsmanager/secretRotation:SecretRotation": TemplateResource(
        type="AWS::SecretsManager::RotationSchedule",
        names={"rotateImmediately": "RotateImmediatelyOnUpdate"},
    ),
    "aws:sns/topicPolicy:TopicPolicy": TemplateResource(names={"arn": "Topics"}),
    "aws:sns/topicSubscription:TopicSubscription": TemplateResource(
        type="AWS::SNS::Subscription", names={"topic": "TopicArn"}
    ),
    "aws:sqs/queue:Queue": TemplateResource(
        names={
            "maxMessageSize": "MaximumMessageSize",
            "messageRetentionSeconds": "MessageRetentionPeriod",
            "policy": "AWS::SQS::QueuePolicy.PolicyDocument",
            "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
            "visibilityTimeoutSeconds": "VisibilityTimeout",
        }
    ),
    "aws:sqs/queuePolicy:QueuePolicy": TemplateResource(names={"queueUrl": "Queues"}),
    "aws:ssm/parameter:Parameter": TemplateResource(
        # CloudFormation makes no secret parameters; everything else holds for them too.
        names={"type": TemplatePlace(path="Type", values={"SecureString": "String"})}
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": TemplateResource(
        type="AWS::EC2::SecurityGroupEgress",
        names={
            "cidrIpv4": "CidrIp",
            "prefixListId": "DestinationPrefixListId",
            "referencedSecurityGroupId": "DestinationSecurityGroupId",
            "securityGroupId": "GroupId",
        },
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": TemplateResource(
        type="AWS::EC2::SecurityGroupIngress",
        names={
            "cidrIpv4": "CidrIp",
            "prefixListId": "SourcePrefixListId",
            "referencedSecurityGroupId": "SourceSecurityGroupId",
            "securityGroupId": "GroupId",
        },
    ),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": TemplateResource(
        type="AWS::WAFv2::LoggingConfiguration"
    ),
}
