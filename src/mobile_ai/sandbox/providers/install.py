"""Installs the stand-ins as plugins of the engine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from mobile_ai.sandbox.files import write_atomically
from mobile_ai.sandbox.providers.specfile import ensure_spec, sdk_version

_NAMES: Final = ("aws", "kubernetes")


def install(home: Path) -> list[Path]:
    """Install both stand-ins as plugins of a private ``PULUMI_HOME``.

    Idempotent and safe to run concurrently. The first run per SDK version reads the SDK's types,
    which takes some seconds.

    Args:
        home: The ``PULUMI_HOME``; created if missing.

    Returns:
        The plugin folders, named after the version of the installed SDK.

    Raises:
        RuntimeError: The SDK's types could not be read.
    """
    return [_install_one(home / "plugins", name) for name in _NAMES]


def _install_one(plugins: Path, name: str) -> Path:
    folder = plugins / f"resource-{name}-v{sdk_version(name)}"
    _write_if_new(folder / "types.json", ensure_spec(name).read_text(encoding="utf-8"), mode=0o644)
    _write_if_new(folder / f"pulumi-resource-{name}", _script(name), mode=0o755)
    return folder


def _script(name: str) -> str:
    """Return the plugin executable, which falls back to the installing interpreter."""
    python = f'"${{MOBILE_AI_PYTHON:-{sys.executable}}}"'
    return (
        "#!/bin/sh\n"
        f"# Stand-in for the official {name} provider: no cloud, sandbox and tests only.\n"
        # -P: the working directory is the program's folder, which must not shadow our modules.
        f"exec {python} -P -m mobile_ai.sandbox.providers.{name} "
        '--spec "$(dirname "$0")/types.json" "$@"\n'
    )


def _write_if_new(path: Path, content: str, *, mode: int) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        write_atomically(path, content, mode=mode)
