"""Clients of a sandbox's AWS API: one endpoint, one account, bounded retries."""

from __future__ import annotations

import re
from functools import partial
from threading import Lock
from typing import Any, Final

from mobile_ai.sandbox.providers.errors import ProviderError

# Standard mode retries throttling, 5xx and broken connections, with exponential backoff.
_ATTEMPTS: Final = 6
_SECONDS_TO_CONNECT, _SECONDS_TO_ANSWER = 5, 60
_GONE: Final = re.compile(
    # A response to HEAD has no body, so its error code is the HTTP status.
    r"^404$|NotFound|NoSuch|DoesNotExist|NonExistent|NotFoundFault|Unknown(?!Error|Op)"
)
_TAKEN: Final = re.compile(
    r"AlreadyExist|EntityAlready|Duplicate|InUse|Conflict|BucketAlready|already exists",
    re.IGNORECASE,
)
_MAKES: Final = re.compile("Allocate|Create|Publish|Request")


class AwsApiError(ProviderError):
    """The API refused a call.

    Attributes:
        word: The API's error code.
        text: The API's error message.
    """

    def __init__(self, message: str, *, word: str, text: str = "") -> None:
        """Store the message, and the API's own code and text."""
        super().__init__(message, code="UNKNOWN")
        self.word = word
        self.text = text

    @property
    def gone(self) -> bool:
        """True if the error means that the object does not exist."""
        return bool(_GONE.search(self.word))

    @property
    def taken(self) -> bool:
        """True if the error means that an object with this name exists."""
        return bool(_TAKEN.search(self.word) or _TAKEN.search(self.text))


class AwsSession:
    """Clients by service and region."""

    def __init__(self, endpoint: str, *, account: str) -> None:
        """Store the endpoint (on this machine; see ``Endpoints``) and the account."""
        self._endpoint = endpoint
        self._account = account
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = Lock()

    def client(self, service: str, region: str) -> Any:
        """Return the client of a service in a region."""
        with self._lock:
            key = service, region
            if key not in self._clients:
                self._clients[key] = self._make(service, region)
            return self._clients[key]

    def call(self, service: str, region: str, operation: str, arguments: dict[str, Any]) -> Any:
        """Call an operation and return its response.

        Raises:
            AwsApiError: The API refused it, or did not respond within the bounded attempts.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            return getattr(self.client(service, region), operation)(**arguments)
        except ClientError as error:
            said = error.response.get("Error", {})
            tries = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
            raise AwsApiError(
                f"{service}:{operation} was refused after {tries + 1} attempt(s): got "
                f"{said.get('Code')}: {said.get('Message')}; expected success. Next: correct what "
                "it names, or run the same command again when the API was only busy",
                word=str(said.get("Code", "")),
                text=str(said.get("Message", "")),
            ) from error
        except BotoCoreError as error:
            raise AwsApiError(
                f"{service}:{operation} could not be called at {self._endpoint}: got {error}; "
                "expected an answer. Next: `mobile-ai sandbox status`, then run the same command "
                "again",
                word=type(error).__name__,
            ) from error

    def _make(self, service: str, region: str) -> Any:
        # Imported here: a preview needs no client, and the import takes a third of a second.
        import boto3  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415

        client = boto3.client(
            service,
            # Dummy credentials: the API requires some and verifies none.
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",  # noqa: S106
            region_name=region,
            endpoint_url=self._endpoint,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                connect_timeout=_SECONDS_TO_CONNECT,
                read_timeout=_SECONDS_TO_ANSWER,
                s3={"addressing_style": "path"},
                parameter_validation=True,
            ),
        )
        client.meta.events.register("before-call", partial(_name_account, self._account))
        client.meta.events.register_first("needs-retry", _make_once)
        return client


def _make_once(operation: Any, caught_exception: Exception | None, **_: Any) -> None:
    """Prevent the retry of a create call whose response may have been lost.

    The next run finds the created object by its mark. Without a connection nothing was created.
    """
    from botocore.exceptions import ConnectionClosedError, ReadTimeoutError  # noqa: PLC0415

    lost = isinstance(caught_exception, ReadTimeoutError | ConnectionClosedError)
    if lost and caught_exception and _MAKES.match(operation.name):
        raise caught_exception


def _name_account(account: str, params: dict[str, Any], **_: Any) -> None:
    """Add the header from which moto takes the account number."""
    params["headers"]["x-moto-account-id"] = account
