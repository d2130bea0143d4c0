"""The rows of `make bench ONLY=model`, from measurements, without building anything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import model
from benchmarks.model import IDS, Measured, rows_from
from mobile_ai.model_build.results import Status
from tests.model_build.test_gates import artifact, difference
from tests.model_build.test_gates import report as plain_report
from tests.model_build.versions import build_result, gate

pytestmark = pytest.mark.build


@pytest.fixture
def measured(tmp_path) -> Measured:
    """A digits version whose int8 file loses a fifth of a point."""
    int8 = replace(artifact("int8"), bytes_zstd=1000, difference=difference(0.2))
    fp32 = replace(artifact("fp32"), bytes_zstd=8000, difference=difference(0.0))
    found = replace(plain_report(), artifacts=(fp32, int8))
    return Measured(build=build_result(tmp_path), report=found, seconds=60.0)


def by_id(*measured: Measured):
    return {row.id: row for row in rows_from(measured)}


def brought(measured: Measured) -> Measured:
    """Return the same without data set and labels, as a model from elsewhere has it."""
    build = replace(measured.build, model="face-detector", datasets=(), parameters=0)
    fp32, int8 = (replace(each, difference=None) for each in measured.report.artifacts)
    report = replace(measured.report, artifacts=(fp32, replace(int8, variant="dynamic-int8")))
    return replace(measured, build=build, report=report)


def test_figures_with_a_bar_keep_their_short_ids_and_say_the_bar(measured):
    rows = by_id(measured)
    assert rows["model.best_within_1pt_zstd_ratio"].value == 1 / 8
    assert "<= 1/7" in rows["model.best_within_1pt_zstd_ratio"].peer
    assert "<= 0.5" in rows["model.digits_int8_loss_pt"].peer


def test_the_newest_version_of_a_model_speaks_for_it(measured):
    older = replace(
        measured, report=replace(measured.report, artifacts=measured.report.artifacts[:1])
    )
    newer = replace(measured, build=replace(measured.build, version="1.10.0"))
    older = replace(older, build=replace(older.build, version="1.9.0"))
    assert by_id(newer, older)["model.digits_int8_loss_pt"].note.startswith("1.10.0:")


def test_the_time_of_all_builds_is_their_sum(measured):
    row = by_id(measured, brought(measured))["model.all_builds_s"]
    assert (row.value, row.n) == (120.0, 2)


def test_a_model_without_labels_is_reported_by_size_and_parity(measured):
    row = by_id(brought(measured))["model.face-detector_smallest_zstd_ratio"]
    assert row.value == 1 / 8
    assert "no labels" in row.note


def test_a_variant_that_fails_its_gate_is_not_the_smallest_that_can_be_used(measured):
    found = brought(measured)
    failed = replace(found.report, gates=(gate("dynamic-int8", Status.UNDECIDED),))
    assert "model.face-detector_smallest_zstd_ratio" not in by_id(replace(found, report=failed))


def test_every_row_has_an_id_that_the_area_announces(measured):
    assert set(by_id(measured, brought(measured))) <= set(IDS)


def test_the_area_is_not_chosen_by_the_ids_of_verify():
    assert not any(name.startswith("model.verify") for name in IDS)


def test_every_recipe_has_a_latency_row():
    names = {path.stem for path in model.RECIPES.glob("*.yaml")} - {"digits-1.1.0"}
    ratios = [name.removeprefix("model.") for name in IDS if name.endswith("_latency_ratio")]
    assert {name.split("_")[0] for name in ratios} == names
