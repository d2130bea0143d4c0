"""Unsigned manifests are written in the present form; signed ones stay as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.errors import ManifestError
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.model_build.migrate import migrate

SAMPLE = Path(__file__).parents[2] / "models/digits/1.1.0/manifest.yaml"


@pytest.fixture
def draft(tmp_path):
    path = tmp_path / "manifest.yaml"
    values = read_yaml(SAMPLE.read_text(), name="sample")
    path.write_text(dump_yaml({**values, "evidence": []}))
    return path


def test_a_draft_is_migrated_once(draft):
    before, _ = read_manifest(draft.read_text(), name="draft")
    assert migrate(draft) == "migrated"
    after, values = read_manifest(draft.read_text(), name="draft")
    assert (after, values["apiVersion"]) == (before, "mobile-ai/v2")
    text = draft.read_bytes()
    assert migrate(draft) == "current"
    assert draft.read_bytes() == text
    assert [item.name for item in draft.parent.iterdir()] == ["manifest.yaml"]


def test_a_signed_version_keeps_its_bytes(tmp_path):
    path = tmp_path / "manifest.yaml"
    shutil.copy(SAMPLE, path)
    assert migrate(path) == "signed"
    assert path.read_bytes() == SAMPLE.read_bytes()


def test_what_is_no_manifest_is_refused_and_kept(tmp_path):
    path = tmp_path / "manifest.yaml"
    path.write_text("apiVersion: mobile-ai/v9\n")
    with pytest.raises(ManifestError, match="mobile-ai/v9"):
        migrate(path)
    assert path.read_text() == "apiVersion: mobile-ai/v9\n"
