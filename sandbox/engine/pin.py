"""The pinned engine: `go.mod` beside this file is the only place that names its version."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from sandbox.engine.errors import EngineError

__all__ = ["COMMAND", "MODULE_FOLDER", "SDK_MODULE", "Pin", "parse_version", "read_pin"]

MODULE_FOLDER = Path(__file__).resolve().parent
COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
_CLI_MODULE = "github.com/pulumi/pulumi/pkg/v3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What is built.

    Attributes:
        version: Version of the CLI, without the leading `v`.
        go_version: The least Go version that compiles it, as `1.26`.
        digest: SHA-256 over `go.mod` and `go.sum`, so every module that is compiled counts.
    """

    version: str
    go_version: str
    digest: str


def read_pin(folder: Path = MODULE_FOLDER) -> Pin:
    """Read the pin from the `go.mod` and `go.sum` of `folder`.

    Raises:
        EngineError: A file is missing or names no version.
    """
    try:
        modules, sums = (folder / "go.mod").read_bytes(), (folder / "go.sum").read_bytes()
    except OSError as error:
        raise EngineError(
            f"The pin of the engine cannot be read: {error}. Expected go.mod and go.sum in "
            f"{folder}. Restore them with git, or install the project again."
        ) from error
    text = modules.decode()
    digest = hashlib.sha256(len(modules).to_bytes(8) + modules + sums).hexdigest()
    return Pin(
        version=_find(rf"{re.escape(_CLI_MODULE)} v(\S+)", text, folder),
        go_version=_find(r"^go (\S+)", text, folder),
        digest=digest,
    )


def parse_version(text: str) -> tuple[int, ...]:
    """Return the numbers of a version like `v3.259.0`, `3.249.1-alpha` or `go1.26.8`.

    Raises:
        EngineError: `text` starts with no number.
    """
    match = re.match(r"\D*(\d+(?:\.\d+)*)", text)
    if match is None:
        raise EngineError(f"Not a version: got {text!r}, expected numbers like 3.259.0.")
    return tuple(int(part) for part in match.group(1).split("."))


def _find(pattern: str, text: str, folder: Path) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        raise EngineError(
            f"{folder / 'go.mod'} does not pin the engine: nothing in it matches {pattern!r}. "
            "Restore the file with git."
        )
    return match.group(1)
