"""Lists objects on an API server by owner: a stack, or a site's agent.

Used to show that `down` leaves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from mobile_ai.sandbox.kubernetes.api import KubernetesApi

ObjectMetadata: TypeAlias = Mapping[str, Any]


def owned_objects(api: KubernetesApi, *, owner: Callable[[ObjectMetadata], bool]) -> list[str]:
    """Return the objects of an owner, as ``Kind namespace/name``, sorted.

    Args:
        api: The API server.
        owner: Predicate on an object's metadata.

    Raises:
        KubernetesApiError: The request failed.
    """
    found = []
    for group in api.groups():
        for name, kind in api.kinds(group).items():
            if "list" not in kind.verbs:
                continue
            listed = api.request("get", f"{kind.path}/{kind.plural}")["items"]
            found += [
                f"{name} {_place(item['metadata'])}" for item in listed if owner(item["metadata"])
            ]
    return sorted(found)


def managed_by(prefix: str, **labels: str) -> Callable[[ObjectMetadata], bool]:
    """Return a predicate for objects with fields of a manager and with labels.

    Args:
        prefix: Prefix of the field managers' names.
        labels: Labels by name below ``mobile-ai.dev/``.
    """
    wanted = {f"mobile-ai.dev/{name}": value for name, value in labels.items()}

    def owner(metadata: ObjectMetadata) -> bool:
        managers = (str(one["manager"]) for one in metadata.get("managedFields", ()))
        has = wanted.items() <= (metadata.get("labels") or {}).items()
        return has and any(one.startswith(prefix) for one in managers)

    return owner


def _place(metadata: ObjectMetadata) -> str:
    return "/".join(part for part in (metadata.get("namespace"), metadata["name"]) if part)
