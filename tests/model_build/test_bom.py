"""The bill of materials is valid, deterministic and consistent with the manifest."""

from __future__ import annotations

import dataclasses
import json

import pytest
from cyclonedx.spdx import is_supported_id

from mobile_ai.contracts.canonical import manifest_digest
from mobile_ai.contracts.manifest import ModelManifest, Origin
from mobile_ai.model_build.assemble import assemble
from mobile_ai.model_build.bom import BomError, bom_problems, bom_text, validate_bom
from mobile_ai.model_build.recipe import RECIPES, load_recipe
from tests.model_build.versions import NOW, build_result, report_on

pytestmark = pytest.mark.build


@pytest.fixture
def made(tmp_path):
    build = build_result(tmp_path)
    report = report_on(build)
    draft = assemble(build, report, created=NOW, commit="unknown")
    return draft.manifest, report, bom_text(draft.manifest, report, tools=build.tools)


def test_it_is_the_same_text_every_time(made):
    manifest, report, text = made
    assert (
        bom_text(manifest, report, tools={"tensorflow": "2.20.0", "litert-quantizer": "0.11.0"})
        == text
    )


def test_it_agrees_with_its_manifest(made):
    manifest, _, text = made
    assert bom_problems(text, manifest, digest=manifest_digest(manifest.to_dict())) == []


def test_a_manifest_with_another_artifact_is_told_apart(made):
    manifest, _, text = made
    values = manifest.to_dict()
    values["artifacts"][1]["digest"] = values["artifacts"][1]["files"][0]["sha256"] = "0" * 64
    other = ModelManifest.model_validate_json(json.dumps(values))
    problems = bom_problems(text, other, digest=manifest_digest(values))
    assert [item.partition(" ")[0] for item in problems] == ["file:int8:", "model:"]


def test_every_variant_has_a_metric_with_its_interval_and_its_slices(made):
    _, _, text = made
    card = json.loads(text)["metadata"]["component"]["modelCard"]
    metrics = {item["slice"]: item for item in card["quantitativeAnalysis"]["performanceMetrics"]}
    assert metrics["int8"]["confidenceInterval"] == {"lowerBound": "0.975", "upperBound": "0.986"}
    assert "int8: label=9" in metrics


def test_energy_is_told_in_kilowatt_hours_with_its_method(made):
    _, _, text = made
    considerations = json.loads(text)["metadata"]["component"]["modelCard"]["considerations"]
    first = considerations["environmentalConsiderations"]["energyConsumptions"][0]
    # 0.42 mJ; a kilowatt-hour is 3.6e9 mJ.
    assert first["activityEnergyCost"]["value"] == pytest.approx(0.42 / 3.6e9)
    assert {"name": "mobile-ai:method", "value": "MACs x 4.6 pJ"} in first["properties"]


def test_fairness_names_the_group_at_risk(made):
    _, _, text = made
    considerations = json.loads(text)["metadata"]["component"]["modelCard"]["considerations"]
    groups = {item["groupAtRisk"] for item in considerations["fairnessAssessments"]}
    assert groups == {"hand=left", "label=0"}


def card_of(text: str) -> dict:
    return json.loads(text)["metadata"]["component"]["modelCard"]


def test_an_import_claims_no_way_of_learning_and_no_assessment_is_claimed(made):
    manifest, report, text = made
    assert card_of(text)["modelParameters"]["approach"] == {"type": "supervised"}
    for origin in ("unknown", Origin(how="imported", source="x.tflite", digest="unknown")):
        other = manifest.model_copy(update={"origin": origin})
        brought = card_of(bom_text(other, report, tools={}))
        assert "approach" not in brought["modelParameters"]
        assert "not assessed" in json.dumps(brought["considerations"]["ethicalConsiderations"])


def test_only_a_gated_figure_is_called_gated(made):
    manifest, report, text = made
    assert "no gate of the recipe" in text
    gate = dataclasses.replace(report.gates[0], gate="fairness/hand/accuracy-gap")
    report = dataclasses.replace(report, gates=(*report.gates, gate))
    stated = card_of(bom_text(manifest, report, tools={}))["considerations"]["fairnessAssessments"]
    assert {item["groupAtRisk"]: item["mitigationStrategy"].split()[0] for item in stated} == {
        "hand=left": "gated",
        "label=0": "measured",
    }


def test_every_dataset_is_a_component_with_its_digest_and_licence(made):
    _, _, text = made
    data = [item for item in json.loads(text)["components"] if item["type"] == "data"]
    assert [item["name"] for item in data] == ["mnist-5k-train", "mnist-5k-test"]
    assert data[0]["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert data[0]["licenses"] == [
        {"license": {"id": "BSD-3-Clause", "acknowledgement": "declared"}}
    ]


LICENCES = {
    "Apache-2.0": {"license": {"id": "Apache-2.0", "acknowledgement": "declared"}},
    "MIT OR Apache-2.0": {"expression": "MIT OR Apache-2.0", "acknowledgement": "declared"},
    "Our terms": {"license": {"name": "Our terms", "acknowledgement": "declared"}},
    # An unstated licence is NOASSERTION, without an acknowledgement.
    None: {"license": {"name": "NOASSERTION"}},
}


@pytest.mark.parametrize("stated", LICENCES, ids=str)
def test_model_and_files_have_the_stated_licence(tmp_path, stated):
    build = dataclasses.replace(build_result(tmp_path), licence=stated)
    report = report_on(build)
    manifest = assemble(build, report, created=NOW, commit="unknown").manifest
    value = json.loads(bom_text(manifest, report, tools=build.tools))

    assert manifest.licence == (stated or "unknown")
    assert value["metadata"]["component"]["licenses"] == [LICENCES[stated]]
    files = [item for item in value["components"] if item["type"] == "file"]
    assert files
    assert all(item["licenses"] == [LICENCES[stated]] for item in files)


def test_the_validator_refuses_a_licence_id_that_spdx_does_not_have(made):
    _, _, text = made
    value = json.loads(text)
    value["metadata"]["component"]["licenses"] = [{"license": {"id": "Apache-9"}}]
    with pytest.raises(BomError):
        validate_bom(json.dumps(value))


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_of_ours_states_a_licence_of_spdx(path):
    assert is_supported_id(load_recipe(path).licence)


@pytest.mark.parametrize(
    "change",
    [{"unknown": 1}, {"specVersion": "9.9"}, {"serialNumber": "not-a-uuid"}, {"version": 0}],
)
def test_the_validator_is_strict(made, change):
    _, _, text = made
    with pytest.raises(BomError):
        validate_bom(json.dumps({**json.loads(text), **change}))
