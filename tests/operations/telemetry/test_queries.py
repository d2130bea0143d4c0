"""One SQL text for two engines: Athena's form is parsed, DuckDB's form is run."""

import itertools
import json

import duckdb
import pyarrow.parquet as pq
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from mobile_ai.components.telemetry.plan import columns
from mobile_ai.operations.telemetry.compact import compact
from mobile_ai.operations.telemetry.ingest import Channel, ingest_file
from mobile_ai.operations.telemetry.queries import CAP, QUERIES, _portable, athena, duckdb_form
from mobile_ai.operations.telemetry.store import EventStore
from mobile_ai.operations.telemetry.tables import SCHEMA
from tests.operations.telemetry.events import NOW, event, write

EVENTS = [
    *(event(at, histogram=[at, 1, 2], latency_ms=0.01 * 1.7**at) for at in range(30)),
    event(100, kind="drift", feature="input.brightness", histogram=[5, 0, 5]),
    event(101, kind="label", histogram=[4, 6], hits=[1, 6], predicted_at="2026-01-20T03:00:00Z"),
    event(102, kind="error", outcome="crash", count=3),
    event(103, kind="update", outcome="installed", bytes=1000),
    event(104, kind="update", outcome="refused"),
    event(105, kind="active"),
    event(106, energy_mj=0.07, memory_mb=41.0, latency_ms=0),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("queries")
    store = EventStore(folder / "store")
    ingest_file(store, write(folder / "a", *EVENTS), now=NOW)
    ingest_file(store, write(folder / "b", event(200, count=5)), now=NOW, channel=Channel.SITE)
    compact(store)
    return store


def run(store, query):
    connection = duckdb.connect()
    files = [str(store.path(name)) for name in store.files("compacted/*/*.parquet")]
    connection.read_parquet(files, hive_partitioning=False).create_view("events")
    rows = connection.execute(query).fetchall()
    # Sums of floats differ in the last digit with the order.
    return sorted(
        repr([round(item, 9) if isinstance(item, float) else item for item in row]) for row in rows
    )


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_the_form_for_athena_gives_what_the_form_for_duckdb_gives(store, name):
    fast = run(store, duckdb_form(QUERIES[name]))

    assert fast == run(store, _portable(QUERIES[name]))
    assert fast


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_the_form_for_athena_is_read_by_its_parser_and_has_nothing_of_duckdb(name):
    text = athena(QUERIES[name])
    tree = sqlglot.parse_one(text, read="athena", error_level=sqlglot.ErrorLevel.RAISE)

    assert not list(tree.find_all(exp.Anonymous))
    assert "GENERATE_SUBSCRIPTS" not in text
    assert "GROUP BY ALL" not in text
    assert sqlglot.transpile(text, read="athena", write="athena", pretty=True) == [text]


def test_the_columns_are_those_of_the_cloud_table_and_the_door():
    assert SCHEMA.names == [*(column["name"] for column in columns()), "channel"]


def test_one_event_of_a_device_weighs_no_more_than_the_cap(tmp_path):
    other = EventStore(tmp_path / "store")
    lie = event(1, count=10**9, histogram=[10**9, 0], latency_ms=1)
    ingest_file(other, write(tmp_path / "a", lie, event(2, count=10**9, histogram=[1])), now=NOW)
    compact(other)

    counts = [row for f in other.partials("counts") for row in pq.read_table(f).to_pylist()]
    assert max(row["n"] for row in counts) <= CAP
    bins = [row for f in other.partials("bins") for row in pq.read_table(f).to_pylist()]
    assert max(row["n"] for row in bins) <= CAP


def test_labels_count_in_the_hour_of_the_prediction(store):
    rows = run(store, duckdb_form(QUERIES["bins"]))

    assert [row for row in rows if "'label'" in row and "2026-01-20T03" in row]


def partials(folder, parts):
    """Ingest parts one by one, and add their partials up."""
    store = EventStore(folder / "store")
    for at, part in enumerate(parts):
        ingest_file(store, write(folder / f"{at}", *part), now=NOW)
        compact(store)
    query = "SELECT * EXCLUDE (n), SUM(n) FROM read_parquet(?) GROUP BY ALL ORDER BY ALL"
    return duckdb.execute(query, [store.partials("bins")]).fetchall()


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@given(cuts=st.lists(st.integers(0, len(EVENTS)), min_size=1, max_size=3), seed=st.randoms())
def test_partials_do_not_depend_on_how_the_events_came(tmp_path_factory, cuts, seed):
    mixed = list(EVENTS)
    seed.shuffle(mixed)
    edges = [0, *sorted(cuts), len(mixed)]
    parts = [mixed[a:b] for a, b in itertools.pairwise(edges)]

    whole = partials(tmp_path_factory.mktemp("whole"), [EVENTS])
    assert json.dumps(partials(tmp_path_factory.mktemp("parts"), parts), default=str) == json.dumps(
        whole, default=str
    )
