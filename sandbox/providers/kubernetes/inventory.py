"""Every object on an API server that one stack owns fields of.

Used to show that `down` leaves nothing.
"""

from __future__ import annotations

from sandbox.kubernetes.api import Api

__all__ = ["owned_objects"]


def owned_objects(api: Api, *, manager: str) -> list[str]:
    """Return what a field manager has applied, as ``Kind namespace/name``, sorted.

    Raises:
        sandbox.kubernetes.api.ApiError: The server cannot tell.
    """
    found = []
    for group in api.groups():
        for name, kind in api.kinds(group).items():
            if "list" not in kind.verbs:
                continue
            listed = api.request("get", f"{kind.path}/{kind.plural}")["items"]
            found += [
                f"{name} {_place(item['metadata'])}"
                for item in listed
                if any(
                    one["manager"] == manager for one in item["metadata"].get("managedFields", ())
                )
            ]
    return sorted(found)


def _place(metadata: dict[str, str]) -> str:
    return "/".join(part for part in (metadata.get("namespace"), metadata["name"]) if part)
