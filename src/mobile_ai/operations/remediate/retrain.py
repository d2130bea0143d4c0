"""The step `retrain`: a request for a new version, as a file of the model.

It trains nothing. Once merged, `models.yml` builds the recipe that answers it, which somebody has
to write: new data need an owner who pins them, and labels.
"""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.stack import read_deployments
from mobile_ai.operations.monitor.finding import MonitorFinding
from mobile_ai.operations.remediate.edit import Edit, deployment_of, read_text
from mobile_ai.stack.reader import stack_file_name
from mobile_ai.stack.settings_deployment import ModelPin

_REQUEST_FILE: Final = "retrain.yaml"
_HEADER: Final = """\
# Written by `mobile-ai remediate`. It is answered by a recipe for a later version that pins other
# data; `mobile-ai model requests` says which one that is, or what is missing.
"""


def retrain(root: Path, stack: str, finding: MonitorFinding) -> Edit:
    """Ask for a version that is trained on what the present one was not.

    Raises:
        ReleaseError: The stack does not pin the version, or the same is asked for already.
        GovernanceError: A file is missing.
    """
    pin = _pin(root, stack, finding)
    manifest, _ = read_manifest(read_text(root / pin.manifest), name=pin.manifest)
    file = f"models/{finding.subject.model}/{_REQUEST_FILE}"
    if _parent(root / file) == pin.version:
        raise _nothing(finding, f"a request about {pin.version} in {file}", "none yet")
    request = {
        "apiVersion": "mobile-ai/v1",
        "kind": "RetrainingRequest",
        "model": finding.subject.model,
        "parent": {"version": pin.version, "sha256": pin.sha256},
        "recipe": {
            "file": manifest.lineage.recipe.file,
            "sha256": manifest.lineage.recipe.sha256,
        },
        "finding": {
            "id": finding.id,
            "rule": finding.rule,
            "series": finding.series,
            "sha256": hashlib.sha256(finding.text().encode()).hexdigest(),
        },
        "data": {"from": finding.windows.first, "to": _end(finding)},
    }
    return Edit(
        change=f"{file}: asks for a version after {pin.version}",
        files={file: _HEADER + dump_yaml(request)},
        evidence=("Merging this trains nothing: a recipe that pins other data has to answer it.",),
        labels=("retraining",),
    )


def _pin(root: Path, stack: str, finding: MonitorFinding) -> ModelPin:
    for deployment in read_deployments(root / stack_file_name(stack)):
        if deployment.name == deployment_of(finding):
            for pin in deployment.pins:
                if pin.version == finding.subject.version:
                    return pin
    got = f"no deployment of {finding.subject.version}"
    raise _nothing(finding, got, "the version that the finding is about")


def _parent(path: Path) -> str:
    """Return the version that a request is about; empty where there is none that can be read."""
    if not path.is_file():
        return ""
    value: Any = read_yaml(read_text(path), name=path.name)
    parent = value.get("parent") if isinstance(value, dict) else None
    return str(parent.get("version", "")) if isinstance(parent, dict) else ""


def _end(finding: MonitorFinding) -> str:
    last = datetime.fromisoformat(finding.windows.last)
    end = last + timedelta(hours=finding.windows.width_hours)
    return end.strftime("%Y-%m-%dT%H:%M:%SZ")


def _nothing(finding: MonitorFinding, got: str, expected: str) -> ReleaseError:
    return ReleaseError(
        f"retraining of {deployment_of(finding)}",
        got=got,
        expected=expected,
        next_step="look at the request that is there, or at the stack file",
    )
