"""The measure of moved outputs, and the refusal of a variant that moved too far."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.model_build import pipeline
from mobile_ai.model_build.imported import Imported, bring, make_imported
from mobile_ai.model_build.moved import OutputsMovedError, check_moved, outputs_moved
from mobile_ai.model_build.recipe import VariantSpec, load_recipe
from tests.model_build.brought import recipe_for, two_output_onnx

pytestmark = pytest.mark.build

NUMBERS = st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=12)


def as_outputs(values):
    return [[np.array([value])] for value in values]


@given(NUMBERS)
def test_outputs_that_are_the_same_have_not_moved(values):
    assert outputs_moved(as_outputs(values), as_outputs(values)) == 0


@given(NUMBERS, st.floats(0.01, 100), st.floats(-10, 10))
def test_the_measure_does_not_depend_on_unit_or_origin(values, factor, shift):
    base = np.round(np.array([*values, 1.0, 2.0, 5.0]), 3)
    found = base + np.resize([0.5, -0.25], len(base))
    moved = outputs_moved(as_outputs(base), as_outputs(found))
    again = outputs_moved(as_outputs(base * factor + shift), as_outputs(found * factor + shift))
    assert again == pytest.approx(moved, rel=1e-6)


def test_an_error_as_large_as_the_spread_is_one():
    base, found = [1.0, -1.0, 1.0, -1.0], [0.0, 0.0, 0.0, 0.0]
    assert outputs_moved(as_outputs(base), as_outputs(found)) == pytest.approx(1.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_answer_that_is_no_number_has_moved_without_bound(bad):
    with pytest.raises(OutputsMovedError, match="at most 1000%"):
        check_moved("int8", as_outputs([1.0, 2.0]), as_outputs([1.0, bad]), at_most=10)


def test_the_worst_output_decides():
    base = [[np.array([1.0]), np.array([10.0])], [np.array([2.0]), np.array([20.0])]]
    found = [[np.array([1.0]), np.array([20.0])], [np.array([2.0]), np.array([10.0])]]
    assert outputs_moved(base, found) == pytest.approx(2.0)


def test_a_model_calibrated_on_other_rows_than_the_given_ones_is_refused(tmp_path):
    recipe = load_recipe(recipe_for(tmp_path, two_output_onnx(), "onnx"))
    content = two_output_onnx()
    generator = np.random.default_rng(7)
    given_rows = [{"x": generator.normal(0, 10, (1, 4)).astype(np.float32)} for _ in range(16)]
    spec = VariantSpec(name="int8", format="onnx", quantize="static-int8")
    near = Imported(content, recipe, origin="test", samples=given_rows)
    made, chain = make_imported(near, spec)
    assert len(made) > 0
    assert chain[-1].step == "quantize"
    small = {"x": generator.normal(0, 0.1, (16, 4)).astype(np.float32)}
    far = Imported(content, recipe, origin="test", samples=given_rows, calibration=small)
    with pytest.raises(OutputsMovedError, match=r"moved on the given rows by .*16 rows"):
        make_imported(far, spec)


def test_the_bound_is_the_recipes(tmp_path):
    path = recipe_for(tmp_path, two_output_onnx(), "onnx")
    text = path.read_text().replace(
        "variants:\n",
        "variants:\n- name: int8\n  format: onnx\n  quantize: dynamic-int8\n"
        "  movedAtMost: 0.0000001\n",
    )
    path.write_text(text)
    with pytest.raises(OutputsMovedError, match="variant int8"):
        pipeline.build(path, out=tmp_path / "out")
    assert bring(load_recipe(path), folder=tmp_path).format == "onnx"
