"""Test of the company's rule on a signed plan that passes every other rule."""

from pathlib import Path

from mobile_ai.testing import Scene, changed

RULE = "rego-rules-pass"
SCENE = Scene(rego={"names.rego": (Path(__file__).parent / "rego/names.rego").read_text()})


def outcome(name: str) -> str:
    return SCENE.outcome(RULE, changed(SCENE.deployment(), "metadata", "name", to=name))


def test_a_short_name_passes() -> None:
    assert outcome("a" * 20) == "pass"


def test_a_long_name_is_denied() -> None:
    assert outcome("a" * 21) == "fail"
