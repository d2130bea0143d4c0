"""The Go toolchain on this machine, and whether it can compile the engine."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sandbox.engine.errors import BuildError
from sandbox.engine.pin import MODULE_FOLDER, SDK_MODULE, Pin, parse_version

__all__ = ["find_go", "sdk_source"]

# From 1.21 on, a Go that is too old fetches the one that go.mod asks for, unless told not to.
_FETCHES_TOOLCHAINS = (1, 21)


def find_go(pin: Pin, ambient: Mapping[str, str]) -> Path:
    """Return a Go command that compiles `pin`.

    Raises:
        BuildError: There is none, or it is too old and may not fetch a newer one.
    """
    found = shutil.which("go", path=ambient.get("PATH", os.defpath))
    if found is None:
        raise BuildError(
            "The Pulumi engine has to be built, and Go is not on PATH. Expected Go "
            f"{pin.go_version} or newer. Install it from your package manager or go.dev/dl, or "
            "put an official `pulumi` on PATH, then run the same command again."
        )
    go = Path(found)
    version = _ask(go, ambient, "GOVERSION", local=True)
    if parse_version(version) < parse_version(pin.go_version) and not _may_fetch(go, ambient):
        raise BuildError(
            f"Go is too old to build the Pulumi engine: got {version} at {go}, expected "
            f"{pin.go_version} or newer. Install a newer Go, or set GOTOOLCHAIN=auto so that "
            "Go 1.21 and later fetch it, then run the same command again."
        )
    return go


def sdk_source(go: Path, ambient: Mapping[str, str]) -> Path:
    """Return the folder of the Pulumi SDK module in the Go module cache.

    Raises:
        BuildError: Go cannot tell.
    """
    result = subprocess.run(
        [go, "list", "-m", "-f", "{{.Dir}}", SDK_MODULE],
        cwd=MODULE_FOLDER,
        env=dict(ambient),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode or not result.stdout.strip():
        raise BuildError(
            f"Go does not know where {SDK_MODULE} is: got exit code {result.returncode} and "
            f"{result.stderr.strip()!r}. Run `go mod download` in {MODULE_FOLDER} and try again."
        )
    return Path(result.stdout.strip())


def _may_fetch(go: Path, ambient: Mapping[str, str]) -> bool:
    toolchain = _ask(go, ambient, "GOTOOLCHAIN", local=False)
    own = parse_version(_ask(go, ambient, "GOVERSION", local=True))
    return own >= _FETCHES_TOOLCHAINS and re.search(r"(^|\+)(auto|path)$", toolchain) is not None


def _ask(go: Path, ambient: Mapping[str, str], name: str, *, local: bool) -> str:
    # Outside of any module, so that a too new go.mod does not fail the question itself.
    env = {**ambient, "GOTOOLCHAIN": "local"} if local else dict(ambient)
    result = subprocess.run(
        [go, "env", name], cwd="/", env=env, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise BuildError(
            f"`{go} env {name}` failed: got exit code {result.returncode} and "
            f"{result.stderr.strip()!r}. Repair the Go installation and try again."
        )
    return result.stdout.strip()
