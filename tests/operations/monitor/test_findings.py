"""From breached windows to finding files: persistence, agreement, stable ids."""

from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.operations.monitor.alarm import findings
from mobile_ai.operations.monitor.compare import Evidence
from mobile_ai.operations.monitor.compare_windows import ComparisonSettings, WindowComparison
from mobile_ai.operations.monitor.errors import MonitorError
from mobile_ai.operations.monitor.estimate import accuracy
from mobile_ai.operations.monitor.finding import finding_schema, read_findings, write_findings
from mobile_ai.operations.monitor.reference import learn
from mobile_ai.operations.monitor.window_counts import Cell
from tests.operations.monitor.world import DEVICES, SITES

SETTINGS = ComparisonSettings()


def line(pattern, *, subject=DEVICES, rule="crash-rate", first=0):
    """Return observations of windows: `x` is breached, `.` is not, a space was not judged."""
    return [
        WindowComparison(
            subject=subject,
            rule=rule,
            series="crash",
            against="past",
            window=first + at,
            evidence=Evidence(
                n=1000,
                n_reference=9000,
                effect=0.01 if sign == "x" else 0,
                least_effect=0.003,
                low=0.005,
            ),
            severity="high",
            playbook="freeze",
        )
        for at, sign in enumerate(pattern)
        if sign != " "
    ]


@pytest.mark.parametrize(
    ("pattern", "alarms"),
    [
        (".....", []),
        ("..x..", []),
        ("..xx.", ["03"]),
        ("..x.x.", ["04"]),
        ("..x..x.", []),
        ("x  x", ["03"]),
        ("xx...xx", ["01", "06"]),
        ("xx..xx", ["01"]),
    ],
)
def test_two_of_three_judged_windows_make_an_alarm(pattern, alarms):
    found = findings(line(pattern), SETTINGS)

    assert [item.windows.alarm[11:13] for item in found] == alarms


def test_a_finding_is_open_while_its_newest_windows_are_breached():
    assert [item.is_open for item in findings(line("xx"), SETTINGS)] == [True]
    assert [item.is_open for item in findings(line("xx..."), SETTINGS)] == [False]


@pytest.mark.parametrize(
    ("other", "source", "rollback"),
    [
        ([], "device", False),
        (line("xx", subject=SITES), "device+site", True),
        (line("xx", subject=SITES, rule="latency"), "device", False),
        (line("xx", subject=SITES, first=40), "device", False),
        (line("xx", subject=replace(SITES, version="0.9.0")), "device", False),
        (line("x.", subject=SITES), "device", False),
    ],
)
def test_a_rollback_needs_a_site_that_says_the_same_or_a_person(other, source, rollback):
    found = findings([*line("xx"), *other], SETTINGS)
    mine = next(item for item in found if item.subject.ring == DEVICES.ring)

    assert mine.source == source
    assert ("rollback" in mine.allowed_actions) is rollback
    assert ("rollback" in mine.needs_approval) is not rollback


def test_more_data_keep_the_id_and_the_same_data_change_no_file(tmp_path):
    before, after = findings(line("xx"), SETTINGS), findings(line("xxx"), SETTINGS)

    assert before[0].id == after[0].id
    assert write_findings(tmp_path, before) == 1
    assert write_findings(tmp_path, before) == 0
    assert write_findings(tmp_path, after) == 1
    assert read_findings(tmp_path) == after


def test_a_finding_follows_its_published_schema():
    (found,) = findings(line("xx"), SETTINGS)

    jsonschema.validate(found.model_dump(by_alias=True, mode="json"), finding_schema())


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "mobile-ai/finding/v2"}'])
def test_a_file_that_is_no_finding_is_named(tmp_path, text):
    (tmp_path / "x.json").write_text(text)

    with pytest.raises(MonitorError, match=r"x\.json"):
        read_findings(tmp_path)


CELLS = st.builds(
    Cell,
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 9).map(float)),
    st.dictionaries(
        st.sampled_from("xyz"),
        st.lists(st.integers(0, 9), min_size=1, max_size=4).map(lambda v: np.array(v, float)),
    ),
)


def plain(cell):
    return dict(cell.counts), {name: list(values) for name, values in cell.bins.items()}


@given(CELLS, CELLS, CELLS)
def test_adding_cells_is_associative_and_commutative(one, two, three):
    assert plain((one + two) + three) == plain(one + (two + three))
    assert plain(one + two) == plain(two + one)
    assert plain(one + Cell()) == plain(one)


@pytest.mark.parametrize(("windows", "period"), [(336, 168), (335, 24), (48, 24), (47, 0)])
def test_a_reference_takes_the_finest_slots_that_it_has_twice(windows, period):
    counts = {window: np.array([1.0, 2.0]) for window in range(windows)}
    found = learn(counts, wanted=windows, width=1)

    assert found is not None
    assert found.period == period
    assert learn(counts, wanted=windows + 1, width=1) is None


def test_the_slot_of_a_window_is_its_hour_of_the_week():
    counts = {window: np.array([float(window % 168), 1.0]) for window in range(336)}
    found = learn(counts, wanted=336, width=1)

    assert found is not None
    assert list(found.of(336 + 17)) == [34.0, 2.0]


def test_the_estimate_is_the_mean_of_what_confidences_have_meant():
    bins = {"label": np.array([1e6, 1e6]), "hit": np.array([0.5e6, 0.9e6])}

    expected, variance = accuracy(np.array([100, 300]), bins)
    assert expected == pytest.approx(0.8, abs=1e-4)
    assert variance == pytest.approx((0.25 * 0.25 + 0.75 * 0.81 - 0.64) / 400, rel=0.01)
