"""Recipe of a Go build: module, programs and additional files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

ModuleFolder: TypeAlias = Callable[[str], Path]
"""Returns the source folder of a module, by the module's path."""


def nothing_more(_folder: Path, _source: ModuleFolder) -> None:
    """Default of ``GoRecipe.add``: add no files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoRecipe:
    """Programs that are built together from one pinned Go module.

    Attributes:
        what: Display name, as `the Pulumi engine`.
        cache: Name of their folder in the user's cache.
        module: Folder with `go.mod` and `go.sum`.
        versioned_by: The Go module whose version is the version of the build.
        commands: Name of each executable, and its Go package.
        variables: Linker variables that receive the version, with a leading `v`.
        minutes: Approximate duration of a first build on 2 cores.
        add: Adds further files to the finished folder, such as those of a module.
    """

    what: str
    cache: str
    module: Path
    versioned_by: str
    commands: Mapping[str, str]
    variables: tuple[str, ...] = ()
    minutes: int
    add: Callable[[Path, ModuleFolder], None] = nothing_more
