"""Retraining requests and the recipes that fulfil them."""

import json
import shutil
from pathlib import Path

import pytest

from mobile_ai.cli.main import main
from mobile_ai.model_build.errors import RecipeError
from mobile_ai.model_build.recipe import RECIPES
from mobile_ai.model_build.requests import asked, read_request
from mobile_ai.operations.remediate.propose import propose
from tests.operations.remediate.world import NOW, checkout, finding, run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a checkout with the merged request of a remediation."""
    folder = checkout(tmp_path)
    proposal = propose(folder, "dev", finding("input-drift"), "retrain", now=NOW)
    run(folder, "merge", "--quiet", proposal.branch)
    shutil.copytree(RECIPES, folder / "recipes")
    return folder


def recipe(root: Path, *, version: str = "1.2.0", shares: tuple[str, str] = ("0.2", "0.1")) -> None:
    text = (RECIPES / "digits-1.1.0.yaml").read_text()
    text = text.replace("version: 1.1.0", f"version: {version}")
    text = text.replace(f"evaluation, share: {shares[0]}", f"evaluation, share: {shares[1]}")
    (root / "recipes" / f"digits-{version}.yaml").write_text(text)


def state(root: Path) -> tuple[str, str]:
    (found,) = asked(root / "models", recipes=root / "recipes")
    return found.state, found.recipe


def test_a_request_of_the_remediation_waits_for_a_recipe(root: Path) -> None:
    assert state(root) == ("waits", "")


def test_a_later_recipe_with_other_data_answers_it(root: Path) -> None:
    recipe(root)

    assert state(root) == ("ready", "digits-1.2.0")


@pytest.mark.parametrize(
    ("version", "shares"), [("1.2.0", ("0.2", "0.2")), ("1.0.5", ("0.2", "0.1"))]
)
def test_the_same_data_or_an_earlier_version_answers_nothing(
    root: Path, version: str, shares: tuple[str, str]
) -> None:
    recipe(root, version=version, shares=shares)

    assert state(root) == ("waits", "")


def test_a_version_that_is_there_is_built(root: Path) -> None:
    recipe(root)
    shutil.copytree(root / "models/digits/1.1.0", root / "models/digits/1.2.0")

    assert state(root) == ("built", "digits-1.2.0")


def test_no_request_reads_no_recipe(tmp_path: Path) -> None:
    assert asked(tmp_path, recipes=tmp_path) == []


def test_a_request_about_another_manifest_is_refused(root: Path) -> None:
    manifest = root / "models/digits/1.1.0/manifest.yaml"
    manifest.write_text(manifest.read_text() + "# changed\n")

    with pytest.raises(RecipeError, match=r"got digits 1\.1\.0; expected a version"):
        state(root)


@pytest.mark.parametrize(
    ("old", "new"),
    [("kind: RetrainingRequest", "kind: Other"), ("model: digits", "model: digits\nmore: 1")],
)
def test_a_request_that_says_something_else_is_refused(root: Path, old: str, new: str) -> None:
    path = root / "models/digits/retrain.yaml"
    path.write_text(path.read_text().replace(old, new))

    with pytest.raises(RecipeError, match="in a request for a retraining"):
        read_request(path)


def test_the_command_lists_them(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)

    with pytest.raises(SystemExit) as ended:
        main(["model", "requests", "--json"])

    assert not ended.value.code
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["model"], found["parent"], found["state"]) == ("digits", "1.1.0", "waits")
