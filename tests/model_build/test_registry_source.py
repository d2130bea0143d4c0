"""A recipe imports a model registered in MLflow; it is optimised and signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.trust import Trust, load_trust
from mobile_ai.model_build import pipeline
from mobile_ai.model_build.approve import approve
from mobile_ai.model_build.assemble_version import build_version
from mobile_ai.model_build.ceremony import fresh_keys, trust_text
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.pull import TRACKING_VARIABLE, PullError
from mobile_ai.model_build.recipe import RECIPES
from mobile_ai.model_build.register import register_version
from mobile_ai.model_build.verify import verify_version
from mobile_ai.model_build.writer import WrittenVersion
from tests.model_build.versions import LIFETIME, assessment

pytestmark = pytest.mark.build


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """A version of real files, its registry, and its signers."""

    uri: str
    source: str
    version: WrittenVersion
    keys: dict
    trust: Trust

    def digest(self, variant: str) -> str:
        return self.version.manifest.artifact(variant).digest


def small(folder: Path) -> Path:
    """Write the digits recipe with two epochs, two variants and few held-out rows."""
    values = read_yaml((RECIPES / "digits.yaml").read_text(), name="digits.yaml")
    values["variants"] = [{"name": "fp32"}, {"name": "int8", "quantize": "static-int8"}]
    values["gates"] = [{"gate": "size", "limit": 1_000_000}]
    values["train"] |= {"epochs": 2, "augment": "none"}
    values["calibrationRows"] = 20
    values["evaluation"] |= {"importanceRows": 0, "corruptions": []}
    for split in values["data"]["splits"]:
        if split["use"] == "evaluation":
            split["share"] = 0.02
    path = folder / "digits.yaml"
    path.write_text(dump_yaml(values))
    return path


def made(recipe: Path, folder: Path, keys: dict) -> WrittenVersion:
    """Build, evaluate and sign a recipe."""

    def make():
        build = pipeline.build(recipe, out=folder / "work", networks=folder / "networks")
        return build, pipeline.evaluate(recipe, pipeline.files_of(build))

    return build_version(
        make,
        models=folder / "models",
        signers={role: keys[role][0] for role in ("builder", "evaluator")},
        lifetime=LIFETIME,
        reports=folder / "reports",
    )


def approved(version: WrittenVersion, keys: dict, **changes: object) -> WrittenVersion:
    """Sign an assessment for a version."""
    return approve(
        version.folder,
        assessment(**changes),
        signer=keys["ethics-reviewer"][0],
        expires=version.manifest.created + LIFETIME,
        now=version.manifest.created,
    )


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> Registry:
    folder = tmp_path_factory.mktemp("registry")
    keys, now = fresh_keys("dev"), datetime.now(UTC).replace(microsecond=0)
    trust = load_trust(trust_text("dev", keys, expires=now + LIFETIME), environment="dev", now=now)
    version = approved(made(small(folder), folder, keys), keys)
    uri = f"sqlite:///{folder}/mlflow.db"
    done = register_version(
        version.folder / "manifest.yaml", trust=trust, tracking_uri=uri, pins={}
    )
    source = f"models:/{done.model}/{done.number}"
    return Registry(uri=uri, source=source, version=version, keys=keys, trust=trust)


@pytest.fixture(autouse=True)
def tracking(registry, monkeypatch):
    """Configure the registry through MLFLOW_TRACKING_URI."""
    monkeypatch.setenv(TRACKING_VARIABLE, registry.uri)


def brought(folder: Path, **source: object) -> Path:
    """Write a recipe that optimises a model of the registry."""
    values = read_yaml((RECIPES / "face-detector.yaml").read_text(), name="face-detector.yaml")
    values |= {"name": "digits-small", "inputs": [{"name": "image", "modality": "vision"}]}
    values["source"] = {"kind": "registry", "probe": "generated", "probeRows": 8, **source}
    values["variants"] = [{"name": "original"}, {"name": "int8", "quantize": "dynamic-int8"}]
    values["gates"] = [{"gate": "parity", "variants": ["int8"], "limit": 0.2}]
    path = folder / "brought.yaml"
    path.write_text(dump_yaml(values))
    return path


def test_a_registered_model_is_brought_back_optimised_signed_and_verified(registry, tmp_path):
    recipe = brought(tmp_path, uri=registry.source, sha256=registry.digest("fp32"))
    version = approved(made(recipe, tmp_path, registry.keys), registry.keys, risk_class="limited")
    original, smaller = version.manifest.artifacts
    assert original.digest == registry.digest("fp32")
    assert smaller.bytes < original.bytes
    found = verify_version(version.folder / "manifest.yaml", trust=registry.trust)
    assert [(item.where, item.problem) for item in found.findings] == []


def test_the_chain_of_a_brought_model_begins_with_its_place_in_the_registry(registry, tmp_path):
    recipe = brought(tmp_path, uri=registry.source, sha256=registry.digest("fp32"))
    first = pipeline.build(recipe, out=tmp_path).variants[1].transforms[0]
    assert (first.step, first.parameters["origin"]) == ("import", registry.source)
    assert first.input_sha256 == registry.digest("fp32")


def test_a_version_of_several_files_needs_the_digest_of_the_one_that_is_meant(registry, tmp_path):
    with pytest.raises(ModelBuildError, match=r"2 model files.*source\.sha256"):
        pipeline.build(brought(tmp_path, uri=registry.source), out=tmp_path)


def test_a_digest_that_the_registered_version_lacks_is_refused(registry, tmp_path):
    recipe = brought(tmp_path, uri=registry.source, sha256="0" * 64)
    with pytest.raises(ModelBuildError, match="expected sha256 0000"):
        pipeline.build(recipe, out=tmp_path)


def test_an_alias_in_a_recipe_is_refused_since_it_can_move(tmp_path):
    with pytest.raises(PullError, match="no version number"):
        pipeline.build(brought(tmp_path, uri="models:/digits/champion"), out=tmp_path)
