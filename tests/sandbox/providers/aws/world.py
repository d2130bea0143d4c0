"""The stand-in's cloud with a way to break the API under it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from mobile_ai.sandbox.providers.aws.api.backend import AwsCloud
from mobile_ai.sandbox.providers.aws.api.session import AwsSession
from mobile_ai.sandbox.providers.aws.inventory import inventory
from mobile_ai.sandbox.providers.aws.kinds import KINDS
from mobile_ai.sandbox.providers.aws.provider_behavior import AwsDialect
from mobile_ai.sandbox.providers.cloud import Found, Made, WantedObject
from mobile_ai.sandbox.providers.values import Properties
from tests.sandbox.providers.stub import spec

ACCOUNT, REGION = "123456789012", "eu-central-1"


def fault(kind: str, *values: Any, later: bool = False) -> Any:
    """One case of a parametrised test, with the kind of fault that it is.

    Args:
        kind: The kind of fault.
        values: The case.
        later: Whether it runs in `make accept` only.
    """
    marks = [pytest.mark.fault(kind), *([pytest.mark.accept] if later else [])]
    return pytest.param(*values, marks=marks)


class Killed(BaseException):
    """The process dies here; no handler may save it."""


class Raw:
    """A body as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> list[bytes]:
        return [self._body]


@dataclass
class Breaking(AwsSession):
    """A session whose calls can be broken: by answers, by a dead line, by the process's end."""

    endpoint: str
    answers: list[Callable[[str], AWSResponse | None]] = field(default_factory=list)
    die_after: str = ""
    die_at: int = 0
    losing: Callable[[Any], AWSResponse | None] | None = None
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.endpoint, account=ACCOUNT)

    def _make(self, service: str, region: str) -> Any:
        client = super()._make(service, region)
        client.meta.events.register("before-send", self._before)
        if self.losing:
            client.meta.events.register("before-send", self.losing)
        return client

    def call(self, service: str, region: str, operation: str, arguments: dict[str, Any]) -> Any:
        answer = super().call(service, region, operation, arguments)
        self.calls.append(f"{service}:{operation}")
        if self.die_after in {operation, f"{service}:{operation}"}:
            raise Killed
        if len(self.calls) == self.die_at:
            raise Killed
        return answer

    def _before(self, request: Any, **_: Any) -> AWSResponse | None:
        return self.answers.pop(0)(request.url) if self.answers else None


def answering_json(status: int, code: str) -> Callable[[str], AWSResponse]:
    """The same for the services that speak JSON."""
    body = json.dumps({"__type": code, "message": "no"}).encode()
    return lambda url: AWSResponse(url, status, {"x-amzn-errortype": code}, Raw(body))


def answering(status: int, code: str) -> Callable[[str], AWSResponse]:
    """An error as services of every protocol word it."""
    xml = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"

    def answer(url: str) -> AWSResponse:
        headers = {"x-amzn-errortype": code}
        return AWSResponse(url, status, headers, Raw(xml.encode()))

    return answer


def dead_line(url: str) -> AWSResponse:
    raise EndpointConnectionError(endpoint_url=url)


def losing(operation: str) -> Callable[..., AWSResponse | None]:
    """Let the first call of an operation reach the API, and its answer get lost."""
    lost: list[str] = []

    def send(request: Any, event_name: str, **_: Any) -> None:
        asked = xform_name(event_name.rsplit(".", 1)[-1])
        if asked != operation or lost:
            return
        lost.append(asked)
        URLLib3Session().send(request)
        raise ReadTimeoutError(endpoint_url=request.url)

    return send


class World:
    """One AWS account and the stand-in's processes that work on it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.session = Breaking(endpoint)
        self.dialect = AwsDialect(spec("aws"), {})
        self.dialect.configure({"region": REGION})
        self.start()

    def start(self) -> None:
        """Start a process of the stand-in, which knows nothing of the ones before."""
        self.session = Breaking(self.endpoint)
        self.cloud = AwsCloud(self.dialect, lambda _: self.session, KINDS)

    def wanted(self, token: str, inputs: Properties, **more: Any) -> WantedObject:
        facts = self.dialect.find(token)
        urn = f"urn:pulumi:dev::demo::{token}::{more.pop('name', 'thing')}"
        return WantedObject(urn=urn, facts=facts, inputs=inputs, **more)

    def create(self, token: str, inputs: Properties, **more: Any) -> Made:
        return self.cloud.create(self.wanted(token, inputs, **more))

    def read(self, token: str, inputs: Properties, made: Made) -> Found | None:
        wanted = self.wanted(token, inputs)
        return self.cloud.read(wanted, object_id=made.id, known=made.outputs)

    def objects(self) -> dict[str, list[str]]:
        session = AwsSession(self.endpoint, account=ACCOUNT)
        return inventory(session, account=ACCOUNT, region=REGION)

    def api(self, service: str, operation: str, **arguments: Any) -> Any:
        """Change something manually, unknown to the engine."""
        return AwsSession(self.endpoint, account=ACCOUNT).call(
            service, REGION, operation, arguments
        )
