"""Rego rules see the same facts and give the same verdicts as rules in Python."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mobile_ai.components.plan.documents import deployment_document
from mobile_ai.governance.rego import input_schema
from mobile_ai.stack.reader import read_settings
from mobile_ai.testing import Scene, Signers, changed, make_version
from tests.tools.rego_input_page import rego_input

FILE = Path(__file__).parents[3] / "policy-pack" / "rego" / "deployments.rego"
REGO = {"deployments.rego": FILE.read_text()}
# The home of both; the Python rule asks the same of other personal data unless told otherwise.
CONFIG = json.dumps(
    {
        "jurisdictions": ["IE"],
        "rules": {"data-residency": {"parameters": {"personalRegions": ["EU"]}}},
    }
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
    deployed = changed(deployed, "spec", "dataProcessing", "privacyTier", to="GDPR_Sensitive")

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
    assert f"rego own.rego: got line 3: undefined ref: {field}" in told
    assert "mobile-ai policy check" in told


def closed(schema: Any) -> Any:
    """Return a schema that allows no other property than those it lists."""
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return {**inner, "additionalProperties": False} if "properties" in schema else inner


def paths(value: Any, at: str = "input") -> set[str]:
    """Return the paths of all fields, with the items of a list as one."""
    items = value.items() if isinstance(value, dict) else ()
    below = [(f"{at}.{key}", item) for key, item in items]
    below += [(f"{at}[]", item) for item in value] if isinstance(value, list) else []
    return {at}.union(*(paths(item, path) for path, item in below))


def test_the_schema_of_the_input_has_the_fields_of_the_document_and_no_other() -> None:
    document = rego_input()
    document["spec"]["rollout"].setdefault("frozen", True)
    jsonschema.validate(document, closed(input_schema()))

    def declared(schema: Any, at: str = "input") -> set[str]:
        below = [(f"{at}.{key}", item) for key, item in schema.get("properties", {}).items()]
        below += [(f"{at}[]", schema["items"])] if "items" in schema else []
        return {at}.union(*(declared(item, path) for path, item in below))

    assert declared(input_schema()) <= paths(document)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_document_fits_the_schema(stack: str) -> None:
    settings = read_settings(stack, root=FILE.parents[2])
    for deployment in settings.deployments:
        document = deployment_document(settings, deployment)
        jsonschema.validate(dict(document), closed(input_schema()))


# The two rules of the project's brief, as printed: Rego v0.
BRIEF = """package mobile.ai.governance
deny[msg] {
input.kind == "MobileAIDeployment"
model_version := input.spec.aiModel.version
model_id := input.spec.aiModel.id
# Check if the AI model has an approved ethical assessment
not data.ai_registry.models[model_id].versions[model_version].ethical_assessment_approved
msg := sprintf("Deployment of AI model %s v%s denied: No approved ethical assessment found.", [model_id, model_version])
}
deny[msg] {
input.kind == "MobileAIDeployment"
deployment_region := input.metadata.labels.region
data_privacy_tier := input.spec.dataProcessing.privacyTier
# Example: Ensure sensitive data processing is only allowed in specific regions
data_privacy_tier == "GDPR_Sensitive"
not { deployment_region == "EU-West-1" }
msg := sprintf("Deployment denied: GDPR_Sensitive data processing not allowed in region %s.", [deployment_region])
}
"""  # noqa: E501  as printed
V0 = "# mobile-ai: rego v0\n"
FIRST = BRIEF[: BRIEF.index("deny[msg]", BRIEF.index("deny[msg]") + 1)]
SECOND = BRIEF.replace(FIRST, "package mobile.ai.governance\n")


def v1(module: str) -> str:
    """Return a module of v0 as one of v1."""
    head = "package mobile.ai.governance\nimport rego.v1\n"
    return module.replace("package mobile.ai.governance\n", head).replace(
        "deny[msg] {", "deny contains msg if {"
    )


@pytest.mark.parametrize("module", [V0 + FIRST, v1(FIRST)], ids=["as printed", "v1"])
@pytest.mark.parametrize("decision", ["approved", "rejected", "Approved"])
def test_the_first_rule_of_the_brief_works(module: str, decision: str) -> None:
    version = make_version(Signers.shared(), assessment=_decision(decision))
    scene = Scene(version=version, rego={"brief.rego": module})
    (verdict,) = scene.verdicts("rego-rules-pass")
    assert verdict.denies == (decision != "approved")
    if verdict.denies:
        assert "denied: No approved ethical assessment found." in verdict.messages[0]


@pytest.mark.parametrize("module", [V0 + SECOND, v1(SECOND)], ids=["as printed", "v1"])
def test_the_second_rule_of_the_brief_is_refused_with_its_rewrite(module: str) -> None:
    (verdict,) = Scene(rego={"brief.rego": module}).verdicts("rego-rules-pass")
    (told,) = verdict.messages
    line = 1 + module[: module.index("not {")].count("\n")
    assert f"rego brief.rego: got line {line}: `not` before a value that is always defined" in told
    assert 'write `not deployment_region == "EU-West-1"`' in told


@pytest.mark.parametrize("to_version", [lambda module: V0 + module, v1], ids=["v0", "v1"])
@pytest.mark.parametrize("region", ["EU-West-1", "us-east-1"])
def test_the_second_rule_of_the_brief_works_as_its_rewrite_says(
    region: str, to_version: Callable[[str], str]
) -> None:
    module = to_version(SECOND).replace("{ deployment_region ==", "deployment_region ==")
    scene = Scene(rego={"brief.rego": module.replace('"EU-West-1" }', '"EU-West-1"')})
    deployed = changed(scene.deployment(), "spec", "dataProcessing", "region", to=region)
    deployed = changed(deployed, "spec", "dataProcessing", "privacyTier", to="GDPR_Sensitive")
    denied = scene.outcome("rego-rules-pass", deployed) == "fail"
    assert denied == (region == "us-east-1")


def test_a_label_of_the_stack_is_kept_as_the_region() -> None:
    module = (
        "package mobile.ai.governance\nimport rego.v1\ndeny contains input.metadata.labels.region\n"
    )
    scene = Scene(rego={"own.rego": module})
    labelled = changed(scene.deployment(), "metadata", "labels", "region", to="of its own")
    region = scene.deployment().props["spec"]["dataProcessing"]["region"]
    for deployed, told in ((scene.deployment(), region), (labelled, "of its own")):
        (verdict,) = scene.verdicts("rego-rules-pass", deployed)
        assert f"got {told};" in verdict.messages[0]


def test_a_warning_is_listed_and_denies_nothing() -> None:
    module = (
        "package mobile.ai.governance\nimport rego.v1\n"
        'warn contains "soon" if input.kind\ndeny contains "x" if input.kind == "other"\n'
    )

    assert Scene(rego={"x.rego": module}).outcome("rego-rules-pass") == "warned"
