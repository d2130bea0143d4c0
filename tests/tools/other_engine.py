"""Builds another version of the Pulumi engine than the pinned one, and prints its path.

    MOBILE_AI_PULUMI=$(python -m tests.tools.other_engine) pytest -m engine tests/e2e

Without a version the newest that the Go module proxy serves. Not every version of the module
compiles there, since some need packages that were never published; Go then says which.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mobile_ai.gobuild import GoBuildError, build_folder, ensure_built
from mobile_ai.gobuild.progress import shown
from mobile_ai.sandbox.engine.recipe import RECIPE
from mobile_ai.sandbox.errors import SandboxError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Build it where the pinned one is kept too, and return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.other_engine", description=__doc__)
    parser.add_argument("version", nargs="?", default="latest", help="as v3.276.0")
    given = parser.parse_args(arguments)
    cache = build_folder(RECIPE, os.environ).path.parent.parent / "engine-modules"
    try:
        version = _go(
            ["list", "-m", "-f", "{{.Version}}", f"{RECIPE.versioned_by}@{given.version}"]
        )
        module = _module(cache / version, version)
        folder = build_folder(replace(RECIPE, module=module), os.environ)
        with shown() as progress:
            ensure_built(folder, ambient=os.environ, progress=progress)
    except (GoBuildError, SandboxError, subprocess.CalledProcessError) as error:
        print(f"error: {getattr(error, 'stderr', None) or error}", file=sys.stderr)
        return 1
    print(folder.executable("pulumi"))
    return 0


def _module(folder: Path, version: str) -> Path:
    """Return a Go module like the pinned one, of another version; its sums are kept."""
    if not (folder / "go.sum").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for source in RECIPE.module.glob("*.go"):
            shutil.copyfile(source, folder / source.name)
        (folder / "go.mod").write_text("module other-engine\n\ngo 1.26\n")
        _go(["get", f"{RECIPE.versioned_by}@{version}"], cwd=folder)
        _go(["mod", "tidy"], cwd=folder)
    return folder


def _go(words: list[str], *, cwd: Path = RECIPE.module) -> str:
    done = subprocess.run(
        ["go", *words],
        cwd=cwd,
        env={**os.environ, "GOFLAGS": "-mod=mod"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
