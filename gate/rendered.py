"""Kubernetes objects of a stack that are files for an agent, and in no cluster the engine knows."""

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["not_refreshed"]

_PROVIDER: Final = "pulumi:providers:kubernetes"
_FOLDER: Final = "renderYamlToDirectory"


def not_refreshed(export: Mapping[str, Any]) -> list[str]:
    """Return the engine's arguments that leave rendered objects out of a refresh.

    The provider reads the object of a file from a cluster or fails; with a cluster it repeats what
    the state says. So there is nothing to find (`Read` in provider.go of pulumi-kubernetes).

    Args:
        export: The exported state.
    """
    resources = (export.get("deployment") or {}).get("resources") or ()
    renders = {
        f"{item['urn']}::{item['id']}"
        for item in resources
        if item["type"] == _PROVIDER and (item.get("inputs") or {}).get(_FOLDER)
    }
    return [f"--exclude={item['urn']}" for item in resources if item.get("provider") in renders]
