"""Registers verified versions in MLflow and sets aliases to match the stack files.

Git is the source of truth. A version is identified by its manifest's digest, so that registration
is idempotent. Deployments never read aliases: moving one by hand in the registry deploys nothing.
MLflow is imported here and in ``pull`` only.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from mobile_ai.contracts.manifest import ModelManifest, known
from mobile_ai.contracts.trust import Trust
from mobile_ai.model_build.errors import ModelBuildError, need
from mobile_ai.model_build.pull import fail_soon
from mobile_ai.model_build.verify import verify_version
from mobile_ai.stack.reader import read_stack_file

_DIGEST_TAG: Final = "mobile-ai.manifest-sha256"
_EXPERIMENT: Final = "mobile-ai"
_SQLITE: Final = "sqlite:///"


class RegisterError(ModelBuildError):
    """A version that cannot be registered."""


_refused = RegisterError.advising("run `mobile-ai model verify` on its manifest and try again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A version in the registry.

    Attributes:
        model: Name of the registered model.
        number: MLflow's version number.
        sha256: Digest of the manifest.
        aliases: Stacks that deploy it, which are its aliases.
        created: Whether this call created it.
    """

    model: str
    number: str
    sha256: str
    aliases: tuple[str, ...]
    created: bool

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "model": self.model,
            "number": self.number,
            "sha256": self.sha256,
            "aliases": list(self.aliases),
            "created": self.created,
        }


def stack_pins(files: Sequence[Path]) -> dict[str, set[str]]:
    """Return the manifest digests that each stack file deploys, by stack name.

    Rollback targets are not deployed and get no alias.

    Raises:
        StackFileError: If a file cannot be used.
    """
    found = [read_stack_file(path) for path in files]
    return {file.stack: {item.sha256 for item in file.settings.deployments} for file in found}


def register_version(
    manifest_path: Path,
    *,
    trust: Trust,
    tracking_uri: str,
    pins: Mapping[str, set[str]],
) -> Registered:
    """Verify a version, register it, and set its aliases.

    Args:
        manifest_path: ``models/<model>/<version>/manifest.yaml``.
        trust: The verified trust; a version that does not verify is not registered.
        tracking_uri: MLflow server or database.
        pins: Digests deployed, by stack; see ``stack_pins``.

    Raises:
        RegisterError: If the version does not verify, or MLflow fails.
    """
    found = verify_version(manifest_path, trust=trust)
    if not found.ok or found.model is None:
        problems = "; ".join(f"{item.where}: {item.problem}" for item in found.findings)
        raise _refused(str(manifest_path), problems, "a version that verifies")
    manifest = found.model.manifest
    try:
        client = _client(tracking_uri)
        number, created = _ensure(
            client,
            manifest,
            manifest_path.parent,
            sha256=found.sha256,
            tracking_uri=tracking_uri,
        )
        aliases = _align(client, manifest.metadata.name, number, pins)
    except need("mlflow.exceptions").MlflowException as error:
        raise _refused(
            tracking_uri, str(error).split("\n", 1)[0].strip(), "a registry that answers"
        ) from error
    return Registered(
        model=manifest.metadata.name,
        number=number,
        sha256=found.sha256,
        aliases=aliases,
        created=created,
    )


def _client(tracking_uri: str) -> Any:
    fail_soon()
    # A new database logs every migration.
    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
    folder = _local_folder(tracking_uri)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return need("mlflow").MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)


def _local_folder(tracking_uri: str) -> Path | None:
    """Return the folder of a local database, or ``None`` for a server."""
    if not tracking_uri.startswith(_SQLITE):
        return None
    return Path(tracking_uri.removeprefix(_SQLITE)).absolute().parent


