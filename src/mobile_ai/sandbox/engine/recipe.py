"""Build recipe of the Pulumi CLI, pinned by `go.mod` and `go.sum` in this folder."""

from pathlib import Path
from typing import Final

from mobile_ai.gobuild.recipe import GoRecipe, ModuleFolder
from mobile_ai.sandbox.engine.launcher import EXECUTOR, write_launcher

_SDK_MODULE: Final = "github.com/pulumi/pulumi/sdk/v3"


def _add_language_host(folder: Path, source: ModuleFolder) -> None:
    """Put the host next to the CLI, since the engine warns about one found on PATH only."""
    write_launcher(folder, executor=source(_SDK_MODULE) / "python/cmd" / EXECUTOR)


RECIPE: Final = GoRecipe(
    what="the Pulumi engine",
    cache="engine",
    module=Path(__file__).resolve().parent,
    versioned_by="github.com/pulumi/pulumi/pkg/v3",
    commands={"pulumi": "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
    variables=(f"{_SDK_MODULE}/go/common/version.Version",),
    minutes=6,
    add=_add_language_host,
)
