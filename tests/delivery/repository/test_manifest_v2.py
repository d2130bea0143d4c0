"""Releases carry the artifacts of both forms of a manifest; the rest is refused by name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mobile_ai.contracts.manifest import UNSTATED, read_manifest
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.artifact_targets import version_targets
from tests.delivery.world import weights


@pytest.fixture
def version(world):
    return world.versions[world.make("1.0.0", weights(1)).sha256]


def in_v2(version, **changes):
    """Return a version whose manifest is read from a file of ``mobile-ai/v2``."""
    values = version.model.manifest.to_dict()
    values["artifacts"][0] |= changes
    manifest, _ = read_manifest(json.dumps(values), name="manifest")
    return replace(version, model=replace(version.model, manifest=manifest))


def test_a_release_is_the_same_from_either_form(version):
    assert version_targets(in_v2(version), ["int8"]) == version_targets(version, ["int8"])


def test_devices_read_requirements_as_plain_values(version):
    *_, artifact = version_targets(in_v2(version), ["int8"])
    assert artifact.custom["requirements"] == {
        "minIos": "15.0",
        "minRamMb": 64,
        "runtime": "LiteRT >= 2.0",
        "delegates": ["cpu"],
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "litertlm"}, "format litertlm"),
        ({"base": "c" * 64}, "an adapter of cccccccccccc"),
        ({"requirements": None}, "minRamMb unknown"),
    ],
)
def test_what_devices_do_not_read_is_not_published(version, changes, said):
    if "requirements" in changes:
        stated = version.model.manifest.to_dict()["artifacts"][0]["requirements"]
        changes = {"requirements": {**stated, "minRamMb": UNSTATED}}
    with pytest.raises(ReleaseError, match=rf"{said}.*docs/manifest\.md"):
        version_targets(in_v2(version, **changes), ["int8"])
