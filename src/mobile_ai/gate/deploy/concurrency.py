"""Lambda concurrency quota of the account, checked before an `up` reserves more.

AWS lets functions reserve all of an account's concurrent executions except 100, and a new account
may have 10 in total; a quota increase is requested and takes days (Lambda developer guide,
"Configuring reserved concurrency" and "Lambda quotas").
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mobile_ai.gate.errors import GateError
from mobile_ai.gate.state.baseline import exported_rows

PLATFORM_RESERVED: Final = 15
"""Upper bound of the platform functions' reserved concurrency; a test counts it in a plan."""
_KEPT_FREE: Final = 100
_QUOTA: Final = "L-B99A9384"  # "Concurrent executions" of Lambda, Service Quotas
_FUNCTION: Final = "aws:lambda/function:Function"


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """Concurrent executions of an account in a region.

    Attributes:
        total: The account's quota.
        unreserved: Executions that no function has reserved.
    """

    total: int
    unreserved: int


Ask = Callable[[str, str, Mapping[str, str]], Concurrency]
"""Returns the concurrency of an account, given its id, region and environment."""


def require_concurrency(
    config: Mapping[str, Any], export: Mapping[str, Any], ambient: Mapping[str, str], ask: Ask
) -> str:
    """Check that the account has the concurrency that the stack reserves.

    Args:
        config: ``config`` of the stack file.
        export: The exported state, for existing reservations.
        ambient: Variables with the credentials.
        ask: Returns the concurrency for an account, a region and variables.

    Returns:
        A note if the account could not be queried; else an empty text.

    Raises:
        GateError: The account has too little.
    """
    region = str(config.get("mobile-ai:region"))
    account = str((config.get("mobile-ai:aws") or {}).get("accountId"))
    try:
        found = ask(account, region, ambient)
    except PermissionError as error:
        return (
            f"Lambda's quota in {region} was not checked ({error}): a new account has too little, "
            "see docs/aws.md"
        )
    wanted = PLATFORM_RESERVED + sum(_placed(config))
    held = sum(_reserved(export))
    left = found.unreserved + held - wanted
    if left >= _KEPT_FREE:
        return ""
    needed = found.total + _KEPT_FREE - left
    raise GateError(
        f"Lambda in {region}: got {found.total} concurrent executions, {found.unreserved} of them "
        f"free, and the stack reserves {wanted} ({held} already); expected {_KEPT_FREE} to stay "
        "free, as AWS requires. Next: `aws service-quotas request-service-quota-increase "
        f"--service-code lambda --quota-code {_QUOTA} --region {region} "
        f"--desired-value {needed}`, and run this again when AWS has granted it."
    )


def account_concurrency(account: str, region: str, ambient: Mapping[str, str]) -> Concurrency:
    """Query AWS for the concurrency of an account.

    Raises:
        PermissionError: Credentials are missing, of another account, or lack the permission.
    """
    import boto3  # noqa: PLC0415  slow to import, and only an account needs it
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    patience = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 2})
    try:
        session = boto3.Session(
            profile_name=ambient.get("AWS_PROFILE"),
            aws_access_key_id=ambient.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=ambient.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=ambient.get("AWS_SESSION_TOKEN"),
            region_name=region,
        )
        caller = session.client("sts", config=patience).get_caller_identity()["Account"]
        if caller != account:
            raise PermissionError(f"got credentials of {caller}, expected {account}")
        limit = session.client("lambda", config=patience).get_account_settings()["AccountLimit"]
    except (BotoCoreError, ClientError) as error:
        raise PermissionError(str(error)) from error
    return Concurrency(
        total=limit["ConcurrentExecutions"], unreserved=limit["UnreservedConcurrentExecutions"]
    )


def _placed(config: Mapping[str, Any]) -> Iterable[int]:
    for deployment in config.get("mobile-ai:deployments") or ():
        for placement in deployment.get("placement") or ():
            if placement.get("target") == "cloud":
                yield int(placement.get("reservedConcurrency") or 0)


def _reserved(export: Mapping[str, Any]) -> Iterable[int]:
    for item in exported_rows(export):
        if item.get("type") == _FUNCTION:
            yield max(0, int((item.get("outputs") or {}).get("reservedConcurrentExecutions") or 0))
