"""Finds a Go toolchain that can compile a recipe."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mobile_ai.gobuild.cache import BuildFolder
from mobile_ai.gobuild.errors import GoBuildError
from mobile_ai.gobuild.pin import parse_version

# Since 1.21, Go downloads the toolchain that go.mod requires, unless GOTOOLCHAIN forbids it.
_FETCHES_TOOLCHAINS = (1, 21)


def find_go(folder: BuildFolder, ambient: Mapping[str, str]) -> Path:
    """Return a Go command that can compile the recipe of `folder`.

    Raises:
        GoBuildError: Go is missing, or too old and not allowed to download a newer toolchain.
    """
    pin, what = folder.pin, folder.recipe.what
    found = shutil.which("go", path=ambient.get("PATH", os.defpath))
    if found is None:
        raise GoBuildError(
            f"{what[0].upper()}{what[1:]} has to be built, and Go is not on PATH. Expected Go "
            f"{pin.go_version} or newer. Install it from your package manager or go.dev/dl, then "
            "run the same command again."
        )
    go = Path(found)
    version = _ask(go, ambient, "GOVERSION", local=True)
    if parse_version(version) < parse_version(pin.go_version) and not _may_fetch(go, ambient):
        raise GoBuildError(
            f"Go is too old to build {what}: got {version} at {go}, expected "
            f"{pin.go_version} or newer. Install a newer Go, or set GOTOOLCHAIN=auto so that "
            "Go 1.21 and later fetch it, then run the same command again."
        )
    return go


def module_source(module: str, go: Path, folder: BuildFolder, ambient: Mapping[str, str]) -> Path:
    """Return the folder of a module in the Go module cache, downloading it if needed.

    `go list -m` does not work here: it prints an empty line for a module that no compiled package
    requires and that was therefore never downloaded (https://go.dev/ref/mod#go-mod-download).

    Raises:
        GoBuildError: Go cannot download it, or its digest differs from go.sum.
    """
    result = subprocess.run(
        [go, "mod", "download", "-json", module],
        cwd=folder.recipe.module,
        env=dict(ambient),
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        told = json.loads(result.stdout)
        if not result.returncode:
            return Path(told["Dir"])
        reason = told["Error"]
    except (ValueError, KeyError, TypeError):
        reason = result.stderr.strip() or result.stdout.strip() or "nothing"
    raise GoBuildError(
        f"Go could not download the module {module}: got exit code {result.returncode} and "
        f"{reason!r}, expected its source as go.sum pins it. Check the network (Go modules are "
        "fetched once), then run the same command again."
    )


def _may_fetch(go: Path, ambient: Mapping[str, str]) -> bool:
    toolchain = _ask(go, ambient, "GOTOOLCHAIN", local=False)
    own = parse_version(_ask(go, ambient, "GOVERSION", local=True))
    return own >= _FETCHES_TOOLCHAINS and re.search(r"(^|\+)(auto|path)$", toolchain) is not None


def _ask(go: Path, ambient: Mapping[str, str], name: str, *, local: bool) -> str:
    # Outside of any module, so that `go env` does not fail on a too new go.mod.
    env = {**ambient, "GOTOOLCHAIN": "local"} if local else dict(ambient)
    result = subprocess.run(
        [go, "env", name], cwd="/", env=env, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise GoBuildError(
            f"`{go} env {name}` failed: got exit code {result.returncode} and "
            f"{result.stderr.strip()!r}. Repair the Go installation and try again."
        )
    return result.stdout.strip()
