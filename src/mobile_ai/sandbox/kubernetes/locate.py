"""Programs of a Kubernetes cluster, from the user's cache or built into it."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mobile_ai.gobuild.build import built_programs
from mobile_ai.gobuild.progress import Progress, Quiet
from mobile_ai.gobuild.recipe import GoRecipe, ModuleFolder

_GATEWAY_API: Final = "sigs.k8s.io/gateway-api"
_KWOK: Final = "sigs.k8s.io/kwok"
_DEFINITIONS: Final = "definitions"
_STAGES: Final = "stages"
# Nodes and pods become ready immediately and pods stop when deleted; no failures, no delays.
_STAGE_FOLDERS: Final = ("node/fast", "node/heartbeat-with-lease", "pod/fast")


def _add_definitions(folder: Path, source: ModuleFolder) -> None:
    """Copy the custom resource definitions of the Gateway API's standard channel."""
    definitions = folder / _DEFINITIONS
    definitions.mkdir()
    # File by file: a copied folder would be as read-only as Go's module cache.
    for path in sorted((source(_GATEWAY_API) / "config/crd/standard").glob("*.yaml")):
        shutil.copyfile(path, definitions / path.name)


def _add_stages(folder: Path, source: ModuleFolder) -> None:
    """Copy the kwok stages, which define the lifecycle of simulated nodes and pods."""
    stages = folder / _STAGES
    stages.mkdir()
    for name in _STAGE_FOLDERS:
        for path in sorted((source(_KWOK) / "kustomize/stage" / name).glob("*.yaml")):
            if path.name != "kustomization.yaml":
                shutil.copyfile(path, stages / path.name)


RECIPE: Final = GoRecipe(
    what="the Kubernetes control plane",
    cache="kubernetes",
    module=Path(__file__).resolve().parent,
    versioned_by="k8s.io/kubernetes",
    commands={
        "etcd": "go.etcd.io/etcd/server/v3",
        "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
        "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
        "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    },
    variables=("k8s.io/component-base/version.gitVersion",),
    minutes=14,
    add=_add_definitions,
)

NODES: Final = GoRecipe(
    what="the simulator of Kubernetes nodes",
    cache="nodes",
    # A separate module, since kwok requires newer libraries than the control plane's release.
    module=Path(__file__).resolve().parent / "nodes",
    versioned_by=_KWOK,
    commands={"kwok": f"{_KWOK}/cmd/kwok"},
    minutes=2,
    add=_add_stages,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """Programs and files of a Kubernetes cluster.

    Attributes:
        version: Version of the API server, without the leading `v`.
        api_server: Executable of the API server.
        etcd: Executable of its database.
        controller_manager: Executable of the controllers.
        scheduler: Executable of the scheduler.
        node_simulator: Executable that simulates nodes and their pods.
        definitions: Folder of custom resource definitions, YAML.
        stages: Files that define the lifecycle of nodes and pods.
    """

    version: str
    api_server: Path
    etcd: Path
    controller_manager: Path
    scheduler: Path
    node_simulator: Path
    definitions: Path
    stages: tuple[Path, ...]


def locate_control_plane(
    *, ambient: Mapping[str, str] | None = None, progress: Progress | None = None
) -> ControlPlane:
    """Return the programs, building them if they are not in the cache.

    Raises:
        GoBuildError: They cannot be built.
    """
    ambient = os.environ if ambient is None else ambient
    folder, nodes = (
        built_programs(one, ambient=ambient, progress=progress or Quiet())
        for one in (RECIPE, NODES)
    )
    return ControlPlane(
        version=folder.pin.version,
        api_server=folder.executable("kube-apiserver"),
        etcd=folder.executable("etcd"),
        controller_manager=folder.executable("kube-controller-manager"),
        scheduler=folder.executable("kube-scheduler"),
        node_simulator=nodes.executable("kwok"),
        definitions=folder.path / _DEFINITIONS,
        stages=tuple(sorted((nodes.path / _STAGES).glob("*.yaml"))),
    )