def _experiment(client: Any, tracking_uri: str) -> str:
    """Return the experiment's id; with a local database its artifacts are stored next to it."""
    found = client.get_experiment_by_name(_EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    folder = _local_folder(tracking_uri)
    location = None if folder is None else (folder / "artifacts").as_uri()
    return str(client.create_experiment(_EXPERIMENT, artifact_location=location))


def _ensure(
    client: Any, manifest: ModelManifest, folder: Path, *, sha256: str, tracking_uri: str
) -> tuple[str, bool]:
    """Return the registry's number of a version, and whether this call created it."""
    name = manifest.metadata.name
    if not client.search_registered_models(filter_string=f"name = '{name}'"):
        client.create_registered_model(name, description=manifest.metadata.description)
    for item in client.search_model_versions(f"name = '{name}'"):
        if item.tags.get(_DIGEST_TAG) == sha256:
            return str(item.version), False
    experiment = _experiment(client, tracking_uri)
    run_id, source = _log(client, manifest, folder, sha256=sha256, experiment=experiment)
    made = client.create_model_version(
        name,
        source=source,
        run_id=run_id,
        tags={
            _DIGEST_TAG: sha256,
            "mobile-ai.version": manifest.metadata.version,
            "mobile-ai.risk-class": manifest.metadata.risk_class,
        },
        description=f"{name} {manifest.metadata.version}",
    )
    _described().log_model(client, manifest, folder, version=made, experiment=experiment)
    return str(made.version), True


def _described() -> ModuleType:
    """Return the module that describes a version to MLflow; the base has no numpy for it."""
    return need("mobile_ai.model_build.registry_model")


def _log(
    client: Any, manifest: ModelManifest, folder: Path, *, sha256: str, experiment: str
) -> tuple[str, str]:
    """Log a version's folder and metrics as a run; return its id and its artifact URI."""
    name = f"{manifest.metadata.name}-{manifest.metadata.version}"
    run = client.create_run(experiment, run_name=name, tags={_DIGEST_TAG: sha256})
    identity = run.info.run_id
    for key, value in _metrics(manifest).items():
        client.log_metric(identity, key, value)
    client.log_param(identity, "recipe", manifest.lineage.recipe.file)
    client.log_param(identity, "recipe_sha256", manifest.lineage.recipe.sha256)
    described = _described()
    described.log_lineage(client, identity, manifest)
    client.log_artifacts(identity, str(folder), artifact_path="version")
    with tempfile.TemporaryDirectory() as scratch:
        described.write_mlmodel(manifest, Path(scratch), run_id=identity)
        client.log_artifacts(identity, scratch, artifact_path="version")
    client.set_terminated(identity)
    return identity, f"{run.info.artifact_uri}/version"


def _metrics(manifest: ModelManifest) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for item in manifest.artifacts:
        metrics[f"{item.variant}/bytes"] = item.bytes
        if item.quality is not None:
            metrics[f"{item.variant}/{item.quality.metric}"] = item.quality.value
        for name in ("latency_p50_ms", "energy_mj") if item.profile is not None else ():
            figure = known(getattr(item.profile, name))
            if figure is not None:
                metrics[f"{item.variant}/{name}"] = figure
        for part in item.fairness:
            metrics[f"{item.variant}/{part.attribute}/{part.metric}"] = part.value
    return metrics


def _align(client: Any, name: str, number: str, pins: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Set every stack's alias to what it deploys; return the aliases of one version.

    The order of registration does not matter. Where a stack deploys several versions, as two
    applications may, the alias names the newest. It is deleted where the stack deploys none.
    """
    held = {key: str(value) for key, value in client.get_registered_model(name).aliases.items()}
    registered = [item for item in client.search_model_versions(f"name = '{name}'") if item.tags]
    for stack, digests in pins.items():
        pinned = [item for item in registered if item.tags.get(_DIGEST_TAG) in digests]
        newest = max(pinned, key=_age, default=None)
        if newest is None:
            if held.pop(stack, None) is not None:
                client.delete_registered_model_alias(name, stack)
        elif held.get(stack) != str(newest.version):
            held[stack] = str(newest.version)
            client.set_registered_model_alias(name, stack, held[stack])
    return tuple(sorted(stack for stack in pins if held.get(stack) == number))


def _age(item: Any) -> tuple[Any, ...]:
    """Return the order of registered versions: by semantic version, then by number."""
    return (*_precedence(item.tags.get("mobile-ai.version", "0.0.0")), int(item.version))


def _precedence(version: str) -> tuple[Any, ...]:
    """Return the precedence of a version (https://semver.org, section 11)."""
    core, _, suffix = version.partition("-")
    parts = [
        (0, int(part), "") if part.isdigit() else (1, 0, part)
        for part in (suffix.split(".") if suffix else [])
    ]
    return (tuple(map(int, core.split("."))), not suffix, tuple(parts))
