"""Ingestion: every form of file, no event lost or duplicated, invalid ones quarantined."""

import base64
import contextlib
import gzip
import json
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.components.functions.telemetry_transform import transform
from mobile_ai.operations.telemetry import ingest
from mobile_ai.operations.telemetry.compact import compact
from mobile_ai.operations.telemetry.errors import TelemetryError
from mobile_ai.operations.telemetry.ingest import Channel, ingest_file
from mobile_ai.operations.telemetry.reading import read_values
from mobile_ai.operations.telemetry.retention import Retention, expire
from mobile_ai.operations.telemetry.store import EventStore
from tests.operations.telemetry.crashes import crash
from tests.operations.telemetry.events import NOW, event, write


@pytest.fixture
def store(tmp_path):
    return EventStore(tmp_path / "store")


def take(store, path, **more):
    return ingest_file(store, path, now=NOW, **more)


def kept(store):
    return [
        row
        for name in store.files("compacted/*/*.parquet")
        for row in pq.read_table(store.path(name)).to_pylist()
    ]


def refused(store):
    return [
        json.loads(line)
        for name in store.files("quarantine/*.jsonl")
        for line in store.path(name).read_text().splitlines()
    ]


@pytest.mark.parametrize("between", ["\n", "", "  ", "\r\n", "\n\n"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_events_come_in_whatever_is_between_them_and_however_packed(store, tmp_path, between, pack):
    path = tmp_path / "events"
    path.write_bytes(pack(between.join(json.dumps(event(at)) for at in range(5)).encode()))

    assert take(store, path).accepted == 5
    assert compact(store).rows == 5


def test_a_file_that_comes_again_changes_nothing(store, tmp_path):
    path = write(tmp_path / "a", *(event(at) for at in range(9)))
    take(store, path)
    compact(store)
    before = store.files("**/*.*")

    again = take(store, path)
    assert (again.accepted, again.skipped) == (0, 9)
    assert compact(store).days == 0
    assert store.files("**/*.*") == before


def test_an_event_that_a_device_sends_again_counts_once(store, tmp_path):
    take(store, write(tmp_path / "a", event(1), event(2), event(2)))
    take(store, write(tmp_path / "b", event(2), event(3)))
    first = compact(store)
    take(store, write(tmp_path / "c", event(3), event(4)))
    second = compact(store)

    assert (first.repeated, second.repeated) == (2, 1)
    assert sorted(row["event_id"] for row in kept(store)) == [
        event(at)["event_id"] for at in (1, 2, 3, 4)
    ]


def test_what_a_site_says_wins_over_what_a_device_says_of_the_same_id(store, tmp_path):
    take(store, write(tmp_path / "a", event(1, count=1)))
    take(store, write(tmp_path / "b", event(1, count=2)), channel=Channel.SITE)
    compact(store)

    assert [(row["channel"], row["count"]) for row in kept(store)] == [("site", 2)]


def test_a_bad_event_is_put_aside_and_costs_no_other(store, tmp_path):
    path = tmp_path / "a"
    good, bad = json.dumps(event(1)), json.dumps(event(2, mail="a@example.com"))
    path.write_bytes(f'{good}\n{bad}\n{good[:40]}\n[1]\n"'.encode() + b'\xff"\n' + good.encode())

    done = take(store, path)

    assert (done.accepted, done.refused) == (2, 4)
    reasons = sorted(item["reason"] for item in refused(store))
    assert reasons == ["got 1 unknown fields", "got no object", "got no object", "not readable"]
    torn = next(item for item in refused(store) if item["reason"] == "not readable")
    assert base64.b64decode(torn["data"]) == good[:40].encode()


def test_a_gzip_file_that_is_cut_off_gives_what_can_be_read(store, tmp_path):
    path = tmp_path / "a.gz"
    data = gzip.compress("".join(json.dumps(event(at)) + "\n" for at in range(5000)).encode())
    path.write_bytes(data[: len(data) * 3 // 4])

    done = take(store, path)

    assert done.accepted > 1000
    assert done.refused > 0


def test_a_line_without_end_is_cut_into_pieces_and_refused(store, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"{" * 3_000_000 + b"\n" + json.dumps(event(1)).encode())

    assert take(store, path).accepted == 1


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9)), max_size=9)
)
def test_reading_undoes_writing(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("read") / "a"
    path.write_text("".join(map(json.dumps, values)), encoding="utf-8")
    with path.open("rb") as file:
        assert list(read_values(file)) == values


@given(st.binary(max_size=200))
def test_no_bytes_stop_the_reader_and_what_follows_a_line_is_read(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "a"
    path.write_bytes(data + b'\n{"last": 1}')
    with path.open("rb") as file:
        values = list(read_values(file))
    assert values[-1] == {"last": 1}


def test_ingest_and_the_transform_in_the_stream_judge_alike(store, tmp_path):
    events = [
        event(1),
        event(2, group="a", group_consent=True),
        event(3, app="other", group="a", group_consent=True),
        event(4, kind="label", histogram=[3], hits=[4], predicted_at="2026-01-30T00:00:00Z"),
        event(5, occurred_at="2025-12-01T00:00:00Z"),
        event(6, latency_ms=-1),
        {"event_id": 7},
        [8],
    ]
    apps = ["field-assistant"]
    body = "".join(map(json.dumps, events)).encode()
    record = {"recordId": "1", "data": base64.b64encode(body).decode()}
    (answer,), bad, _ = transform([record], now=NOW, group_apps=apps)
    good = [json.loads(line) for line in base64.b64decode(answer["data"]).splitlines()]

    take(store, write(tmp_path / "a", *events), group_apps=apps)
    compact(store)

    assert {item["event_id"] for item in good} == {row["event_id"] for row in kept(store)}
    assert sorted(item["reason"] for item in bad) == sorted(
        item["reason"] for item in refused(store)
    )


@pytest.mark.slow
def test_killed_at_any_moment_no_event_is_lost_and_none_doubled(tmp_path):
    found = crash(tmp_path, kills=6)

    assert found["killed"] >= 3
    assert found["sent"] == found["kept"] > 0
    assert (found["lost"], found["doubled"], found["left"]) == (0, 0, 0)


@pytest.mark.parametrize("sizes", [(2, 20_000), (5, 2), (3, 7)])
def test_a_source_goes_on_where_it_was_killed_with_batches_of_another_size(
    store, tmp_path, monkeypatch, sizes
):
    path = write(tmp_path / "a", *(event(at) for at in range(9)))
    before, after = sizes
    monkeypatch.setattr(ingest, "_BATCH", before)
    commit, left = ingest._commit, 2

    def commit_two(*given):
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        commit(*given)

    monkeypatch.setattr(ingest, "_commit", commit_two)
    with contextlib.suppress(KeyboardInterrupt):
        take(store, path)
    monkeypatch.setattr(ingest, "_commit", commit)
    monkeypatch.setattr(ingest, "_BATCH", after)

    done = take(store, path)
    assert (done.skipped, done.accepted) == (min(9, 2 * before), 9 - min(9, 2 * before))
    assert compact(store).rows == 9
    assert take(store, path).skipped == 9


def test_segments_that_a_killed_run_did_not_commit_are_removed_and_committed_ones_stay(
    store, tmp_path
):
    take(store, write(tmp_path / "a", event(1)))
    store.write("events/dt=2026-01-30/killed-000000.parquet", b"cut differently by its next run")
    assert len(store.uncommitted()) == 1

    assert compact(store).rows == 1
    assert store.files("events/*/*.parquet") == []


def test_a_folder_with_other_things_is_no_store(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(TelemetryError, match="--store"):
        EventStore(tmp_path).prepare()


def test_events_go_before_partials_and_both_in_time(store, tmp_path):
    take(store, write(tmp_path / "a", event(0), event(1)))
    compact(store)
    keep = Retention(events=40, partials=60, quarantine=40)

    assert expire(store, now=NOW, keep=keep) == 0
    expire(store, now=NOW + timedelta(days=45), keep=keep)
    assert (len(kept(store)), len(store.partials("counts"))) == (0, 2)
    expire(store, now=NOW + timedelta(days=70), keep=keep)
    assert store.partials("counts") == []


def test_events_are_never_kept_shorter_than_they_may_be_late():
    with pytest.raises(TelemetryError, match="at least 32"):
        Retention(events=10)
