"""Every call that deploying a sample stack makes, from sources independent of the deploy role."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from mobile_ai.operations.bootstrap.rights import StackPlace
from tests.operations.bootstrap.judge import Needed, needed
from tests.operations.bootstrap.plans import place_of, plan_of

__all__ = ["calls_of"]


@cache
def calls_of(stack: str) -> list[Needed]:
    """Return the calls of CloudFormation's handlers and of AWS's guides."""
    return [*needed(plan_of(stack), place_of(stack)), *of_guides(stack)]


def of_guides(stack: str) -> Iterator[Needed]:
    """Yield calls from AWS's guides that the handlers lack; without them the first `up` failed."""
    place = place_of(stack)
    here = {"aws:RequestedRegion": place.region}
    state = f"arn:aws:s3:::mobile-ai-state-{place.account}-{place.region}"
    stored = f"{state}/.pulumi/stacks/mobile-ai/{stack}.json"
    image = f"arn:aws:ecr:{place.region}:{place.account}:repository/mobile-ai/edge"
    key = f"arn:aws:kms:{place.region}:{place.account}:key/1"
    alias = {"kms:ResourceAliases": "alias/mobile-ai-state"}
    rows: list[tuple[str, str, Mapping[str, str]]] = [
        ("s3:ListBucket", state, here),
        ("s3:GetObject", stored, here),
        ("s3:PutObject", stored, here),
        ("s3:DeleteObject", stored, here),
        # https://www.pulumi.com/docs/iac/concepts/secrets/ : the state's secrets, without S3
        ("kms:Decrypt", key, alias),
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
        *((f"logs:{name}", "*", here) for name in _LOG_DELIVERY),
        # https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
        ("ecr:BatchGetImage", image, here),
        ("ecr:GetDownloadUrlForLayer", image, here),
        ("ecr:GetRepositoryPolicy", image, here),
        # https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html
        ("kinesis:StartStreamEncryption", key, here),
        *((f"s3:{name}", f"arn:aws:s3:::{place.prefix}models/x", here) for name in _OBJECTS),
        *_linked(place, _LINKED_BY_GUIDES[stack]),
    ]
    for action, arn, context in rows:
        yield Needed(
            resource="guide", action=action, arn=arn, context=tuple(sorted(context.items()))
        )


_LOG_DELIVERY = (
    "CreateLogDelivery",
    "DeleteLogDelivery",
    "DescribeLogGroups",
    "DescribeResourcePolicies",
    "GetLogDelivery",
    "ListLogDeliveries",
    "PutResourcePolicy",
    "UpdateLogDelivery",
)
_OBJECTS = ("DeleteObject", "GetObject", "PutObject", "PutObjectTagging")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
_LINKED_BY_GUIDES = {
    "dev": ["delivery.logs", "ops.apigateway"],
    "prod": ["delivery.logs", "ecs", "elasticloadbalancing", "ops.apigateway", "rds"],
}


def _linked(
    place: StackPlace, services: Sequence[str]
) -> Iterator[tuple[str, str, dict[str, str]]]:
    for service in services:
        name = f"{service}.amazonaws.com"
        arn = f"arn:aws:iam::{place.account}:role/aws-service-role/{name}/AWSServiceRoleForIt"
        yield "iam:CreateServiceLinkedRole", arn, {"iam:AWSServiceName": name}
