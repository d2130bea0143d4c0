"""Builds and locates the spec file of a provider, once per SDK version and user."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

from mobile_ai.sandbox.files import write_atomically

_FOLDER: Final = Path(__file__).parent
_PACKAGES: Final = {"aws": "pulumi_aws", "kubernetes": "pulumi_kubernetes"}
# Sources that determine the content of a spec, besides the SDK.
_SOURCES: Final = ("reflect.py", "{name}/types.yaml")


def sdk_version(name: str) -> str:
    """Return the version of the installed SDK that a provider stands in for."""
    return version(_PACKAGES[name])


def ensure_spec(name: str) -> Path:
    """Return the path of a provider's spec file; build it for a new SDK or table.

    Args:
        name: ``aws`` or ``kubernetes``.

    Raises:
        RuntimeError: It could not be built.
    """
    path = cache_folder() / f"{name}-{sdk_version(name)}-{_fingerprint(name)}.json"
    if not path.exists():
        _build_apart(name, path)
    return path


def build(name: str, path: Path) -> None:
    """Reflect on the SDK and write the spec file (takes seconds; see ``reflect``)."""
    from mobile_ai.sandbox.providers.reflect import build_spec, load_table  # noqa: PLC0415

    table = load_table(_FOLDER / name / "types.yaml")
    spec = build_spec(_PACKAGES[name], sdk_version(name), table)
    write_atomically(path, json.dumps(spec, separators=(",", ":"), sort_keys=True))


def _build_apart(name: str, path: Path) -> None:
    """Build in a separate process, to avoid the SDK's memory use in this one."""
    command = [sys.executable, "-m", "mobile_ai.sandbox.providers.specfile", name, str(path)]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        command,
        cwd=_FOLDER.parents[1],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"cannot read the types of {_PACKAGES[name]} {sdk_version(name)}: "
            f"{done.stderr.strip().splitlines()[-1:]}; reinstall the environment, or correct "
            f"{_FOLDER / name / 'types.yaml'}"
        )


def cache_folder() -> Path:
    """Return the user's cache folder of stand-in providers."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mobile-ai" / "providers"


def _fingerprint(name: str) -> str:
    digest = hashlib.sha256()
    for source in _SOURCES:
        digest.update((_FOLDER / source.format(name=name)).read_bytes())
    return digest.hexdigest()[:12]


if __name__ == "__main__":
    build(sys.argv[1], Path(sys.argv[2]))
