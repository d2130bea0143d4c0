"""Site agent of the sandbox: applies a bundle and prunes objects that left it.

Sites in mode `pull` get a folder of YAML files with an index. Real sites run a GitOps operator for
it; this agent verifies the folder against its index, applies the files, deletes objects of the
previous bundle that are no longer in it, and exits.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.kubernetes.api import KubernetesApi, Object

# Prerequisites of other objects are applied first and deleted last.
_FIRST: Final = ("CustomResourceDefinition", "Namespace")
_INDEX: Final = "bundle.index"
_VERSION: Final = 1
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
    """Apply a whole bundle and delete the objects that left it.

    Args:
        api: The site's API server.
        bundle: Folder of YAML files and their index; a bundle without objects deletes all objects
            that were applied before.
        site: Name of the site.
        inventory: File with the stack and the applied objects; safe to interrupt and repeat.

    Raises:
        SandboxError: The bundle is partial, changed, of another site or of another stack, or a file
            is not a Kubernetes object, before any change; or a deleted object does not disappear.
        KubernetesApiError: The server refuses an object; earlier ones are applied.
    """
    index = _read_index(bundle, site)
    wanted = sorted(_objects(_verified(bundle, index["files"])), key=_rank)
    before = _before(inventory, index["stack"])
    names = [_named(one) for one in wanted]
    gone = sorted((one for one in before if one not in names), key=_rank, reverse=True)
    # Written before anything is applied, so that an interrupted run loses no object.
    _keep(inventory, index["stack"], [*names, *gone])
    for one in wanted:
        api.apply(one, manager=agent_manager(site), dry_run=False, force=True)
    for one in gone:
        _remove(api, one)
    _keep(inventory, index["stack"], names)
    return Synced(applied=_told(names), removed=_told(gone))


def _read_index(bundle: Path, site: str) -> Mapping[str, Any]:
    """Return the index of a bundle that is of this site."""
    try:
        index = json.loads((bundle / _INDEX).read_bytes())
        found = (index["version"], index["site"], str(index["stack"]), dict(index["files"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        got = f"{type(error).__name__} ({error})"
        raise _refused(bundle, f"no usable {_INDEX}: {got}", "a whole bundle") from error
    if found[:2] != (_VERSION, site):
        got = f"version {found[0]!r} of site {found[1]!r}"
        raise _refused(bundle, got, f"version {_VERSION} of site {site!r}")
    return {"stack": found[2], "files": found[3]}


def _verified(bundle: Path, digests: Mapping[str, str]) -> dict[str, bytes]:
    """Return the content of every file, which are those of the index and no others."""
    files = {
        path.relative_to(bundle).as_posix(): path.read_bytes()
        for path in sorted(bundle.rglob("*"))
        if not path.is_dir() and path != bundle / _INDEX
    }
    if missing := sorted(digests.keys() - files.keys()):
        raise _refused(bundle, f"no file {missing[0]}", f"all {len(digests)} files of its index")
    if others := sorted(files.keys() - digests.keys()):
        raise _refused(bundle, f"the file {others[0]}", "files of its index only")
    for name, content in files.items():
        if (digest := hashlib.sha256(content).hexdigest()) != digests[name]:
            raise _refused(bundle, f"{name} with SHA-256 {digest}", str(digests[name]))
    return files


def _refused(bundle: Path, got: str, expected: str) -> SandboxError:
    return SandboxError(
        f"Bundle {bundle} is not applied: got {got}, expected {expected}. "
        "Run `mobile-ai bundle --stack STACK` and sync its folder."
    )


def _before(inventory: Path, stack: str) -> list[Object]:
    """Return the objects that were applied before, by bundles of the same stack."""
    if not inventory.exists():
        return []
    held = json.loads(inventory.read_bytes())
    # Two stacks can name a site alike; pruning by the other's bundle would delete this one's.
    if held["objects"] and held["stack"] != stack:
        raise SandboxError(
            f"Bundle is not applied: got stack {stack!r}, expected {held['stack']!r}, which this "
            "site runs. Sync the bundle of that stack; after `mobile-ai down` it is empty."
        )
    objects: list[Object] = held["objects"]
    return objects


def _keep(inventory: Path, stack: str, objects: list[Object]) -> None:
    inventory.write_text(json.dumps({"stack": stack, "objects": objects}))


def _objects(files: Mapping[str, bytes]) -> list[Object]:
    found: list[Object] = []
    for name, content in files.items():
        try:
            documents = [one for one in yaml.safe_load_all(content) if one]
            found += [one for one in documents if _named(one)]
        except (yaml.YAMLError, KeyError, TypeError) as error:
            raise SandboxError(
                f"{name} holds no Kubernetes object: got {type(error).__name__} ({error}), "
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
