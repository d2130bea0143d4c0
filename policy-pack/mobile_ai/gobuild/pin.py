"""Pinned versions of a recipe, read from its `go.mod` and `go.sum`."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from mobile_ai.gobuild.errors import GoBuildError
from mobile_ai.gobuild.recipe import GoRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePin:
    """Pinned versions of a build.

    Attributes:
        version: Version of the programs, without the leading `v`.
        go_version: Minimum Go version, as `1.26`.
        digest: SHA-256 over `go.mod`, `go.sum` and the recipe's own Go files, so that it covers
            everything that is compiled.
    """

    version: str
    go_version: str
    digest: str


def read_pin(recipe: GoRecipe) -> SourcePin:
    """Read the pin from the `go.mod` and `go.sum` of `recipe`.

    Raises:
        GoBuildError: A file is missing or names no version.
    """
    folder = recipe.module
    try:
        modules, sums = (folder / "go.mod").read_bytes(), (folder / "go.sum").read_bytes()
    except OSError as error:
        raise GoBuildError(
            f"The pin of {recipe.what} cannot be read: {error}. Expected go.mod and go.sum in "
            f"{folder}. Restore them with git, or install the project again."
        ) from error
    text = modules.decode()
    parts = [modules, sums, *(path.read_bytes() for path in sorted(folder.glob("*.go")))]
    digest = hashlib.sha256(b"".join(len(part).to_bytes(8) + part for part in parts)).hexdigest()
    return SourcePin(
        version=_find(rf"^[^=]*{re.escape(recipe.versioned_by)} v(\S+)$", text, folder),
        go_version=_find(r"^go (\S+)", text, folder),
        digest=digest,
    )


def parse_version(text: str) -> tuple[int, ...]:
    """Return the numbers of a version such as `v3.259.0`, `3.249.1-alpha` or `go1.26.8`.

    Raises:
        GoBuildError: `text` contains no number.
    """
    match = re.match(r"\D*(\d+(?:\.\d+)*)", text)
    if match is None:
        raise GoBuildError(f"Not a version: got {text!r}, expected numbers like 3.259.0.")
    return tuple(int(part) for part in match.group(1).split("."))


def _find(pattern: str, text: str, folder: Path) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        raise GoBuildError(
            f"{folder / 'go.mod'} pins no version: nothing in it matches {pattern!r}. "
            "Restore the file with git."
        )
    return match.group(1)
