"""The local ingestion endpoint: its limits, and durable storage of acknowledged events."""

import asyncio
import json
from datetime import UTC, datetime

import httpx
import pytest

from mobile_ai.operations.telemetry.compact import compact
from mobile_ai.operations.telemetry.endpoint import Endpoint
from mobile_ai.operations.telemetry.ingest import Channel
from mobile_ai.operations.telemetry.spool import IngestSpool
from mobile_ai.operations.telemetry.store import EventStore
from tests.operations.telemetry.events import event


@pytest.fixture
def store(tmp_path):
    store = EventStore(tmp_path / "store")
    store.prepare()
    return store


def ask(endpoint, body=b"", *, method="POST", path="/v1/events", **headers):
    async def send():
        transport = httpx.ASGITransport(app=endpoint)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            return await client.request(method, path, content=body, headers=headers)

    return asyncio.run(send())


def fresh(at):
    return event(at, occurred_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")


def body(*events):
    return "".join(map(json.dumps, events)).encode()


def drained(store):
    spool = IngestSpool(store, Channel.SITE)
    spool.recover()
    spool.drain(now=datetime.now(UTC), group_apps=())
    return compact(store)


def test_good_events_are_kept_and_bad_ones_named(store):
    answer = ask(Endpoint(IngestSpool(store, Channel.SITE)), body(fresh(1), {"x": 1}, fresh(2)))

    assert answer.status_code == 202
    assert answer.json() == {"accepted": 2, "refused": {"got 1 unknown fields": 1}}
    assert len(store.files("quarantine/*.jsonl")) == 1


def test_what_was_acknowledged_survives_the_process_and_a_torn_line_is_dropped(store):
    ask(Endpoint(IngestSpool(store, Channel.SITE)), body(fresh(1), fresh(2)))
    (name,) = store.files("spool/*.open")
    with store.path(name).open("ab") as file:
        file.write(b'{"event_id": "half')

    assert drained(store).rows == 2
    assert store.files("spool/*") == []
    assert store.files("quarantine/*.jsonl") == []


def test_a_sender_that_comes_again_counts_once(store):
    endpoint = Endpoint(IngestSpool(store, Channel.SITE, largest=10))
    for _ in range(3):
        ask(endpoint, body(fresh(1)))

    assert len(store.files("spool/*.jsonl")) == 3
    assert drained(store).rows == 1


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"path": "/"}, 404),
        ({"method": "GET"}, 405),
        ({"body": b"x" * 300_000}, 413),
        ({"body": b"no json"}, 400),
        ({"method": "GET", "path": "/healthz"}, 200),
    ],
)
def test_other_requests_are_told_what_was_expected(store, request_, status):
    assert ask(Endpoint(IngestSpool(store, Channel.SITE)), **request_).status_code == status


def test_with_a_token_only_who_shows_it_gets_in(store):
    endpoint = Endpoint(IngestSpool(store, Channel.SITE), token="secret")

    assert ask(endpoint, body(fresh(1))).status_code == 401
    assert ask(endpoint, body(fresh(1)), authorization="Bearer secreT").status_code == 401
    assert ask(endpoint, body(fresh(1)), authorization="Bearer secret").status_code == 202


def test_a_disk_that_takes_nothing_is_never_acknowledged(store, monkeypatch):
    spool = IngestSpool(store, Channel.SITE)
    ask(Endpoint(spool), body(fresh(1)))

    def full(_handle, _data):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mobile_ai.operations.telemetry.spool.os.write", full)
        assert ask(Endpoint(spool), body(fresh(2))).status_code == 503
    assert ask(Endpoint(spool), body(fresh(3))).status_code == 202
    assert drained(store).rows == 2
