"""Closed list of the resource types that a stack may declare, by exact type token.

A type that is not listed is denied, because no rule covers its effects. A listed type is evaluated
by the rules that name it, or the list gives the reason why it needs none. Rules for every type
(residency, cost tags) apply in addition. Tokens are those of pulumi-aws 7, pulumi-kubernetes 4 and
the project's own components; aliases and other API versions of a listed type are not listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

JUDGED: Final = frozenset(
    {
        "aws:acm/certificate:Certificate",
        "aws:apigatewayv2/api:Api",
        "aws:apigatewayv2/authorizer:Authorizer",
        "aws:apigatewayv2/domainName:DomainName",
        "aws:apigatewayv2/route:Route",
        "aws:apigatewayv2/stage:Stage",
        "aws:budgets/budget:Budget",
        "aws:cloudfront/cachePolicy:CachePolicy",
        "aws:cloudfront/distribution:Distribution",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:costexplorer/anomalySubscription:AnomalySubscription",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ecr/repository:Repository",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "aws:ecs/service:Service",
        "aws:ecs/taskDefinition:TaskDefinition",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
        "aws:kinesis/stream:Stream",
        "aws:kms/externalKey:ExternalKey",
        "aws:kms/key:Key",
        "aws:kms/keyPolicy:KeyPolicy",
        "aws:lambda/function:Function",
        "aws:lambda/permission:Permission",
        "aws:lb/listener:Listener",
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:rds/instance:Instance",
        "aws:route53/record:Record",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:secretsmanager/secret:Secret",
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        "aws:sns/topic:Topic",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sns/topicSubscription:TopicSubscription",
        "aws:sqs/queue:Queue",
        "aws:sqs/queuePolicy:QueuePolicy",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "kubernetes:apps/v1:Deployment",
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        "kubernetes:core/v1:ConfigMap",
        "kubernetes:core/v1:Namespace",
        "kubernetes:core/v1:Service",
        "kubernetes:core/v1:ServiceAccount",
        "kubernetes:gateway.networking.k8s.io/v1:Gateway",
        "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        "mobileai:index:Deployed",
        "mobileai:index:GovernanceContext",
        "mobileai:index:MobileAIDeployment",
        "mobileai:index:ModelRegistry",
        "mobileai:index:ModelVersion",
        "pulumi:providers:aws",
        "pulumi:providers:kubernetes",
    }
)
"""Types that at least one rule names."""

_DECLARES = "a component: each of its resources is evaluated"
_METADATA = "a name or a grouping: holds no data, gives no access"
_ROUTES = "routes packets of the stack's network; security groups control access"
_NAMES = "a public name or its validation; its target is evaluated"
_WATCHES = "reads and reports; grants nothing"
_BOUNDS = "only restricts resources that are evaluated"

UNJUDGED: Final[Mapping[str, str]] = {
    "aws:acm/certificateValidation:CertificateValidation": _NAMES,
    "aws:apigatewayv2/apiMapping:ApiMapping": _NAMES,
    "aws:apigatewayv2/integration:Integration": "calls a function or stream of the stack by a role",
    "aws:athena/workgroup:Workgroup": "queries as the caller; results are in a bucket",
    "aws:cloudfront/function:Function": "runs only in an evaluated distribution",
    "aws:cloudfront/keyGroup:KeyGroup": _BOUNDS,
    "aws:cloudfront/originAccessControl:OriginAccessControl": _BOUNDS,
    "aws:cloudfront/publicKey:PublicKey": _BOUNDS,
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": _BOUNDS,
    "aws:cloudwatch/dashboard:Dashboard": _WATCHES,
    "aws:cloudwatch/logDelivery:LogDelivery": _WATCHES,
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": _WATCHES,
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": _WATCHES,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _WATCHES,
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": _WATCHES,
    "aws:costexplorer/costAllocationTag:CostAllocationTag": _WATCHES,
    "aws:ec2/eip:Eip": _ROUTES,
    "aws:ec2/flowLog:FlowLog": _WATCHES,
    "aws:ec2/internetGateway:InternetGateway": _ROUTES,
    "aws:ec2/natGateway:NatGateway": _ROUTES,
    "aws:ec2/route:Route": _ROUTES,
    "aws:ec2/routeTable:RouteTable": _ROUTES,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _ROUTES,
    "aws:ec2/vpc:Vpc": _ROUTES,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _ROUTES,
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": _BOUNDS,
    "aws:ecs/cluster:Cluster": _METADATA,
    "aws:glue/catalogDatabase:CatalogDatabase": _METADATA,
    "aws:glue/catalogTable:CatalogTable": _METADATA,
    "aws:kms/alias:Alias": _METADATA,
    "aws:lb/targetGroup:TargetGroup": _ROUTES,
    "aws:rds/parameterGroup:ParameterGroup": _BOUNDS,
    "aws:rds/subnetGroup:SubnetGroup": _METADATA,
    "aws:route53/zone:Zone": _NAMES,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _BOUNDS,
    "aws:s3/bucketLogging:BucketLogging": _WATCHES,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _BOUNDS,
    "aws:s3/bucketVersioning:BucketVersioning": _BOUNDS,
    "aws:scheduler/schedule:Schedule": "starts what an evaluated role allows",
    "aws:secretsmanager/secretRotation:SecretRotation": "calls an evaluated function",
    "aws:ssm/parameter:Parameter": "a switch that the stack's own functions read",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "allows outgoing traffic only",
    "aws:wafv2/webAcl:WebAcl": _BOUNDS,
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy": _BOUNDS,
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding": _BOUNDS,
    "kubernetes:core/v1:LimitRange": _BOUNDS,
    "kubernetes:core/v1:PersistentVolumeClaim": "storage of its own namespace's pods",
    "kubernetes:core/v1:ResourceQuota": _BOUNDS,
    "kubernetes:policy/v1:PodDisruptionBudget": _BOUNDS,
    **{
        f"mobileai:index:{name}": _DECLARES
        for name in (
            "BurnRate",
            "CloudInferenceEndpoint",
            "CostBudget",
            "CostTags",
            "EdgeInferenceEndpoint",
            "EdgeSite",
            "EncryptionKey",
            "ModelDelivery",
            "Network",
            "Platform",
            "PrivateBucket",
            "RegistryBalancer",
            "RegistryDatabase",
            "RegistrySecrets",
            "RegistryServer",
            "ServiceFunction",
            "Telemetry",
            "TelemetryApi",
            "TelemetryStore",
            "TimestampSigner",
        )
    },
    "pulumi:providers:pulumi": "the engine's own: reads the outputs of stacks, creates nothing",
    "pulumi:pulumi:Stack": "the root of all others",
}
"""Types that no rule names, each with the reason why it needs none."""

LISTED: Final = JUDGED | frozenset(UNJUDGED)
"""Every type that a stack may declare."""
