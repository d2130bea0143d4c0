"""Finds the author of a change in CloudTrail's event history.

The history holds the management events of 90 days in one region, a few minutes late, at two
requests a second:
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html. Writes of
single objects in S3 are data events, which it does not contain.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from mobile_ai.operations.audit.contract import Author, moment

Last = Callable[[str, Sequence[str]], Author]
"""Returns the author of the newest of some calls about a resource, by its name."""

_BETWEEN: Final = 0.5  # seconds from one request to the next
_PAGES: Final = 4
_AT_ONCE: Final = 50  # events of a page
_DAYS: Final = 90


class Trail:
    """The event history of one region."""

    def __init__(self, client: Any, *, pause: Callable[[float], None] = time.sleep) -> None:
        """Keep the client.

        Args:
            client: boto3's ``cloudtrail`` client.
            pause: Sleeps for some seconds, to stay within the rate limit.
        """
        self._client, self._pause = client, pause

    def last(self, name: str, calls: Sequence[str]) -> Author:
        """Return the author and time of the newest successful call that changed a resource.

        Args:
            name: Name of the resource. Events of services that report no resource to CloudTrail are
                matched by the call's parameters.
            calls: Names of the calls, such as ``UpdateBudget``.

        Raises:
            ClientError: AWS refuses.
        """
        found = [
            event
            for event in self._events("ResourceName", name)
            if event.get("EventName") in calls and _succeeded(event)
        ]
        for call in () if found else calls:
            events = self._events("EventName", call)
            found += [e for e in events if _succeeded(e) and _mentions(_parameters(e), name)]
        if not found:
            most = f"the newest {_PAGES * _AT_ONCE} calls of {_DAYS} days"
            return Author(source="CloudTrail", note=f"no {' or '.join(calls)} among {most}")
        newest = max(found, key=lambda event: event["EventTime"])
        return Author(
            who=_principal(newest),
            when=moment(newest["EventTime"]),
            source=f"CloudTrail {newest['EventName']} {newest['EventId']}",
        )

    def _events(self, attribute: str, value: str) -> Iterator[Mapping[str, Any]]:
        """Yield the newest events with an attribute; the API returns the newest first."""
        wanted = [{"AttributeKey": attribute, "AttributeValue": value}]
        page: dict[str, str] = {}
        for _ in range(_PAGES):
            self._pause(_BETWEEN)
            answer = self._client.lookup_events(
                LookupAttributes=wanted, MaxResults=_AT_ONCE, **page
            )
            yield from answer.get("Events", ())
            if not answer.get("NextToken"):
                return
            page = {"NextToken": answer["NextToken"]}


def no_trail(_: str, __: Sequence[str]) -> Author:
    """Return an unknown author, where no trail is available."""
    return Author(note="no record of calls is available")


def _record(event: Mapping[str, Any]) -> Mapping[str, Any]:
    value = json.loads(event.get("CloudTrailEvent") or "{}")
    return value if isinstance(value, Mapping) else {}


def _succeeded(event: Mapping[str, Any]) -> bool:
    return not _record(event).get("errorCode")


def _parameters(event: Mapping[str, Any]) -> Any:
    return _record(event).get("requestParameters")


def _mentions(value: Any, name: str) -> bool:
    if isinstance(value, Mapping):
        return any(_mentions(item, name) for item in value.values())
    if isinstance(value, list):
        return any(_mentions(item, name) for item in value)
    return bool(value == name)


def _principal(event: Mapping[str, Any]) -> str:
    identity = _record(event).get("userIdentity") or {}
    return str(identity.get("arn") or identity.get("invokedBy") or event.get("Username") or "")
