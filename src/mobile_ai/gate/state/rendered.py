"""Kubernetes objects of `pull` sites, which the provider renders to files.

The provider writes the objects that an update changes and no others (`Create` and `Update` in
provider.go of pulumi-kubernetes), so an update in a fresh checkout leaves a part of the bundle. The
state holds every object as it was rendered; bundles are therefore written from the state.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.engine_values import decode_json
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.state.baseline import exported_rows

INDEX: Final = "bundle.index"
"""Name of the index; no suffix that GitOps operators apply (`.yaml`, `.yml`, `.json`)."""
_VERSION: Final = 1
_PROVIDER: Final = "pulumi:providers:kubernetes"
_FOLDER: Final = "renderYamlToDirectory"
# Folders of the provider (`renderPathForResource` in provider.go).
_CRDS: Final = "0-crd"
_MANIFESTS: Final = "1-manifest"
_CRD_VERSIONS: Final = ("apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1")
# Keys of custom resource definitions that states hold with underscores (`checkpointObject`).
_DASHED: Final = re.compile(
    "x_kubernetes_(?:embedded_resource|int_or_string|list_map_keys|list_type|map_type"
    "|preserve_unknown_fields|validations)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteBundle:
    """Manifests of a `pull` site.

    Attributes:
        folder: Output folder of the site's provider; its last part is the site's name.
        files: Text of every file, by path relative to the folder.
    """

    folder: str
    files: Mapping[str, str]

    @property
    def site(self) -> str:
        """Name of the site."""
        return PurePosixPath(self.folder).name


def not_refreshed(export: Mapping[str, Any]) -> list[str]:
    """Return engine arguments that exclude rendered objects from a refresh.

    The provider reads a rendered object from a cluster or fails, and with a cluster it repeats the
    state, so a refresh cannot find drift (`Read` in provider.go of pulumi-kubernetes).

    Args:
        export: The exported state.
    """
    renders = _folders(export)
    return [f"--exclude={row['urn']}" for row in _rows(export) if row.get("provider") in renders]


def rendered_folders(export: Mapping[str, Any]) -> list[str]:
    """Return the output folder of every `pull` site in a state."""
    return sorted(set(_folders(export).values()))


def site_bundles(export: Mapping[str, Any]) -> list[SiteBundle]:
    """Return the bundle of every `pull` site in a state, each with all of its objects.

    Args:
        export: The exported state.

    Raises:
        GateError: An object has no name, holds a secret, or shares its file with another one.
    """
    found: dict[str, dict[str, str]] = {}
    for reference, folder in _folders(export).items():
        files = found.setdefault(folder, {})
        for row in _rows(export):
            if row.get("provider") == reference and not row.get("external"):
                _add(files, row)
    return [SiteBundle(folder=folder, files=found[folder]) for folder in sorted(found)]


def write_bundle(bundle: SiteBundle, folder: Path, *, stack: str, commit: str, clean: bool) -> None:
    """Write a bundle and, as the last file, its index; earlier manifests are deleted.

    Without an index a reader must refuse the folder, so an interrupted write is never applied.

    Args:
        bundle: The bundle.
        folder: Folder to write to.
        stack: Stack that the site belongs to.
        commit: Commit that was deployed; empty outside of Git.
        clean: Whether the checkout had no uncommitted changes.

    Raises:
        GateError: The folder holds files that belong to no bundle.
    """
    _require_own(folder)
    (folder / INDEX).unlink(missing_ok=True)
    for path in _manifests(folder):
        if path.relative_to(folder).as_posix() not in bundle.files:
            path.unlink()
    for name, text in bundle.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    _write_index(bundle, folder, {"stack": stack, "commit": commit, "clean": clean})


def _write_index(bundle: SiteBundle, folder: Path, source: Mapping[str, Any]) -> None:
    digests = {
        name: hashlib.sha256(text.encode()).hexdigest() for name, text in bundle.files.items()
    }
    index = {"version": _VERSION, "site": bundle.site, **source, "files": digests}
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{INDEX}"
    draft.write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")
    draft.replace(folder / INDEX)


def _manifests(folder: Path) -> Iterator[Path]:
    for room in (_CRDS, _MANIFESTS):
        yield from sorted((folder / room).glob("*.yaml"))


def _require_own(folder: Path) -> None:
    own = {*_manifests(folder), folder / INDEX, folder / f".{INDEX}"}
    others = sorted(path for path in folder.rglob("*") if path not in own and not path.is_dir())
    if others:
        raise GateError(
            f"{folder}: got {others[0].relative_to(folder)} and {len(others) - 1} other files; "
            "expected the manifests of a bundle only. Next: name an empty folder, or move the "
            "files away."
        )


def _rows(export: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    # A replaced object that still waits for its deletion is not part of the bundle.
    return [row for row in exported_rows(export) if not row.get("delete")]


def _folders(export: Mapping[str, Any]) -> dict[str, str]:
    """Return the output folder of every provider that renders, by provider reference."""
    return {
        f"{row['urn']}::{row['id']}": folder
        for row in _rows(export)
        if row["type"] == _PROVIDER and (folder := (row.get("inputs") or {}).get(_FOLDER))
    }


def _add(files: dict[str, str], row: Mapping[str, Any]) -> None:
    document = {
        key: _plain(decode_json(value), row["urn"])
        for key, value in sorted((row.get("outputs") or {}).items())
        if not key.startswith("__")  # __inputs, __initialApiVersion, __fieldManager
    }
    name = _path(document, row["urn"])
    if name in files:
        raise _unusable(row["urn"], f"a second object of the file {name}", "one object a file")
    files[name] = dump_yaml(document)


def _plain(value: Any, urn: str) -> Any:
    """Return a decoded value of the state as it was rendered, keys in order."""
    if isinstance(value, dict):
        return {_key(key): _plain(item, urn) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [_plain(item, urn) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise _unusable(urn, f"a value that is {value!r}", "plain values: a bundle is not encrypted")


def _key(key: str) -> str:
    return key.replace("_", "-") if _DASHED.fullmatch(key) else key


def _path(document: Mapping[str, Any], urn: str) -> str:
    """Return the provider's path of an object (`renderPathForResource` in provider.go)."""
    version, kind = document.get("apiVersion"), document.get("kind")
    metadata = document.get("metadata") or {}
    name, namespace = metadata.get("name"), metadata.get("namespace") or "default"
    parts = (version, kind, namespace, name)
    if not all(isinstance(part, str) and part for part in parts) or "/" in f"{namespace}{name}":
        raise _unusable(urn, f"apiVersion, kind, namespace, name {parts}", "names of Kubernetes")
    file = f"{re.sub('[/:]', '_', str(version))}-{str(kind).lower()}-{namespace}-{name}.yaml"
    is_crd = version in _CRD_VERSIONS and kind == "CustomResourceDefinition"
    return f"{_CRDS if is_crd else _MANIFESTS}/{file}"


def _unusable(urn: str, got: str, expected: str) -> GateError:
    return GateError(
        f"rendered object {urn}: got {got}; expected {expected}. Next: correct the component that "
        "declares it and run `mobile-ai up` again."
    )
