"""Settings of the served models."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from mobile_ai.edge.models.settings import ENVIRONMENT, ModelSettings

GIVEN = {
    "MOBILE_AI_APP": "camera",
    "MOBILE_AI_MODEL": "digits",
    "MOBILE_AI_VARIANT": "int8-onnx",
    "MOBILE_AI_RING": "general",
    "MOBILE_AI_SITE": "dublin",
    "MOBILE_AI_RELEASE_URL": "https://models.example.com",
}
LOCAL = {"folder": "models", "trust": "dev.yaml"}
RELEASES = {"url": "https://models.example.com", "app": "camera", "place": "dublin"}
DIGITS = {"model": "digits", "variant": "int8-onnx"}


def test_a_pod_is_told_its_place_by_its_environment(tmp_path):
    found = ModelSettings.from_environment(GIVEN, image=tmp_path)

    assert found.releases.place == "dublin"
    assert found.releases.root == tmp_path / "root.json"
    assert (found.follow[0].model, found.follow[0].ring) == ("digits", "general")
    assert found.local is None


def test_an_image_with_a_trust_file_may_bring_a_model(tmp_path):
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust/prod.yaml").touch()
    found = ModelSettings.from_environment(
        {**GIVEN, "MOBILE_AI_MANIFEST_SHA256": "a" * 64}, image=tmp_path
    )

    assert found.local.folder == tmp_path / "models"
    assert found.local.trust.stem == "prod"
    assert found.local.pin == "a" * 64


@pytest.mark.parametrize("name", ENVIRONMENT[:6])
def test_a_variable_that_is_missing_is_named(name, tmp_path):
    with pytest.raises(ValueError, match=name):
        ModelSettings.from_environment({**GIVEN, name: ""}, image=tmp_path)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"follow": [DIGITS]}, "nothing else is trusted"),
        ({"follow": [], "local": LOCAL}, "at least 1 item"),
        ({"follow": [DIGITS, DIGITS], "local": LOCAL}, "one name twice"),
        ({"follow": [{"model": "digits"}], "local": LOCAL}, "variant must be given"),
        ({"follow": [DIGITS], "local": LOCAL, "trust": "x"}, "Extra inputs"),
        ({"follow": [DIGITS], "releases": {**RELEASES, "url": "ftp://x"}}, "pattern"),
        (
            {"follow": [{**DIGITS, "canary": {"ring": "early", "percent": 5}}], "local": LOCAL},
            "a folder has no rings",
        ),
        (
            {
                "follow": [{**DIGITS, "canary": {"ring": "general", "percent": 5}}],
                "releases": RELEASES,
            },
            "must differ",
        ),
        (
            {
                "follow": [{**DIGITS, "canary": {"ring": "early", "percent": 101}}],
                "releases": RELEASES,
            },
            "less than or equal to 100",
        ),
    ],
)
def test_what_cannot_be_is_refused(values, said):
    with pytest.raises(ValidationError, match=said):
        ModelSettings.model_validate(values)


GUIDE = (Path(__file__).parents[3] / "docs/edge.md").read_text()


@pytest.mark.parametrize("text", re.findall(r"(?s)```\n(models:\n.*?)```", GUIDE))
def test_the_guide_s_examples_are_settings(text):
    values = yaml.safe_load(text)["models"]

    assert ModelSettings.model_validate({"releases": RELEASES, **values}).follow
