"""Cache of built programs, one per user, independent of the checkout."""

import fcntl
import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mobile_ai.gobuild.pin import SourcePin, read_pin
from mobile_ai.gobuild.recipe import GoRecipe

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFolder:
    """The folder of one build in the cache.

    Attributes:
        path: The folder itself; it exists only for a finished build.
        recipe: Its recipe.
        pin: Its versions.
    """

    path: Path
    recipe: GoRecipe
    pin: SourcePin

    def executable(self, name: str) -> Path:
        """Return the path of one of the recipe's programs."""
        return self.path / name

    @property
    def record(self) -> Path:
        """Build record as JSON; it also marks a folder as built locally."""
        return self.path / "build.json"

    @property
    def staging(self) -> Path:
        """Folder of an unfinished build; it keeps compiled programs if the build fails."""
        # Dotted to be distinct from finished builds; in the same parent for an atomic rename.
        return self.path.with_name(f".{self.path.name}.unfinished")

    @property
    def lock(self) -> Path:
        """Lock file, held by one builder at a time."""
        return self.path.with_name(f"{self.path.name}.lock")

    @property
    def log(self) -> Path:
        """Output of the last build."""
        return self.path.with_name(f"{self.path.name}.log")

    def is_built(self) -> bool:
        """Return whether a finished build of exactly this pin exists."""
        try:
            digest = json.loads(self.record.read_bytes())["digest"]
        except (OSError, ValueError, KeyError, TypeError):
            return False
        programs = (self.executable(name) for name in self.recipe.commands)
        return bool(digest == self.pin.digest) and all(os.access(one, os.X_OK) for one in programs)


def build_folder(recipe: GoRecipe, ambient: Mapping[str, str]) -> BuildFolder:
    """Return the cache folder of `recipe` for this user and machine (XDG base directories).

    Raises:
        GoBuildError: The recipe's pin cannot be read.
    """
    pin = read_pin(recipe)
    base = ambient.get("XDG_CACHE_HOME", "")
    # The XDG Base Directory Specification requires relative paths to be ignored.
    cache = Path(base) if base.startswith("/") else Path(ambient.get("HOME", "~")) / ".cache"
    machine = platform.machine().lower()
    name = "-".join(
        [
            pin.version,
            platform.system().lower(),
            _ARCHITECTURES.get(machine, machine),
            pin.digest[:12],
        ]
    )
    path = cache.expanduser() / "mobile-ai-delivery" / recipe.cache / name
    return BuildFolder(path=path, recipe=recipe, pin=pin)


@contextmanager
def locked(folder: BuildFolder, *, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of `folder`; the kernel releases it when the process exits.

    Args:
        folder: Build folder to lock.
        waiting: Called once if another process holds the lock.
    """
    folder.lock.parent.mkdir(parents=True, exist_ok=True)
    with folder.lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
