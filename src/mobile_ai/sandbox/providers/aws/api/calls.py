"""Carries out the calls of an entry: arguments by name, by the table, by botocore's model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mobile_ai.sandbox.providers.aws.api.arguments import argument, member_for
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, Step
from mobile_ai.sandbox.providers.aws.api.session import AwsSession
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject
from mobile_ai.sandbox.providers.aws.api.text import made

# Written apart, or no argument at all.
_NEVER_FILLED = frozenset({"tags", "tagsAll", "region"})


class Api:
    """The API as one kind of object sees it."""

    def __init__(self, session: AwsSession, kind: Kind) -> None:
        """Take the session and the kind."""
        self._session = session
        self._kind = kind

    def call(self, subject: ApiSubject, operation: str, service: str = "", /, **given: Any) -> Any:
        """Call an operation with these arguments.

        Raises:
            AwsApiError: The API refused it.
        """
        used = service or self._kind.service
        return self._session.call(used, subject.facts["region"], operation, given)

    def run(self, step: Step, subject: ApiSubject, *, more: dict[str, Any] | None = None) -> Any:
        """Carry a step out and return the API's answer.

        Args:
            step: The call or action.
            subject: The object.
            more: Arguments beside those of the table.

        Raises:
            AwsApiError: The API refused it.
        """
        if not isinstance(step, Call):
            return step.run(self, subject)
        arguments = self.arguments(step, subject) | (more or {})
        return self.call(subject, step.operation, step.service, **arguments)

    def arguments(self, call: Call, subject: ApiSubject) -> dict[str, Any]:
        """The arguments of a call."""
        shape = self.input_shape(call, subject)
        if shape is None:
            return {}
        found: dict[str, Any] = {}
        for member, given in call.give.items():
            value = made(given, subject)
            if value is not None:
                found[member] = argument(value, shape.members[member])
        for name, value in subject.props.items() if call.fill else ():
            named = member_for(name, shape)
            if named and named not in found and value is not None and takes(call, name):
                found[named] = argument(value, shape.members[named])
        return found

    def input_shape(self, call: Call, subject: ApiSubject) -> Any:
        """Botocore's model of a call's arguments."""
        service = call.service or self._kind.service
        client = self._session.client(service, subject.facts["region"])
        method = client.meta.method_to_api_mapping[call.operation]
        return client.meta.service_model.operation_model(method).input_shape


def takes(call: Call, name: str) -> bool:
    """Return whether a call takes a property that an argument has the name of."""
    if name in _NEVER_FILLED or name in call.without:
        return False
    return not call.only or name in call.only


def operations_of(kind: Kind) -> Iterable[tuple[str, str]]:
    """Every operation of an entry as service and boto3 name."""
    for step in kind.steps():
        if isinstance(step, Call):
            yield step.service or kind.service, step.operation
        else:
            for name in step.uses:
                service, _, operation = name.partition(":")
                yield service, operation
    if kind.tags:
        for operation in (kind.tags.add, kind.tags.remove, kind.tags.read):
            if operation:
                yield kind.service, operation
