"""Resource types without a charge of their own, each with the reason and its source."""

from __future__ import annotations

from typing import Final

_VPC: Final = "https://aws.amazon.com/vpc/pricing/"
_API: Final = "https://aws.amazon.com/api-gateway/pricing/"
_CDN: Final = "https://aws.amazon.com/cloudfront/pricing"
_LOGS: Final = "https://aws.amazon.com/cloudwatch/pricing/"
_S3: Final = "https://aws.amazon.com/s3/pricing/"
_IAM: Final = "https://aws.amazon.com/iam/faqs/"
_KUBERNETES: Final = "https://kubernetes.io/docs/concepts/overview/kubernetes-api/"

# Prefixes of type tokens, with reason and source. Where a type configures another, that one is
# priced.
_FREE: Final[dict[str, tuple[str, str]]] = {
    "aws:acm/": (
        "public certificates for integrated services",
        "https://aws.amazon.com/certificate-manager/pricing/",
    ),
    "aws:apigatewayv2/apiMapping:": ("requests are billed", _API),
    "aws:apigatewayv2/authorizer:": ("requests are billed", _API),
    "aws:apigatewayv2/domainName:": ("requests are billed", _API),
    "aws:apigatewayv2/integration:": ("requests are billed", _API),
    "aws:apigatewayv2/route:": ("requests are billed", _API),
    "aws:budgets/budget:": (
        "monitoring and notifications",
        "https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/",
    ),
    "aws:cloudfront/cachePolicy:": ("a setting of the distribution", _CDN),
    "aws:cloudfront/keyGroup:": ("a setting of the distribution", _CDN),
    "aws:cloudfront/originAccessControl:": ("a setting of the distribution", _CDN),
    "aws:cloudfront/publicKey:": ("a setting of the distribution", _CDN),
    "aws:cloudfront/responseHeadersPolicy:": ("a setting of the distribution", _CDN),
    "aws:cloudwatch/eventRule:": (
        "events of AWS services",
        "https://aws.amazon.com/eventbridge/pricing/",
    ),
    "aws:cloudwatch/eventTarget:": (
        "events of AWS services",
        "https://aws.amazon.com/eventbridge/pricing/",
    ),
    "aws:cloudwatch/logDeliveryDestination:": ("deliveries are billed", _LOGS),
    "aws:cloudwatch/logDeliverySource:": ("deliveries are billed", _LOGS),
    "aws:costexplorer/": (
        "anomaly detection",
        "https://aws.amazon.com/aws-cost-management/aws-cost-anomaly-detection/pricing/",
    ),
    "aws:ec2/defaultSecurityGroup:": ("part of a VPC", _VPC),
    "aws:ec2/internetGateway:": ("part of a VPC", _VPC),
    "aws:ec2/route:": ("part of a VPC", _VPC),
    "aws:ec2/routeTable:": ("part of a VPC", _VPC),
    "aws:ec2/routeTableAssociation:": ("part of a VPC", _VPC),
    "aws:ec2/securityGroup:": ("part of a VPC", _VPC),
    "aws:ec2/subnet:": ("part of a VPC", _VPC),
    "aws:ec2/vpc:": ("part of a VPC", _VPC),
    "aws:ecr/lifecyclePolicy:": (
        "a setting of the repository",
        "https://aws.amazon.com/ecr/pricing/",
    ),
    "aws:ecr/repositoryPolicy:": (
        "a setting of the repository",
        "https://aws.amazon.com/ecr/pricing/",
    ),
    "aws:ecs/taskDefinition:": ("tasks are billed", "https://aws.amazon.com/fargate/pricing/"),
    "aws:glue/catalogDatabase:": (
        "the first million objects",
        "https://aws.amazon.com/glue/pricing/",
    ),
    "aws:glue/catalogTable:": ("the first million objects", "https://aws.amazon.com/glue/pricing/"),
    "aws:iam/": ("identities and policies", _IAM),
    "aws:kms/alias:": ("keys are billed", "https://aws.amazon.com/kms/pricing/"),
    "aws:kms/keyPolicy:": ("keys are billed", "https://aws.amazon.com/kms/pricing/"),
    "aws:lambda/permission:": ("calls are billed", "https://aws.amazon.com/lambda/pricing/"),
    "aws:lb/listener:": (
        "the balancer is billed",
        "https://aws.amazon.com/elasticloadbalancing/pricing/",
    ),
    "aws:lb/targetGroup:": (
        "the balancer is billed",
        "https://aws.amazon.com/elasticloadbalancing/pricing/",
    ),
    "aws:rds/parameterGroup:": ("the instance is billed", "https://aws.amazon.com/rds/pricing/"),
    "aws:rds/subnetGroup:": ("the instance is billed", "https://aws.amazon.com/rds/pricing/"),
    "aws:s3/bucketLifecycleConfiguration:": ("the bucket is billed", _S3),
    "aws:s3/bucketLogging:": ("the bucket is billed", _S3),
    "aws:s3/bucketObjectv2:": ("counted with its bucket", _S3),
    "aws:s3/bucketOwnershipControls:": ("the bucket is billed", _S3),
    "aws:s3/bucketPolicy:": ("the bucket is billed", _S3),
    "aws:s3/bucketPublicAccessBlock:": ("the bucket is billed", _S3),
    "aws:s3/bucketServerSideEncryptionConfiguration:": ("the bucket is billed", _S3),
    "aws:s3/bucketVersioning:": ("the bucket is billed", _S3),
    "aws:secretsmanager/secretRotation:": (
        "the secret and the function are billed",
        "https://aws.amazon.com/secrets-manager/pricing/",
    ),
    "aws:sns/topicPolicy:": ("messages are billed", "https://aws.amazon.com/sns/pricing/"),
    "aws:ssm/parameter:": (
        "standard parameters",
        "https://aws.amazon.com/systems-manager/pricing/",
    ),
    "aws:vpc/securityGroup": ("part of a VPC", _VPC),
    "kubernetes:": ("an object of the cluster's API; pods are billed by their node", _KUBERNETES),
    "mobileai:index:": ("a group of resources, each counted itself", "docs/architecture.md"),
    "pulumi:": ("not a resource of a cloud", "https://www.pulumi.com/docs/iac/concepts/providers/"),
}
# Kubernetes kinds that run or store: not free unless a price model says so.
_RUN: Final = (
    "kubernetes:apps/",
    "kubernetes:batch/",
    "kubernetes:core/v1:Pod",
    "kubernetes:core/v1:ReplicationController",
    "kubernetes:core/v1:PersistentVolume",
)


def free_of(token: str) -> tuple[str, str] | None:
    """Return the reason why a type is free and its source, or ``None``."""
    if token.startswith(_RUN):
        return None
    for beginning in _beginnings(token):
        if beginning in _FREE:
            return _FREE[beginning]
    return _FREE["aws:vpc/securityGroup"] if token.startswith("aws:vpc/securityGroup") else None


def _beginnings(token: str) -> tuple[str, ...]:
    package, _, rest = token.partition(":")
    module, _, _ = rest.partition("/")
    head, _, _ = token.rpartition(":")
    return f"{head}:", f"{package}:{module}/", f"{package}:index:", f"{package}:"
