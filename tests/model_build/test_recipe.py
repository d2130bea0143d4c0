import json

import jsonschema
import pytest

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.model_build.errors import RecipeError
from mobile_ai.model_build.lock import load_lock
from mobile_ai.model_build.networks import NETWORKS
from mobile_ai.model_build.recipe import RECIPES, load_recipe, recipe_digest, recipe_schema

FILES = sorted(RECIPES.glob("*.yaml"))


def written(tmp_path, change):
    values = read_yaml((RECIPES / "digits.yaml").read_text(), name="digits.yaml")
    change(values)
    path = tmp_path / "recipe.yaml"
    path.write_text(dump_yaml(values))
    return path


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_recipe_can_be_read_and_names_data_that_is_locked(path):
    recipe = load_recipe(path)
    lock = load_lock()
    named = [recipe.data.name] if recipe.data else [recipe.source.name]
    assert set(named) <= set(lock)
    assert recipe.source.network is None or recipe.source.network in NETWORKS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_recipe_follows_the_schema_that_editors_use(path):
    schema = json.loads((RECIPES / "recipe.schema.json").read_text())
    jsonschema.validate(read_yaml(path.read_text(), name=path.name), schema)


def test_the_schema_file_is_what_the_types_say():
    assert json.loads((RECIPES / "recipe.schema.json").read_text()) == recipe_schema()


def change(*path, value):
    def apply(values):
        for key in path[:-1]:
            values = values[key]
        values[path[-1]] = value

    return apply


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (change("unknown", value=1), "unknown"),
        (change("version", value="1.0"), "version"),
        (change("riskClass", value="none"), "riskClass"),
        (change("variants", 1, "name", value="fp32"), "same name"),
        (change("variants", 1, "quantize", value="int3"), "quantize"),
        (change("gates", 0, "variants", value=["nothing"]), "not built"),
        (change("evaluation", "splits", value=["first"]), "evaluation splits"),
        (change("evaluation", "splits", value=[]), "names no split"),
        (change("data", "splits", 0, "share", value=0.9), "add up"),
        (change("source", value={"kind": "fine-tune"}), "parent"),
        (change("gates", value=[]), "gates"),
    ],
)
def test_an_impossible_recipe_is_refused_and_the_field_named(tmp_path, broken, named):
    with pytest.raises(RecipeError, match=named):
        load_recipe(written(tmp_path, broken))


def test_shares_are_checked_for_every_label_that_has_its_own(tmp_path):
    broken = change("data", "splits", 3, "labelShares", value={"4": 0.9})
    with pytest.raises(RecipeError, match="label 4"):
        load_recipe(written(tmp_path, broken))


def test_a_fine_tune_has_its_parents_splits_so_that_nothing_held_out_was_trained_on():
    parent, child = (load_recipe(RECIPES / f) for f in ("digits.yaml", "digits-1.1.0.yaml"))
    assert parent.data == child.data
    assert parent.seed == child.seed


def test_the_digest_of_a_recipe_is_that_of_its_bytes(tmp_path):
    path = written(tmp_path, lambda _values: None)
    before = recipe_digest(path)
    path.write_text(path.read_text() + "# a comment\n")
    assert recipe_digest(path) != before
