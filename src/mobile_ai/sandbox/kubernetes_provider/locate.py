"""Executable of the Kubernetes provider, from the user's cache or built into it."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mobile_ai.gobuild.build import built_programs
from mobile_ai.gobuild.cache import BuildFolder, build_folder
from mobile_ai.gobuild.progress import Progress, Quiet
from mobile_ai.gobuild.recipe import GoRecipe, ModuleFolder

EXECUTABLE: Final = "pulumi-resource-kubernetes"
_MODULE: Final = "github.com/pulumi/pulumi-kubernetes/provider/v4"
_SCHEMA: Final = "schema.json"


def _add_schema(folder: Path, source: ModuleFolder) -> None:
    """Copy the schema next to the provider, which reads it there (`main.go`)."""
    shutil.copyfile(source(_MODULE) / "cmd" / EXECUTABLE / _SCHEMA, folder / _SCHEMA)


RECIPE: Final = GoRecipe(
    what="the Kubernetes provider",
    cache="kubernetes-provider",
    module=Path(__file__).resolve().parent,
    versioned_by=_MODULE,
    commands={EXECUTABLE: "."},
    variables=(f"{_MODULE}/pkg/version.Version",),
    minutes=8,
    add=_add_schema,
)


def built(ambient: Mapping[str, str]) -> BuildFolder | None:
    """Return the folder of a finished build; None if it must be built first."""
    folder = build_folder(RECIPE, ambient)
    return folder if folder.is_built() else None


def locate_provider(
    *, ambient: Mapping[str, str] | None = None, progress: Progress | None = None
) -> Path:
    """Return the executable, building it if it is not in the cache.

    Raises:
        GoBuildError: It cannot be built.
    """
    ambient = os.environ if ambient is None else ambient
    folder = built_programs(RECIPE, ambient=ambient, progress=progress or Quiet())
    return folder.executable(EXECUTABLE)
