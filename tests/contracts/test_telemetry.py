"""Telemetry events are validated alike wherever they come in, and refused without quoting them."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mobile_ai.contracts.telemetry import FIELDS, check_event, event_schema
from mobile_ai.contracts.telemetry_request import LARGEST_REQUEST, sort_events, split_objects

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def event(**changes: Any) -> dict[str, Any]:
    valid = {
        "event_id": "0b9d3c1e-7a52-4c6e-9d0f-2f1f6a5d8c11",
        "occurred_at": "2026-01-31T11:59:00Z",
        "kind": "inference",
        "app": "field-assistant",
        "model": "digits",
        "version": "1.1.0",
        "target": "on-device",
        "latency_ms": 4.5,
        "histogram": [1, 2, 3],
    }
    return {**valid, **changes}


def test_a_valid_event_is_accepted() -> None:
    assert check_event(event(), now=NOW) is None


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.required])
def test_a_required_field_is_missed(name: str) -> None:
    incomplete = event()
    del incomplete[name]

    assert check_event(incomplete, now=NOW) == f"{name}: missing"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event_id", "1"),
        ("occurred_at", "2026-01-31 11:59:00"),
        ("occurred_at", "2026-02-30T00:00:00Z"),
        ("kind", "purchase"),
        ("app", "Field Assistant"),
        ("version", "latest"),
        ("latency_ms", float("nan")),
        ("latency_ms", -1),
        ("latency_ms", True),
        ("latency_ms", "4"),
        ("count", 1.5),
        ("histogram", []),
        ("histogram", [1] * 65),
        ("histogram", ["1"]),
    ],
)
def test_a_field_in_another_form_is_refused_by_name(field: str, value: Any) -> None:
    reason = check_event(event(**{field: value}), now=NOW)

    assert reason is not None
    assert reason.startswith(f"{field}: ")


def test_an_unknown_field_is_refused_without_repeating_it() -> None:
    reason = check_event(event(mail="someone@example.com"), now=NOW)

    assert reason == "got 1 unknown fields"


@pytest.mark.parametrize("offset", [timedelta(days=-31), timedelta(minutes=11)])
def test_a_clock_that_is_far_off_is_refused(offset: timedelta) -> None:
    moment = (NOW + offset).strftime("%Y-%m-%dT%H:%M:%SZ")

    assert check_event(event(occurred_at=moment), now=NOW) is not None


def test_a_group_needs_consent_and_an_application_that_may() -> None:
    reasons = [
        check_event(event(group="a"), now=NOW, group_apps=["field-assistant"]),
        check_event(event(group="a", group_consent=True), now=NOW),
        check_event(event(group="a", group_consent=True), now=NOW, group_apps=["field-assistant"]),
    ]

    assert reasons == [
        "group: expected with group_consent only",
        "group: not allowed for this application",
        None,
    ]


@pytest.mark.parametrize(
    ("changes", "accepted"),
    [
        ({"histogram": [3, 4], "hits": [3, 0], "predicted_at": "2026-01-30T00:00:00Z"}, True),
        ({"histogram": [3, 4], "hits": [3, 5], "predicted_at": "2026-01-30T00:00:00Z"}, False),
        ({"histogram": [3, 4], "hits": [3], "predicted_at": "2026-01-30T00:00:00Z"}, False),
        ({"histogram": [3], "hits": [3], "predicted_at": "2026-02-30T00:00:00Z"}, False),
        ({"histogram": [3], "hits": [3]}, False),
    ],
)
def test_a_label_has_as_many_hits_as_bins_and_a_time(
    changes: dict[str, Any], *, accepted: bool
) -> None:
    assert (check_event(event(kind="label", **changes), now=NOW) is None) is accepted


def test_a_drift_event_says_what_its_histogram_is_of() -> None:
    assert check_event(event(kind="drift"), now=NOW) == "drift: expected feature and histogram"
    assert check_event(event(kind="drift", feature="input.brightness"), now=NOW) is None


# JSON Schema takes 1.0 for an integer, and no schema knows which days exist or what day it is.
_VALUES = st.sampled_from(
    [
        "a",
        "Z",
        "on-device",
        "label",
        "1.2.3",
        3,
        -1,
        0.5,
        True,
        None,
        [1],
        [-1],
        [],
        "x" * 99,
    ]
)


@given(name=st.sampled_from(sorted(set(FIELDS) - {"occurred_at", "predicted_at"})), value=_VALUES)
def test_the_published_schema_judges_as_ingest_does(name: str, value: Any) -> None:
    changed = event(**{name: value})
    reason = check_event(changed, now=NOW, group_apps=["field-assistant", "a"])

    errors = list(Draft202012Validator(event_schema()).iter_errors(changed))
    assert bool(errors) is (reason is not None)


def test_what_is_no_object_is_refused() -> None:
    assert check_event([event()], now=NOW) == "got no object"


def test_hits_belong_to_labels() -> None:
    assert check_event(event(hits=[1]), now=NOW) == "hits: expected with label only"


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9)), max_size=9)
)
def test_splitting_undoes_joining(values: list[dict[str, Any]]) -> None:
    assert list(split_objects("".join(map(json.dumps, values)))) == values


def sorted_out(data: bytes) -> tuple[int, list[str]]:
    good, bad = sort_events(data, now=NOW)
    return len(good), [item["reason"] for item in bad]


@pytest.mark.parametrize("encoded", [False, True])
def test_each_event_of_a_request_counts_alone(*, encoded: bool) -> None:
    data = "\n".join(map(json.dumps, (event(), event(kind="purchase"), event()))).encode()
    data = base64.b64encode(data) if encoded else data

    good, reasons = sorted_out(data)
    assert (good, [reason.partition(":")[0] for reason in reasons]) == (2, ["kind"])


def test_refused_bytes_are_kept_as_they_were() -> None:
    _, [refused] = sort_events(b"no JSON", now=NOW)

    assert base64.b64decode(refused["data"]) == b"no JSON"


def test_a_request_above_the_limit_is_refused_whole_and_kept_up_to_it() -> None:
    data = b"{" + b" " * LARGEST_REQUEST
    good, [refused] = sort_events(data, now=NOW)

    assert (good, refused["reason"]) == ([], f"more than {LARGEST_REQUEST} bytes")
    assert base64.b64decode(refused["data"]) == data[:LARGEST_REQUEST]


@pytest.mark.parametrize(
    "rest", [b'{"kind":', b"\xff", b"[" * 100_000], ids=["cut off", "no text", "nested"]
)
def test_what_comes_before_an_unreadable_rest_counts(rest: bytes) -> None:
    good, reasons = sorted_out(json.dumps(event()).encode() + rest)

    assert len(reasons) == 1
    assert reasons[0].startswith("rest is not readable: ")
    assert good == (0 if rest == b"\xff" else 1)  # text is decoded as a whole
