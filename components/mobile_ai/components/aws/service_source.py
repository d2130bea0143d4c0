"""Confused-deputy conditions for service principals, as far as AWS documents the keys sent.

A condition on a key that the service does not send never matches: the role cannot be assumed, or
the function cannot be invoked, and no error names the cause. Each service is therefore listed with
the page that documents its keys; an unlisted service stops the program.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mobile_ai.components.aws.names import AwsScope

_ACCOUNT: Final = "aws:SourceAccount"
_ARN: Final = "aws:SourceArn"
_DOCS: Final = "https://docs.aws.amazon.com"


@dataclass(frozen=True, slots=True)
class Sent:
    """Condition keys that a service is documented to send.

    Attributes:
        keys: Condition keys.
        page: AWS documentation page.
    """

    keys: tuple[str, ...]
    page: str


TRUSTED: Final[Mapping[str, Sent]] = {
    "apigateway.amazonaws.com": Sent(
        (), f"{_DOCS}/apigateway/latest/developerguide/permissions.html"
    ),
    "ecs-tasks.amazonaws.com": Sent(
        (_ACCOUNT, _ARN), f"{_DOCS}/AmazonECS/latest/developerguide/task-iam-roles.html"
    ),
    # Earlier editions of the page required `sts:ExternalId`; the current one requires no condition.
    "firehose.amazonaws.com": Sent(
        (),
        f"{_DOCS}/firehose/latest/dev/controlling-access.html#firehose-assume-role",
    ),
    # The page names the ARN too, but none says whether it is qualified with a version.
    "lambda.amazonaws.com": Sent(
        (_ACCOUNT,), f"{_DOCS}/lambda/latest/dg/permissions-managed-policies.html"
    ),
    "monitoring.rds.amazonaws.com": Sent(
        (_ACCOUNT, _ARN),
        f"{_DOCS}/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html"
        "#USER_Monitoring.OS.confused-deputy",
    ),
    # The ARN of the schedule's group, not of the schedule.
    "scheduler.amazonaws.com": Sent(
        (_ACCOUNT, _ARN),
        f"{_DOCS}/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html",
    ),
}
"""Services that assume a role.

Where no key is documented, iam:PassRole protects: no other account can pass a role of this
account to a service.
"""
INVOKERS: Final[Mapping[str, Sent]] = {
    "apigateway.amazonaws.com": Sent(
        (_ARN,),
        f"{_DOCS}/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html",
    ),
    "secretsmanager.amazonaws.com": Sent(
        (_ACCOUNT,),
        f"{_DOCS}/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html",
    ),
    "sns.amazonaws.com": Sent((_ARN,), f"{_DOCS}/lambda/latest/dg/with-sns.html"),
}
"""Services that invoke a function."""


def trust_conditions(
    service: str, scope: AwsScope, source_arn: str | None = None
) -> dict[str, dict[str, str]]:
    """Return the conditions of a role's trust policy.

    Args:
        service: Principal that assumes the role.
        scope: The account.
        source_arn: ARN that the service acts for; required if, and only if, it sends one.

    Raises:
        ValueError: If the service is not listed, or ``source_arn`` is missing or not expected.
    """
    sent = _sent(TRUSTED, service, needs_arn=source_arn is not None)
    equal = {key: scope["account_id"] for key in sent.keys if key != _ARN}
    conditions = {"StringEquals": equal} if equal else {}
    return conditions if source_arn is None else {**conditions, "ArnLike": {_ARN: source_arn}}


def invoker_source(service: str, scope: AwsScope, source_arn: Any | None = None) -> dict[str, Any]:
    """Return principal and source of a function's permission.

    Args:
        service: Principal that invokes the function.
        scope: The account.
        source_arn: ARN that it invokes for; required if, and only if, it sends one.

    Raises:
        ValueError: If the service is not listed, or ``source_arn`` is missing or not expected.
    """
    sent = _sent(INVOKERS, service, needs_arn=source_arn is not None)
    source: dict[str, Any] = {"principal": service}
    if _ACCOUNT in sent.keys:
        source["source_account"] = scope["account_id"]
    return source if source_arn is None else {**source, "source_arn": source_arn}


def _sent(table: Mapping[str, Sent], service: str, *, needs_arn: bool) -> Sent:
    sent = table.get(service)
    if sent is None:
        raise ValueError(
            f"service {service!r}: got no page of AWS that says which source it sends, expected "
            f"one of {sorted(table)}: look it up and add it to {__name__}"
        )
    if (_ARN in sent.keys) != needs_arn:
        wanted = "an ARN" if _ARN in sent.keys else "none"
        raise ValueError(
            f"service {service!r}: got {'an' if needs_arn else 'no'} ARN as its source, expected "
            f"{wanted} ({sent.page})"
        )
    return sent
