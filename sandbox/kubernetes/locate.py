"""The programs of a Kubernetes API, from the user's cache or built into it."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.gobuild.cache import build_folder
from sandbox.gobuild.recipe import ModuleFolder, Recipe
from sandbox.progress import Progress, Quiet

__all__ = ["RECIPE", "ControlPlane", "locate"]

_GATEWAY_API: Final = "sigs.k8s.io/gateway-api"
_DEFINITIONS: Final = "definitions"


def _add_definitions(folder: Path, source: ModuleFolder) -> None:
    """Take the custom resource definitions of the Gateway API's standard channel."""
    definitions = folder / _DEFINITIONS
    definitions.mkdir()
    # File by file: a copied folder would be as read-only as Go's module cache.
    for path in sorted((source(_GATEWAY_API) / "config/crd/standard").glob("*.yaml")):
        shutil.copyfile(path, definitions / path.name)


RECIPE: Final = Recipe(
    what="the Kubernetes API server",
    cache="kubernetes",
    module=Path(__file__).resolve().parent,
    versioned_by="k8s.io/kubernetes",
    commands={
        "etcd": "go.etcd.io/etcd/server/v3",
        "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    },
    variables=("k8s.io/component-base/version.gitVersion",),
    minutes=12,
    add=_add_definitions,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """What a Kubernetes API is started from.

    Attributes:
        version: Version of the API server, without the leading `v`.
        api_server: Executable of the API server.
        etcd: Executable of its database.
        definitions: Folder of custom resource definitions, YAML.
    """

    version: str
    api_server: Path
    etcd: Path
    definitions: Path


def locate(
    *, ambient: Mapping[str, str] | None = None, progress: Progress | None = None
) -> ControlPlane:
    """Return the programs, building them if they are not in the cache.

    Raises:
        BuildError: They cannot be built.
    """
    ambient = os.environ if ambient is None else ambient
    folder = build_folder(RECIPE, ambient)
    if not folder.is_built():
        # What a build needs is not imported when the cache has the programs.
        from sandbox.gobuild.build import ensure_built  # noqa: PLC0415

        ensure_built(folder, ambient=ambient, progress=progress or Quiet())
    return ControlPlane(
        version=folder.pin.version,
        api_server=folder.executable("kube-apiserver"),
        etcd=folder.executable("etcd"),
        definitions=folder.path / _DEFINITIONS,
    )
