"""The manifest of a model version: the gate's subject.

Written by model-build as ``models/<model>/<version>/manifest.yaml``, pinned by the stack
file, carried in the plan by ``ModelVersion``. Each ``apiVersion`` has a module with its
schema (`mobile_ai.contracts.manifest_v1`); `read_manifest` chooses it by what the file states.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from mobile_ai.contracts import manifest_v1
from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.errors import ManifestError
from mobile_ai.contracts.manifest_v1 import (
    Artifact,
    DatasetRef,
    Dtype,
    EvidenceRef,
    FairnessResult,
    Fallback,
    Interval,
    Lineage,
    Metadata,
    ModelManifest,
    Parent,
    Parity,
    Profile,
    Quality,
    Recipe,
    Requirements,
    SelfTest,
    TensorSpec,
)

__all__ = [
    "Artifact",
    "DatasetRef",
    "Dtype",
    "EvidenceRef",
    "FairnessResult",
    "Fallback",
    "Interval",
    "Lineage",
    "Metadata",
    "ModelManifest",
    "Parent",
    "Parity",
    "Profile",
    "Quality",
    "Recipe",
    "Requirements",
    "SelfTest",
    "TensorSpec",
    "manifest_schema",
    "read_manifest",
]

_VERSIONS: Final[Mapping[str, type[ModelManifest]]] = {
    manifest_v1.API_VERSION: manifest_v1.ModelManifest,
}


def read_manifest(text: str, *, name: str) -> tuple[ModelManifest, dict[str, Any]]:
    """Read a manifest file; return its typed form and the JSON values as written.

    The values as written are what ``canonical.manifest_digest`` hashes.

    Raises:
        ManifestError: If its ``apiVersion`` is not supported, or a field is missing, unknown
            or wrong; every problem is named.
        DocumentError: If the text is not plain YAML.
    """
    values = read_yaml(text, name=name)
    if not isinstance(values, dict):
        raise ManifestError(
            name,
            got=type(values).__name__,
            expected="a mapping",
            next_step="run `mobile-ai model build` again",
        )
    try:
        # Through JSON, so that strict types accept what YAML can say (lists, timestamps).
        return _schema(values, name).model_validate_json(json.dumps(values)), values
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'manifest'}: {item['msg']}"
            f" (got {item['input']!r:.80})"
            for item in error.errors(include_url=False)
        )
        raise ManifestError(
            name,
            got=problems,
            expected=f"the ModelVersion schema {values['apiVersion']}",
            next_step="build the version again (`mobile-ai model build`); nobody edits manifests "
            "by hand",
        ) from error


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema of the manifest, for editors."""
    return ModelManifest.model_json_schema(by_alias=True)


def _schema(values: Mapping[str, Any], name: str) -> type[ModelManifest]:
    version = values.get("apiVersion")
    if not isinstance(version, str) or version not in _VERSIONS:
        raise ManifestError(
            name,
            got=f"apiVersion {version!r:.80}",
            expected=f"apiVersion {' or '.join(_VERSIONS)}",
            next_step="build the version again, or install a release of `mobile-ai` that reads "
            "this format",
        )
    return _VERSIONS[version]
