"""Selects the engine: the one named, an official one on PATH, or one built locally."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mobile_ai.gobuild.cache import BuildFolder, build_folder
from mobile_ai.gobuild.pin import parse_version
from mobile_ai.gobuild.progress import Progress, Quiet
from mobile_ai.sandbox.engine.errors import EngineError
from mobile_ai.sandbox.engine.found import Engine
from mobile_ai.sandbox.engine.launcher import LAUNCHER, write_launcher
from mobile_ai.sandbox.engine.recipe import RECIPE

ENGINE_VARIABLE = "MOBILE_AI_PULUMI"
MINIMUM_VERSION = (3, 249, 0)
"""First release whose `pulumi policy analyze` takes `--file`."""

_VERSION_SECONDS = 30.0


def locate_engine(
    *, ambient: Mapping[str, str] | None = None, progress: Progress | None = None
) -> Engine:
    """Return the engine to use, and build it if no other is found.

    Args:
        ambient: The caller's environment; default: `os.environ`.
        progress: Receives the reasons for skipping an engine, and build progress.

    Raises:
        EngineError: The engine named in `MOBILE_AI_PULUMI` is not usable.
        GoBuildError: No other engine was found, and it cannot be built.
    """
    ambient = os.environ if ambient is None else ambient
    progress = progress or Quiet()
    folder = build_folder(RECIPE, ambient)
    if named := ambient.get(ENGINE_VARIABLE):
        return _named(Path(named), folder, ambient)
    return _on_path(folder, ambient, progress) or _built(folder, ambient, progress)


def _named(pulumi: Path, folder: BuildFolder, ambient: Mapping[str, str]) -> Engine:
    engine, reason = _examine(pulumi.absolute(), folder, ambient)
    if engine is None:
        raise EngineError(
            f"{ENGINE_VARIABLE} names an engine that cannot be used: got {pulumi}; {reason} "
            "Correct the variable, or unset it to let the engine be found or built."
        )
    return engine


def _on_path(folder: BuildFolder, ambient: Mapping[str, str], progress: Progress) -> Engine | None:
    found = shutil.which("pulumi", path=ambient.get("PATH", os.defpath))
    if found is None:
        return None
    engine, reason = _examine(Path(found), folder, ambient)
    if engine is None:
        progress.note(f"Passing over {found}: {reason}")
    return engine


def _built(folder: BuildFolder, ambient: Mapping[str, str], progress: Progress) -> Engine:
    # Imported here, as a cached engine requires no build.
    from mobile_ai.gobuild.build import ensure_built  # noqa: PLC0415

    ensure_built(folder, ambient=ambient, progress=progress)
    write_launcher(folder.path)  # an earlier version of the project may have built the engine
    pulumi = folder.executable("pulumi")
    return Engine(pulumi=pulumi, version=folder.pin.version, origin="built")


def _examine(
    pulumi: Path, folder: BuildFolder, ambient: Mapping[str, str]
) -> tuple[Engine | None, str]:
    """Return the engine, or None and why it is not usable."""
    if not os.access(pulumi, os.X_OK) or pulumi.is_dir():
        return None, "it is not an executable file."
    real = pulumi.resolve()
    if (real.parent / folder.record.name).is_file():
        # Built locally, by this or another checkout.
        return Engine(pulumi=real, version=_version(real, ambient), origin="built"), ""
    search = f"{real.parent}{os.pathsep}{ambient.get('PATH', os.defpath)}"
    if shutil.which(LAUNCHER, path=search) is None:
        return None, f"no {LAUNCHER} is beside it or on PATH, so it runs no Python program."
    version = _version(pulumi, ambient)
    if not version or parse_version(version) < MINIMUM_VERSION:
        wanted = ".".join(map(str, MINIMUM_VERSION))
        return None, f"its version is {version or 'not told'}, expected {wanted} or newer."
    return Engine(pulumi=pulumi, version=version, origin="official"), ""


def _version(pulumi: Path, ambient: Mapping[str, str]) -> str:
    """Return the output of `pulumi version`, or an empty text if it is not a version."""
    try:
        result = subprocess.run(
            [pulumi, "version"],
            env={**ambient, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            capture_output=True,
            text=True,
            timeout=_VERSION_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    text = result.stdout.strip().removeprefix("v")
    return text if text[:1].isdigit() else ""
