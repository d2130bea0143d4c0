"""Resource policies that grant read access to models to the exact distribution ARN only."""

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.names import AwsScope, bucket_arn


def models_key_policy(scope: AwsScope, distribution_arn: str) -> str:
    """Return the policy of the key that encrypts the models."""
    return iam.key_policy(
        scope,
        iam.allow_service(
            "DecryptByDistribution",
            "cloudfront.amazonaws.com",
            ["kms:Decrypt"],
            ["*"],
            conditions={"StringEquals": {"AWS:SourceArn": distribution_arn}},
        ),
    )


def models_bucket_policy(bucket: str, distribution_arn: str) -> str:
    """Return the policy of the bucket with this name.

    ``s3:ListBucket`` makes S3 return 404 instead of 403 for missing objects, as TUF clients expect.
    Viewers cannot list: the edge function rejects such paths.
    """
    resource = bucket_arn(bucket)
    condition = {"StringEquals": {"AWS:SourceArn": distribution_arn}}
    service = "cloudfront.amazonaws.com"
    paths = [f"{resource}/metadata/*", f"{resource}/targets/*"]
    return iam.document(
        iam.deny_insecure([resource, f"{resource}/*"]),
        iam.allow_service(
            "ReadByDistribution", service, ["s3:GetObject"], paths, conditions=condition
        ),
        iam.allow_service(
            "TellMissing", service, ["s3:ListBucket"], [resource], conditions=condition
        ),
    )
