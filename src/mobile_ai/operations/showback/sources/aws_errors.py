"""Translates errors of the AWS APIs into errors with a next step."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from mobile_ai.operations.showback.errors import ShowbackError

_DENIED: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "403", "UnauthorizedOperation"}
)
_BUSY: Final = frozenset(
    {
        "LimitExceededException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_GONE: Final = frozenset({"404", "NoSuchBucket", "NoSuchKey"})
_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"})


@contextmanager
def asking(what: str, *, permission: str) -> Iterator[None]:
    """Turn what the SDK raises into an error that says what, got, expected and next step.

    Args:
        what: Subject of the request, for the message.
        permission: The IAM actions that it takes.

    Raises:
        ShowbackError: Instead of anything that botocore raises.
    """
    try:
        yield
    except NoCredentialsError as error:
        raise _refused(what, "no AWS credentials", _LOG_IN) from error
    except ClientError as error:
        said = error.response["Error"]
        code = str(said.get("Code", ""))
        got = f"{code}: {said.get('Message', '')}".strip(": ")
        raise _refused(what, got, _next_step(code, permission)) from error
    except BotoCoreError as error:
        raise _refused(what, f"{type(error).__name__}: {error}", _LOG_IN) from error


_LOG_IN: Final = "log in, or set AWS_PROFILE or AWS_ROLE_ARN, and see that AWS can be reached"


def _next_step(code: str, permission: str) -> str:
    if code in _DENIED:
        return f"use a role that may {permission} (docs/aws.md has the policy)"
    if code in _BUSY:
        return "AWS still throttles after all retries: wait a few minutes and run it again"
    if code in _EXPIRED:
        return _LOG_IN
    if code in _GONE:
        return "see that the address is that of the export, and that AWS has delivered it"
    if code == "DataUnavailableException":
        return "open Cost Explorer once in the payer account and wait for a day"
    return "see what AWS says; nothing was written"


def _refused(what: str, got: str, next_step: str) -> ShowbackError:
    return ShowbackError(what, got=got, expected="an answer of AWS", next_step=next_step)
