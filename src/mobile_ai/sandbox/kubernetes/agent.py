"""Site agent of the sandbox: applies a bundle and prunes objects that left it.

Sites in mode `pull` get a folder of YAML files. Real sites run a GitOps operator for it; this agent
applies the files, deletes objects of the previous bundle that are no longer in it, and exits.
"""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.kubernetes.api import KubernetesApi, Object

__all__ = ["Synced", "agent_manager", "sync"]

# Prerequisites of other objects are applied first and deleted last.
_FIRST: Final = ("CustomResourceDefinition", "Namespace")
_GONE_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """Result of a sync.

    Attributes:
        applied: Objects of the bundle, as `kind namespace/name`.
        removed: Objects of an earlier bundle that were deleted.
    """

    applied: tuple[str, ...]
    removed: tuple[str, ...]


def agent_manager(site: str) -> str:
    """Return the field manager of a site's agent."""
    return f"mobile-ai/site-agent/{site}"


def sync(api: KubernetesApi, bundle: Path, *, site: str, inventory: Path) -> Synced:
    """Apply a bundle; an empty or missing folder deletes all objects applied before.

    Args:
        api: The site's API server.
        bundle: Folder of YAML files, searched recursively.
        site: Name of the site.
        inventory: File with the applied objects; safe to interrupt and repeat.

    Raises:
        SandboxError: A file is not a Kubernetes object, before any change; or a deleted object does
            not disappear.
        KubernetesApiError: The server refuses an object; earlier ones are applied.
    """
    wanted = sorted(_read(bundle), key=_rank)
    before = json.loads(inventory.read_bytes()) if inventory.exists() else []
    names = [_named(one) for one in wanted]
    gone = sorted((one for one in before if one not in names), key=_rank, reverse=True)
    # Written before anything is applied, so that an interrupted run loses no object.
    inventory.write_text(json.dumps([*names, *gone]))
    for one in wanted:
        api.apply(one, manager=agent_manager(site), dry_run=False, force=True)
    for one in gone:
        _remove(api, one)
    inventory.write_text(json.dumps(names))
    return Synced(applied=_told(names), removed=_told(gone))


def _read(bundle: Path) -> list[Object]:
    found: list[Object] = []
    for path in sorted(bundle.rglob("*.yaml")):
        try:
            documents = [one for one in yaml.safe_load_all(path.read_text()) if one]
            found += [one for one in documents if _named(one)]
        except (yaml.YAMLError, KeyError, TypeError) as error:
            raise SandboxError(
                f"{path} holds no Kubernetes object: got {type(error).__name__} ({error}), "
                "expected apiVersion, kind and metadata.name. Render the bundle again."
            ) from error
    return found


def _named(one: Object) -> Object:
    metadata = {
        key: one["metadata"][key] for key in ("name", "namespace") if key in one["metadata"]
    }
    if "name" not in metadata:
        raise KeyError("metadata.name")
    return {"apiVersion": one["apiVersion"], "kind": one["kind"], "metadata": metadata}


def _rank(one: Object) -> int:
    return _FIRST.index(one["kind"]) if one["kind"] in _FIRST else len(_FIRST)


def _remove(api: KubernetesApi, named: Object) -> None:
    """Delete an object and wait until its finalizers have completed."""
    api.delete(named, propagation="Background")
    deadline = time.monotonic() + _GONE_SECONDS
    while (left := api.read(named)) is not None:
        if time.monotonic() > deadline:
            holders = ", ".join(left["metadata"].get("finalizers", [])) or "nothing known"
            raise SandboxError(
                f"{named['kind']} {_place(named['metadata'])} is not gone after "
                f"{_GONE_SECONDS:g} s: got finalizers {holders}, expected none. Have their owner "
                "finish, then sync again."
            )
        time.sleep(_POLL_SECONDS)


def _told(names: Iterable[Object]) -> tuple[str, ...]:
    return tuple(f"{one['kind']} {_place(one['metadata'])}" for one in names)


def _place(metadata: Mapping[str, str]) -> str:
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else metadata["name"]
