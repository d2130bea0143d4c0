"""Runs the loader in a child process with resource limits and parses its result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mobile_ai import contracts, model_build
from mobile_ai.model_build.errors import need
from mobile_ai.model_build.inspection.errors import InspectionError
from mobile_ai.model_build.inspection.limits import InspectionLimits

_refused = InspectionError.advising(
    "do not load this file elsewhere; ask for a new export",
    expected="a model that loads and runs once within its limits",
)

_POLL_SECONDS: Final = 0.02
_MAX_ANSWER: Final = 1_000_000


def load_apart(
    data: bytes,
    file_format: str,
    *,
    limits: InspectionLimits,
    name: str,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> dict[str, Any]:
    """Check, load and run a file in a child process; return its operators and tensors.

    Args:
        data: The file's content; it is the only file in the child's working folder.
        file_format: ``tflite`` or ``onnx``.
        limits: Memory and time limits.
        name: The file's name, for messages.
        shapes: Shapes of inputs with dynamic sizes.

    Raises:
        InspectionError: If the child refuses the file, crashes, or exceeds a limit.
    """
    with tempfile.TemporaryDirectory(prefix="inspect-") as scratch:
        folder = Path(scratch)
        (folder / "model").write_bytes(data)
        answer = folder / "answer.json"
        with answer.open("wb") as out, (folder / "stderr").open("wb") as err:
            child = subprocess.Popen(
                [*_command(file_format, folder / "model", limits), json.dumps(dict(shapes or {}))],
                cwd=folder,
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            problem = _watch(child, limits)
        said = answer.read_bytes()[:_MAX_ANSWER].decode("utf-8", errors="replace")
    if problem:
        raise _refused(name, problem)
    return _read(said, child.returncode, name)


def _command(file_format: str, path: Path, limits: InspectionLimits) -> list[str]:
    numbers = [str(limits.memory_bytes), str(limits.seconds)]
    return [
        sys.executable,
        "-m",
        "mobile_ai.model_build.inspection.child",
        file_format,
        str(path),
        *numbers,
    ]


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment without credentials, with only what Python needs to start."""
    rooms = [Path(str(package.__path__[0])).parents[1] for package in (model_build, contracts)]
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PYTHONPATH": os.pathsep.join(str(room) for room in rooms),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _watch(child: subprocess.Popen[bytes], limits: InspectionLimits) -> str:
    """Wait for the child; kill it when it exceeds a limit, and return the reason."""
    psutil = need("psutil")
    started = time.monotonic()
    while child.poll() is None:
        problem = ""
        if time.monotonic() - started > limits.seconds:
            problem = f"a load that takes over {limits.seconds} s"
        elif _resident(psutil, child.pid) > limits.memory_bytes:
            problem = f"a load that takes over {limits.memory_bytes} bytes of memory"
        if problem:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            return problem
        time.sleep(_POLL_SECONDS)
    return ""


def _resident(psutil: Any, pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _read(said: str, code: int, name: str) -> dict[str, Any]:
    if code < 0:
        raise _refused(name, f"a loader killed by {signal.Signals(-code).name}")
    try:
        value = json.loads(said)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise _refused(name, f"a loader that ended with code {code} and no answer")
    if code != 0 or "refused" in value:
        raise _refused(name, str(value.get("refused", f"exit code {code}")))
    return value
