from dataclasses import replace

import pytest

from benchmarks._model_targets import best_within, rows_of
from tests.model_build.test_gates import artifact, difference, report
from tests.model_build.versions import build_result


def sized(variant, zstd, loss):
    return replace(artifact(variant), bytes_zstd=zstd, difference=difference(loss))


def measured(*artifacts):
    return replace(report(), artifacts=(sized("fp32", 7000, 0.0), *artifacts))


def test_the_smallest_variant_that_loses_at_most_a_point_is_the_best():
    found = best_within(
        measured(sized("int8", 2000, 0.1), sized("int4", 900, 0.9), sized("tiny", 100, 3.0)), 1.0
    )
    assert found.variant == "int4"


def test_the_reference_is_never_its_own_best_variant():
    assert best_within(measured(sized("tiny", 100, 3.0)), 1.0) is None


def test_the_rows_carry_what_the_report_says(tmp_path):
    build = replace(build_result(tmp_path), model="digits", parameters=1000)
    rows = {row.id: row for row in rows_of(build, measured(sized("int8", 1000, 0.2)))}
    assert rows["model.digits_int8_loss_pt"].value == 0.2
    assert rows["model.digits_int8_bytes_per_parameter"].value == 1.0
    assert rows["model.digits_best_within_1pt_zstd_ratio"].value == pytest.approx(1 / 7)
    assert rows["model.digits_int8_latency_ratio"].unit == "x"


def test_a_variant_that_was_not_built_has_no_row(tmp_path):
    rows = rows_of(build_result(tmp_path), measured())
    assert not any("pruned" in row.id for row in rows)


def test_pruning_is_held_against_a_dense_network_that_was_trained_as_long(tmp_path):
    report = measured(sized("dense", 7000, -2.0), sized("pruned-int8", 900, -1.5))
    rows = {row.id: row for row in rows_of(build_result(tmp_path), report)}
    assert rows["model.digits_pruned_int8_loss_pt"].value == 0.5
