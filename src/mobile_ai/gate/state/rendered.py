"""Excludes Kubernetes objects that are rendered to files from a refresh."""

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["not_refreshed"]

_PROVIDER: Final = "pulumi:providers:kubernetes"
_FOLDER: Final = "renderYamlToDirectory"


def not_refreshed(export: Mapping[str, Any]) -> list[str]:
    """Return engine arguments that exclude rendered objects from a refresh.

    The provider reads a rendered object from a cluster or fails, and with a cluster it repeats the
    state, so a refresh cannot find drift (`Read` in provider.go of pulumi-kubernetes).

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
