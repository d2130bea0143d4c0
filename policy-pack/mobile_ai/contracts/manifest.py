"""The manifest of a model version: the gate's subject.

Written by model-build as ``models/<model>/<version>/manifest.yaml``, pinned by the stack
file, carried in the plan by ``ModelVersion``. Each ``apiVersion`` has a module with its
schema; `read_manifest` chooses it by what the file states and returns the one typed form, that
of `mobile_ai.contracts.manifest_v2`, for all of them. No other module knows versions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from mobile_ai.contracts import manifest_v1, manifest_v2
from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.errors import ManifestError
from mobile_ai.contracts.manifest_io import ModelIO, TensorSpec
from mobile_ai.contracts.manifest_parts import (
    UNSTATED,
    DatasetRef,
    Dtype,
    Interval,
    Lineage,
    Metadata,
    Parent,
    Recipe,
    StatedCount,
    StatedText,
    StatedTexts,
    Unknown,
    known,
)
from mobile_ai.contracts.manifest_v2 import (
    Artifact,
    ArtifactFile,
    Fallback,
    GroupSlice,
    Measurement,
    ModelManifest,
    Origin,
    Parity,
    Profile,
    Requirements,
    SelfTest,
    Serving,
    StatementRef,
)
from mobile_ai.contracts.schema_errors import schema_problems

__all__ = [
    "API_VERSIONS",
    "UNSTATED",
    "Artifact",
    "ArtifactFile",
    "DatasetRef",
    "Dtype",
    "Fallback",
    "GroupSlice",
    "Interval",
    "Lineage",
    "Measurement",
    "Metadata",
    "ModelIO",
    "ModelManifest",
    "Origin",
    "Parent",
    "Parity",
    "Profile",
    "Recipe",
    "Requirements",
    "SelfTest",
    "Serving",
    "StatedCount",
    "StatedText",
    "StatedTexts",
    "StatementRef",
    "TensorSpec",
    "Unknown",
    "known",
    "manifest_schema",
    "read_manifest",
    "undeliverable",
]

_READERS: Final[Mapping[str, tuple[type[BaseModel], Callable[[Any], ModelManifest]]]] = {
    manifest_v1.API_VERSION: (manifest_v1.ModelManifest, manifest_v1.upgrade),
    manifest_v2.API_VERSION: (ModelManifest, lambda manifest: manifest),
}
API_VERSIONS: Final = tuple(_READERS)
"""Every ``apiVersion`` that is read, oldest first; builds write the last."""
_DELIVERED: Final = frozenset({"tflite", "onnx", "coreml"})


def read_manifest(text: str, *, name: str) -> tuple[ModelManifest, dict[str, Any]]:
    """Read a manifest file; return its typed form and the JSON values as written.

    The values as written are what ``canonical.manifest_digest`` hashes. What an earlier
    ``apiVersion`` does not state is ``unknown`` in the typed form.

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
    schema, typed = _reader(values, name)
    try:
        # Through JSON, so that strict types accept what YAML can say (lists, timestamps).
        return typed(schema.model_validate_json(json.dumps(values))), values
    except ValidationError as error:
        problems = "; ".join(map(str, schema_problems(error)))
        raise ManifestError(
            name,
            got=problems,
            expected=f"the ModelVersion schema {values['apiVersion']}",
            next_step="build the version again (`mobile-ai model build`); nobody edits manifests "
            "by hand",
        ) from error


def undeliverable(artifact: Artifact, manifest: ModelManifest) -> str | None:
    """Return what keeps an artifact of a version from phones, sites and functions, or ``None``.

    The present release metadata and clients take one file of a format that they run, with a
    stated need of memory.
    """
    if artifact.format not in _DELIVERED:
        return f"format {artifact.format}"
    if len(artifact.files) > 1:
        return f"{len(artifact.files)} files"
    if artifact.base is not None:
        return f"an adapter of {artifact.base[:12]}"
    if artifact.requirements.min_ram_mb == UNSTATED:
        return "minRamMb unknown"
    if manifest.fallback.stale_after != UNSTATED:
        return f"staleAfter {manifest.fallback.stale_after} hours, which no client keeps"
    return None


def manifest_schema(api_version: str = manifest_v2.API_VERSION) -> dict[str, Any]:
    """Return the JSON Schema of the manifest, for editors.

    Raises:
        ManifestError: If there is no such version.
    """
    schema, _ = _reader({"apiVersion": api_version}, "schema of the manifest")
    return schema.model_json_schema(by_alias=True)


def _reader(
    values: Mapping[str, Any], name: str
) -> tuple[type[BaseModel], Callable[[Any], ModelManifest]]:
    version = values.get("apiVersion")
    if not isinstance(version, str) or version not in _READERS:
        raise ManifestError(
            name,
            got=f"apiVersion {version!r:.80}",
            expected=f"apiVersion {' or '.join(_READERS)}",
            next_step="build the version again, or install a release of `mobile-ai` that reads "
            "this format",
        )
    return _READERS[version]
