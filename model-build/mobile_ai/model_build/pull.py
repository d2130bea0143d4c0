"""Fetches model files from a registry or a path and inspects them before they are loaded."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from mobile_ai.model_build.errors import ModelBuildError, need
from mobile_ai.model_build.inspection import Inspected, inspect_file

DEFAULT_TRACKING_URI: Final = "sqlite:///build/mlflow.db"
"""Registry on this machine, for tries."""
TRACKING_VARIABLE: Final = "MLFLOW_TRACKING_URI"  # MLflow's own name for it
"""Environment variable with the address of the registry."""

_REGISTRY_URI: Final = re.compile(r"^models:/(?P<name>[A-Za-z0-9._-]+)/(?P<version>\d+)$")
_MODEL_SUFFIXES: Final = frozenset({".tflite", ".onnx", ".zip"})


class PullError(ModelBuildError):
    """A source that cannot be fetched, or does not match its digest."""


_refused = PullError.advising("check the source and --tracking-uri")


def pull(
    source: str,
    *,
    to: Path,
    sha256: str | None = None,
    tracking_uri: str = DEFAULT_TRACKING_URI,
) -> list[Inspected]:
    """Fetch the model files of a source into a folder and return their inspections.

    Args:
        source: ``models:/name/version`` (a number; aliases are mutable) or the path of a file.
        to: The folder; files are stored only after inspection.
        sha256: Digest of the required file; other files are skipped.
        tracking_uri: MLflow server or database, for ``models:/``.

    Raises:
        PullError: If the source does not exist, holds no model, or none with the digest.
        InspectionError: If a file is refused.
    """
    with tempfile.TemporaryDirectory(prefix="pull-") as scratch:
        if source.startswith("models:/"):
            files = registry_files(source, Path(scratch), tracking_uri)
        elif "://" in source:
            raise _refused(source, "an address", "models:/name/number or the path of a file")
        else:
            files = [Path(source)]
        found = [inspect_file(path) for path in files]
        wanted = [item for item in found if sha256 in (None, item.sha256)]
        if not wanted:
            digests = ", ".join(item.sha256 for item in found)
            raise _refused(source, f"sha256 {digests or 'of nothing'}", sha256 or "a model file")
        return [_keep(item, to) for item in wanted]


def registry_files(source: str, scratch: Path, tracking_uri: str | None = None) -> list[Path]:
    """Download a registered version and return its model files, not yet inspected.

    Args:
        source: ``models:/name/version``, with a number.
        scratch: An empty temporary folder.
        tracking_uri: MLflow server or database; by default ``MLFLOW_TRACKING_URI``, or the
            database created by ``mobile-ai model register``.

    Raises:
        PullError: If the version does not exist or holds no model.
    """
    tracking_uri = tracking_uri or os.environ.get(TRACKING_VARIABLE) or DEFAULT_TRACKING_URI
    match = _REGISTRY_URI.match(source)
    if match is None:
        raise _refused(source, "no version number", "models:/name/number")
    mlflow = need("mlflow")
    need("mlflow.environment_variables").MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)
    fail_soon()
    try:
        client = mlflow.MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
        place = client.get_model_version_download_uri(match["name"], match["version"])
        folder = mlflow.artifacts.download_artifacts(
            artifact_uri=place, dst_path=str(scratch), tracking_uri=tracking_uri
        )
    except (mlflow.exceptions.MlflowException, OSError) as error:
        reason = str(error).split("\n", 1)[0].strip()
        raise _refused(source, reason, "a version in the registry") from error
    files = sorted(
        path
        for path in Path(folder).rglob("*")
        if path.suffix in _MODEL_SUFFIXES and path.is_file()
    )
    if not files:
        raise _refused(source, "no model file", f"files such as {sorted(_MODEL_SUFFIXES)}")
    return files


def fail_soon() -> None:
    """Limit MLflow to two retries of an unreachable server, unless configured otherwise."""
    retries = need("mlflow.environment_variables").MLFLOW_HTTP_REQUEST_MAX_RETRIES
    if not retries.is_set():
        retries.set(2)


def _keep(item: Inspected, to: Path) -> Inspected:
    """Copy an inspected file into the folder under a name that starts with its digest."""
    to.mkdir(parents=True, exist_ok=True)
    place = to / f"{item.sha256[:16]}-{item.path.name}"
    fresh = place.with_name(f".{place.name}.part")
    shutil.copyfile(item.path, fresh)
    again = hashlib.sha256(fresh.read_bytes()).hexdigest()
    if again != item.sha256:
        fresh.unlink()
        raise _refused(str(item.path), f"sha256 {again} when copied", item.sha256)
    fresh.replace(place)
    return dataclasses.replace(item, path=place)
