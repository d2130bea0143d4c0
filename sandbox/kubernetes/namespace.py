"""The part of the namespace controller that a deletion waits for.

A deleted namespace stays until its content is deleted and its finalizer is taken off. On a cluster
a controller does both; the sandbox runs none.
https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
"""

from contextlib import suppress

from sandbox.kubernetes.api import Api, ApiError, Kind

__all__ = ["finish_namespace"]

_NEEDED = frozenset({"deletecollection", "list"})


def finish_namespace(api: Api, name: str) -> None:
    """Delete what is in a namespace that is being deleted, then let it go.

    Raises:
        ApiError: The server refuses, or the namespace is not being deleted.
    """
    for version in api.groups():
        for kind in api.kinds(version).values():
            if kind.namespaced and kind.verbs >= _NEEDED:
                _empty(api, kind, name)
    with suppress(ApiError):  # it went away meanwhile
        found = api.request("get", f"/api/v1/namespaces/{name}")
        body = {**found, "spec": {"finalizers": []}}
        api.request("put", f"/api/v1/namespaces/{name}/finalize", body)


def _empty(api: Api, kind: Kind, namespace: str) -> None:
    path = kind.collection(namespace)
    # To list is much cheaper than to delete nothing.
    if api.request("get", f"{path}?limit=1")["items"]:
        api.request("delete", path)
