"""What an object still waits for, as the official provider waits after a create or update.

Controllers do what is waited for. The sandbox's API server has none, so nothing waits there unless
it is asked to; an object says so itself with the official provider's annotation.
https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["SKIP", "unfinished"]

SKIP: Final = "pulumi.com/skipAwait"


def unfinished(stored: Mapping[str, Any]) -> str:
    """Say what a stored object waits for; an empty text when it is finished."""
    known = {"Deployment": _deployment, "Job": _job, "PersistentVolumeClaim": _claim}
    look = known.get(str(stored.get("kind")))
    return look(stored) if look else ""


def _deployment(stored: Mapping[str, Any]) -> str:
    status, wanted = stored.get("status", {}), stored["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < stored["metadata"].get("generation", 0):
        return "the new generation was not seen by a controller"
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if min(updated, available) < wanted:
        return f"{min(updated, available)} of {wanted} replicas are updated and available"
    return ""


def _job(stored: Mapping[str, Any]) -> str:
    conditions = stored.get("status", {}).get("conditions") or []
    ended = any(one["type"] == "Complete" and one["status"] == "True" for one in conditions)
    return "" if ended else "it has not completed"


def _claim(stored: Mapping[str, Any]) -> str:
    phase = stored.get("status", {}).get("phase", "Pending")
    return "" if phase == "Bound" else f"its phase is {phase}"
