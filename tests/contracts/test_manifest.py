"""Manifests are validated, with errors that name the problem."""

from typing import Any

import pytest

from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.errors import ManifestError
from mobile_ai.contracts.manifest import manifest_schema, read_manifest
from mobile_ai.testing import Signers, make_version

GOOD = make_version(Signers.shared())


def parsed(**changes: Any) -> object:
    return read_manifest(dump_yaml({**GOOD.values, **changes}), name="manifest")


def test_a_manifest_is_read_back_as_written() -> None:
    manifest, values = read_manifest(GOOD.manifest, name="manifest")

    assert values == GOOD.values
    again, _ = read_manifest(dump_yaml(manifest.to_dict()), name="manifest")
    assert again == manifest


def test_an_artifact_is_found_by_its_variant() -> None:
    manifest, _ = read_manifest(GOOD.manifest, name="manifest")

    assert manifest.artifact("int8") is not None
    assert manifest.artifact("int4") is None


ARTIFACT = dict(GOOD.values["artifacts"][0])


@pytest.mark.parametrize(
    "changes",
    [
        {"surprise": 1},
        {"apiVersion": "mobile-ai/v2"},
        {"artifacts": []},
        {"artifacts": [ARTIFACT, ARTIFACT]},
        {"artifacts": [{**ARTIFACT, "file": "../up"}]},
        {"artifacts": [{**ARTIFACT, "file": "/absolute"}]},
        {"artifacts": [{**ARTIFACT, "file": "a/.hidden"}]},
        {"artifacts": [{**ARTIFACT, "sha256": "A" * 64}]},
        {"artifacts": [{**ARTIFACT, "bytes": "9"}]},
        {"artifacts": [{**ARTIFACT, "uri": "http://example.com/x"}]},
        {"metadata": {**GOOD.values["metadata"], "version": "1.0"}},
        {"metadata": {**GOOD.values["metadata"], "name": "Dïgits"}},
        {"metadata": {**GOOD.values["metadata"], "created": "2026-01-01T00:00:00"}},
    ],
    ids=str,
)
def test_a_manifest_that_breaks_the_schema_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ManifestError):
        parsed(**changes)


@pytest.mark.parametrize("version", ["mobile-ai/v3", None, 1, ["mobile-ai/v1"]])
def test_a_version_without_a_schema_is_refused_before_its_fields(version: object) -> None:
    expected = (
        r"got apiVersion .*; expected apiVersion mobile-ai/v1 or mobile-ai/v2\. Next: .*install"
    )
    with pytest.raises(ManifestError, match=expected):
        parsed(apiVersion=version, surprise=1)


def test_every_problem_is_named() -> None:
    with pytest.raises(ManifestError, match=r"surprise.*wonder"):
        parsed(surprise=1, wonder=2)


def test_a_text_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(ManifestError):
        read_manifest("[]", name="manifest")


def test_the_schema_refuses_unknown_fields() -> None:
    assert manifest_schema()["additionalProperties"] is False
