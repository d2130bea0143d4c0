"""A search keeps finished points, continues after an interruption, and shows the front."""

import json
import subprocess
import sys

import pytest

from mobile_ai.model_build.recipe import RECIPES, VariantSpec, load_recipe
from mobile_ai.model_build.search import search
from mobile_ai.model_build.search_grid import grid
from tests.model_build.brought import recipe_for, two_output_onnx

pytestmark = pytest.mark.build

VARIANTS = (
    VariantSpec(name="original", format="onnx"),
    VariantSpec(name="fp16", format="onnx", quantize="fp16"),
    VariantSpec(name="int8", format="onnx", quantize="static-int8"),
    VariantSpec(name="wrong", format="onnx", quantize="int4"),
)


@pytest.fixture
def recipe(tmp_path):
    return recipe_for(tmp_path, two_output_onnx(size=64), "onnx")


def test_every_point_has_loss_size_and_latency_with_intervals(recipe, tmp_path):
    found = search(recipe, VARIANTS, work=tmp_path / "work")
    made = [point for point in found.points if not point.refused]
    assert [point.variant for point in made] == ["original", "fp16", "int8"]
    assert made[0].loss.value == 0
    assert made[0].bytes > made[2].bytes
    for point in made:
        assert point.latency_ms.low <= point.latency_ms.value <= point.latency_ms.high
    (refused,) = (point for point in found.points if point.refused)
    assert "format: tflite" in refused.refused


def beats(one, other):
    """Say whether one is nowhere worse and somewhere better; overlapping latencies are equal."""
    ours, theirs = ((p.loss.value, p.bytes_zstd) for p in (one, other))
    slower = other.latency_ms.high < one.latency_ms.low
    faster = one.latency_ms.high < other.latency_ms.low
    nowhere_worse = not slower and all(a <= b for a, b in zip(ours, theirs, strict=True))
    return nowhere_worse and (ours != theirs or faster)


def test_no_point_of_the_front_is_beaten(recipe, tmp_path):
    found = search(recipe, VARIANTS, work=tmp_path / "work")
    made = [p for p in found.points if not p.refused]
    for mine in made:
        assert (mine.variant in found.front) is not any(beats(other, mine) for other in made)


def test_an_interrupted_search_continues_with_what_was_finished(recipe, tmp_path):
    def stop(what, _done, _total):
        if what == "search int8":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(recipe, VARIANTS, work=tmp_path / "work", progress=stop)
    again = search(recipe, VARIANTS, work=tmp_path / "work")
    assert again.reused == 2
    whole = search(recipe, VARIANTS, work=tmp_path / "work")
    assert whole.reused == len(VARIANTS)
    assert [p.loss for p in whole.points] == [p.loss for p in again.points]


def test_a_point_whose_file_is_gone_is_made_again(recipe, tmp_path):
    work = tmp_path / "work"
    found = search(recipe, VARIANTS[:2], work=work)
    files = {point.variant: point.file for point in found.points}
    (work / files["fp16"]).unlink()
    again = search(recipe, VARIANTS[:2], work=work)
    assert again.reused == 1
    assert (work / files["fp16"]).is_file()


@pytest.mark.parametrize("text", ['{"variant": "x"', '{"file": 3}', "[]", ""])
def test_a_damaged_point_is_made_again(recipe, tmp_path, text):
    work = tmp_path / "work"
    search(recipe, VARIANTS[:2], work=work)
    min(work.glob("*.json")).write_text(text)
    assert search(recipe, VARIANTS[:2], work=work).reused == 1


@pytest.mark.slow
def test_the_command_prints_points_and_front(recipe, tmp_path):
    command = [sys.executable, "-m", "mobile_ai.cli.main", "model", "search", str(recipe)]
    command += ["--work", str(tmp_path / "work"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert any(point["front"] for point in told["points"])
    assert told["rowsOf"] == "the given rows"
    assert "search original" in done.stderr


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_default_list_adds_to_every_recipe_without_a_name_twice(path):
    plan = load_recipe(path)
    found = grid(plan)
    names = [spec.name for spec in found]
    assert len(set(names)) == len(names)
    assert names[0] == plan.variants[0].name
    assert {spec.format for spec in found} <= {spec.format for spec in plan.variants}
