"""The steps: each gives files of the repository a new text, and writes nothing itself."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.stack import freeze, rollback
from mobile_ai.operations.monitor.finding import MonitorFinding
from mobile_ai.operations.remediate.edit import Edit, deployment_of
from mobile_ai.operations.remediate.retrain import retrain
from mobile_ai.operations.remediate.threshold import threshold
from mobile_ai.stack.editor import edited_deployment
from mobile_ai.stack.reader import read_stack_file, stack_file_name

MakeEdit = Callable[[Path, str, MonitorFinding], Edit]
"""Given a checkout, a stack and a finding, return the edit.

Raises a ReleaseError where there is nothing to change, a GovernanceError where a file is missing.
"""


def throttle(deployment: Any) -> str:
    """Halve the requests that placements let in, and the functions that may run at once.

    Raises:
        ReleaseError: Nothing is left to halve.
    """
    done = [
        _halve(placement, key, least=1)
        for placement in deployment["placement"]
        if placement["target"] in {"cloud", "edge"}
        for key in ("ratePerSecond", "reservedConcurrency")
    ]
    return _told(deployment, done, "a placement that can be throttled")


def scale_down(deployment: Any) -> str:
    """Halve the copies that edge placements may grow to, never below what they need to run.

    Raises:
        ReleaseError: Nothing is left to halve.
    """
    done = [
        _halve(placement["replicas"], "max", least=placement["replicas"]["min"])
        for placement in deployment["placement"]
        if placement["target"] == "edge"
    ]
    return _told(deployment, done, "an edge placement with copies to spare")


def _of_deployment(change: Callable[[Any], str]) -> MakeEdit:
    """Return the step that edits the finding's deployment in the stack file."""

    def make(root: Path, stack: str, finding: MonitorFinding) -> Edit:
        file = read_stack_file(root / stack_file_name(stack))
        text, done = edited_deployment(file, deployment_of(finding), change)
        return Edit(change=done, files={file.name: text})

    return make


STEPS: Final[Mapping[str, MakeEdit]] = {
    "freeze": _of_deployment(freeze),
    "throttle": _of_deployment(throttle),
    "scale-down": _of_deployment(scale_down),
    "rollback": _of_deployment(rollback),
    "retrain": retrain,
    "threshold": threshold,
}
"""Edits of the steps that a playbook can name."""


def _halve(section: Any, key: str, *, least: int) -> str:
    before = section.get(key)
    after = max(least, (before + 1) // 2) if isinstance(before, int) else before
    if before is None or after == before:
        return ""
    section[key] = after
    return f"{key}: {before} -> {after}"


def _told(deployment: Any, done: list[str], expected: str) -> str:
    changes = [item for item in done if item]
    if not changes:
        raise ReleaseError(
            deployment["app"],
            got="placements at their least",
            expected=expected,
            next_step="take the next step of the playbook",
        )
    return ", ".join(changes)
