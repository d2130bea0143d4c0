"""Selects the Python interpreter of a program or a policy pack."""

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PROBE_SECONDS = 30.0
# Prints the names that cannot be found, without importing any of them.
_PROBE = (
    "import importlib.util as u, sys; print(*[n for n in sys.argv[1:] if u.find_spec(n) is None])"
)


class InterpreterError(Exception):
    """The interpreter is not usable; the message states what, got, expected, next step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python interpreter.

    Attributes:
        executable: The interpreter; a link in a virtual environment stays a link.
        virtualenv: Its virtual environment, if it has one.
    """

    executable: Path
    virtualenv: Path | None

    @property
    def is_own(self) -> bool:
        """True if the host runs on the same interpreter."""
        own = Path(sys.prefix).resolve()
        return self.virtualenv is None or self.virtualenv.resolve() == own

    @property
    def version(self) -> str:
        """Version, as `3.11.2`, or an empty text if it is not known."""
        if self.virtualenv is None or self.is_own:
            return ".".join(map(str, sys.version_info[:3]))
        found = re.search(r"^version\w*\s*=\s*(\S+)", _pyvenv(self.virtualenv), re.MULTILINE)
        return found.group(1) if found else ""

    def site_packages(self) -> list[str]:
        """Return the folders of its installed packages."""
        if self.virtualenv is None or self.is_own:
            return sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
        return sorted(map(str, self.virtualenv.glob("lib*/python3*/site-packages")))

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return `base` with the virtual environment activated, as its `activate` does."""
        if self.virtualenv is None:
            return dict(base)
        env = {name: value for name, value in base.items() if name != "PYTHONHOME"}
        path = os.pathsep.join([str(self.executable.parent), base.get("PATH", os.defpath)])
        return {**env, "VIRTUAL_ENV": str(self.virtualenv), "PATH": path}

    def require(self, modules: Sequence[str]) -> None:
        """Check that `modules` can be imported; the host's own interpreter is known to have them.

        Raises:
            InterpreterError: One is missing, or the interpreter does not run.
        """
        if self.is_own:
            return
        command = [str(self.executable), "-c", _PROBE, *modules]
        try:
            missing = subprocess.check_output(
                command, stderr=subprocess.STDOUT, text=True, timeout=_PROBE_SECONDS
            ).split()
        except (OSError, subprocess.SubprocessError) as error:
            raise InterpreterError(
                f"The Python at {self.executable} does not run: got {error}. Expected a working "
                f"virtual environment. Make it again, or drop the `virtualenv` option."
            ) from error
        if missing:
            packages = " ".join(name.replace("_", "-") for name in missing)
            raise InterpreterError(
                f"The Python at {self.executable} cannot import {', '.join(missing)}: expected it "
                f"to be installed there. Run `{self.executable} -m pip install {packages}` or "
                "name another `virtualenv` under `runtime: options`."
            )


def choose(root: Path, virtualenv: str) -> Interpreter:
    """Return the interpreter that the project in `root` requests.

    Args:
        root: Folder of `Pulumi.yaml` or `PulumiPolicy.yaml`.
        virtualenv: The runtime's option of that name, relative to `root`; empty for the host's own.

    Raises:
        InterpreterError: The option does not name a virtual environment.
    """
    if not virtualenv:
        own = Path(sys.prefix) if sys.prefix != sys.base_prefix else None
        return Interpreter(executable=Path(sys.executable), virtualenv=own)
    folder = root / virtualenv
    executable = folder / "bin/python"
    if not (folder / "pyvenv.cfg").is_file() or not os.access(executable, os.X_OK):
        raise InterpreterError(
            f"The runtime option `virtualenv: {virtualenv}` of {root} names no virtual "
            f"environment: got {folder}, expected pyvenv.cfg and bin/python in it. Create it with "
            f"`python3 -m venv {folder}` and install the requirements, or correct the option."
        )
    return Interpreter(executable=executable, virtualenv=folder)


def _pyvenv(folder: Path) -> str:
    try:
        return (folder / "pyvenv.cfg").read_text()
    except OSError:
        return ""
