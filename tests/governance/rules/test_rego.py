"""Rego rules see the same facts and give the same verdicts as rules in Python."""

import json
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.testing import Scene, Signers, changed, make_version
from tests.tools.rego_input_page import rego_input

FILE = Path(__file__).parents[3] / "policy-pack" / "rego" / "deployments.rego"
REGO = {"deployments.rego": FILE.read_text()}
# The Python rule with the region list of the Rego rule.
CONFIG = json.dumps(
    {"rules": {"data-residency": {"parameters": {"sensitiveRegions": ["eu-west-1"]}}}}
)
PYTHON = {"ethical-assessment-approved", "data-residency", "model-evidence-verified"}


def _decision(value: str) -> Any:
    return lambda assessment: assessment.update(decision=value)


@pytest.mark.parametrize("decision", ["approved", "rejected", "Approved"])
@pytest.mark.parametrize("tier", ["Internal", "GDPR_Personal", "GDPR_Sensitive"])
@pytest.mark.parametrize("region", ["eu-west-1", "eu-central-1"])
def test_the_two_rules_of_the_example_agree_with_the_rules_in_python(
    decision: str, tier: str, region: str
) -> None:
    version = make_version(Signers.shared(), assessment=_decision(decision))
    scene = Scene(version=version, rego=REGO, config=CONFIG)
    deployed = scene.deployment()
    # On phones only, so that the processing region is the only one.
    deployed = changed(deployed, "spec", "placement", to=deployed.props["spec"]["placement"][:1])
    deployed = changed(deployed, "spec", "dataProcessing", "privacyTier", to=tier)
    deployed = changed(deployed, "spec", "dataProcessing", "region", to=region)

    denials = scene.denials(deployed)

    assert ("rego-rules-pass" in denials) == bool(PYTHON & denials)


def test_the_region_is_compared_without_regard_to_case() -> None:
    scene = Scene(rego=REGO)
    deployed = changed(scene.deployment(), "spec", "dataProcessing", "region", to="EU-West-1")

    assert scene.outcome("rego-rules-pass", deployed) == "pass"


def test_an_unverified_version_is_not_in_the_registry() -> None:
    scene = Scene(rego=REGO)
    deployed = changed(scene.deployment(), "spec", "aiModel", "sha256", to="0" * 64)

    assert scene.outcome("rego-rules-pass", deployed) == "fail"


@pytest.mark.parametrize(
    "text",
    ["package mobile.ai.governance\ndeny contains {", "not rego at all", "package other\nx := 1"],
    ids=["syntax", "nonsense", "another-package"],
)
def test_a_module_that_does_not_evaluate_denies(text: str) -> None:
    assert "rego-rules-pass" in Scene(rego={"x.rego": text}).denials()


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("input.region", "input.region"),
        ("input.spec.model.id", "input.spec.model"),
        ("input.spec.rollout.ring", "input.spec.rollout.ring"),
        ("input.spec.aiModel.previous.digest", "input.spec.aiModel.previous.digest"),
    ],
)
def test_a_field_that_no_deployment_has_denies_and_is_named(path: str, field: str) -> None:
    module = f'package mobile.ai.governance\nimport rego.v1\ndeny contains "x" if {path} == "a"\n'
    scene = Scene(rego={"own.rego": module})
    (verdict,) = scene.verdicts("rego-rules-pass")
    (told,) = map(str, verdict.findings)
    assert verdict.denies
    assert f"rego own.rego: got line 3: {field}, which no deployment has" in told
    assert "docs/adding-a-rule.md" in told


def test_fields_of_the_input_are_those_of_the_document() -> None:
    document = rego_input()
    document["spec"]["rollout"].setdefault("frozen", True)
    for path, known in FIELDS.items():
        value: Any = document
        for name in path.split(".")[1:]:
            value = value[name]
        assert set(value) == known, path


@pytest.mark.parametrize(
    "text",
    [
        "input.spec.placement[_].colour",
        "input.metadata.labels.team",
        'x == "input.nothing"',
        "# input.nothing",
        "my.input.nothing",
        "`input.nothing`",
    ],
)
def test_what_is_no_field_of_the_input_is_left_alone(text: str) -> None:
    assert list(unknown_fields(text)) == []


def test_a_warning_is_listed_and_denies_nothing() -> None:
    module = (
        "package mobile.ai.governance\nimport rego.v1\n"
        'warn contains "soon" if input.kind\ndeny contains "x" if input.kind == "other"\n'
    )

    assert Scene(rego={"x.rego": module}).outcome("rego-rules-pass") == "warned"
