"""Authors of AWS calls, from responses in the shape of CloudTrail's API model."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from mobile_ai.operations.audit.live.trail import Trail

NAME = "mobile-ai-dev-stack"
USER = "arn:aws:iam::111122223333:user/ada"
CALLS = ("UpdateBudget", "DeleteBudget")


def event(
    call: str = "UpdateBudget",
    *,
    hour: int = 1,
    about: Any = None,
    identity: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    record = {
        "userIdentity": {"type": "IAMUser", "arn": USER} if identity is None else identity,
        "requestParameters": {"newBudget": {"budgetName": NAME}} if about is None else about,
        **more,
    }
    return {
        "EventId": f"{call}-{hour}",
        "EventName": call,
        "EventTime": datetime(2026, 11, 24, hour, tzinfo=UTC),
        "Username": "ada",
        "CloudTrailEvent": json.dumps(record),
    }


@pytest.fixture
def trail() -> Iterator[tuple[Trail, Stubber]]:
    client = boto3.client(
        "cloudtrail", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        yield Trail(client, pause=lambda _: None), stub
        stub.assert_no_pending_responses()


def by(stub: Stubber, attribute: str, value: str, *events: Any, **more: Any) -> None:
    """Expect one request and answer it."""
    wanted = [{"AttributeKey": attribute, "AttributeValue": value}]
    asked = {"LookupAttributes": wanted, "MaxResults": 50}
    asked |= {"NextToken": more.pop("token")} if "token" in more else {}
    stub.add_response("lookup_events", {"Events": list(events), **more}, asked)


def test_the_newest_call_that_changes_the_resource_is_told(trail: tuple[Trail, Stubber]) -> None:
    asked, stub = trail
    events = [event(hour=2), event(hour=3), event("DescribeBudget", hour=4)]
    by(stub, "ResourceName", NAME, *events)

    found = asked.last(NAME, CALLS)

    assert (found.who, found.when) == (USER, "2026-11-24T03:00:00Z")
    assert found.source == "CloudTrail UpdateBudget UpdateBudget-3"


def test_a_service_that_names_no_resources_is_asked_by_its_calls(
    trail: tuple[Trail, Stubber],
) -> None:
    asked, stub = trail
    by(stub, "ResourceName", NAME)
    others = {"newBudget": {"budgetName": "somebody-else's"}}
    by(stub, "EventName", "UpdateBudget", event(hour=9, about=others), event(hour=5))
    deleted = event("DeleteBudget", hour=6, about={"budgets": [{"budgetName": NAME}]})
    by(stub, "EventName", "DeleteBudget", deleted)

    assert asked.last(NAME, CALLS).when == "2026-11-24T06:00:00Z"


def test_a_call_that_failed_changed_nothing(trail: tuple[Trail, Stubber]) -> None:
    asked, stub = trail
    by(stub, "ResourceName", NAME, event(errorCode="AccessDenied"))
    for call in CALLS:
        by(stub, "EventName", call)

    found = asked.last(NAME, CALLS)

    assert (found.who, found.when) == ("", "")
    assert "no UpdateBudget or DeleteBudget among the newest 200 calls of 90 days" in str(found)


@pytest.mark.parametrize(
    ("identity", "who"),
    [
        (
            {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/admin/grace"},
            "arn:aws:sts::1:assumed-role/admin/grace",
        ),
        ({"type": "AWSService", "invokedBy": "budgets.amazonaws.com"}, "budgets.amazonaws.com"),
        ({}, "ada"),
    ],
)
def test_whoever_called_is_named_as_the_record_has_it(
    trail: tuple[Trail, Stubber], identity: dict[str, Any], who: str
) -> None:
    asked, stub = trail
    by(stub, "ResourceName", NAME, event(identity=identity))

    assert asked.last(NAME, CALLS).who == who


def test_pages_are_read_up_to_a_bound(trail: tuple[Trail, Stubber]) -> None:
    asked, stub = trail
    by(stub, "ResourceName", NAME, event("GetBucketAcl"), NextToken="1")
    by(stub, "ResourceName", NAME, event(hour=4), token="1", NextToken="2")
    by(stub, "ResourceName", NAME, token="2", NextToken="3")
    by(stub, "ResourceName", NAME, token="3", NextToken="4")

    assert asked.last(NAME, CALLS).when == "2026-11-24T04:00:00Z"


def test_no_more_than_two_requests_a_second() -> None:
    client = boto3.client(
        "cloudtrail", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    waited: list[float] = []
    with Stubber(client) as stub:
        for _ in range(3):
            stub.add_response("lookup_events", {}, {"LookupAttributes": ANY, "MaxResults": 50})
        Trail(client, pause=waited.append).last(NAME, CALLS)

    assert waited == [0.5, 0.5, 0.5]


def test_a_refusal_is_raised(trail: tuple[Trail, Stubber]) -> None:
    asked, stub = trail
    stub.add_client_error("lookup_events", "AccessDeniedException")

    with pytest.raises(ClientError):
        asked.last(NAME, CALLS)
