"""The steps as edits of one deployment in the stack file."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from delivery.errors import ReleaseError
from delivery.repository.stack import freeze, rollback

__all__ = ["EDITS", "scale_down", "throttle"]


def throttle(deployment: Any) -> str:
    """Halve the requests that cloud placements let in, and the copies that may run at once.

    Raises:
        ReleaseError: Nothing is left to halve.
    """
    done = [
        _halve(placement, key, least=1)
        for placement in deployment["placement"]
        if placement["target"] == "cloud"
        for key in ("ratePerSecond", "reservedConcurrency")
    ]
    return _told(deployment, done, "a cloud placement that can be throttled")


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


EDITS: Final[Mapping[str, Callable[[Any], str]]] = {
    "freeze": freeze,
    "throttle": throttle,
    "scale-down": scale_down,
    "rollback": rollback,
}


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
