"""Nothing that we ship sends usage data on its own."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = {
    "mobile_ai.edge": "src/mobile_ai/edge",
    "mobile_ai.delivery": "src/mobile_ai/delivery",
    "mobile_ai.model_build": "model-build/mobile_ai/model_build",
}
# Prints the threads and open files that onnxruntime brings, counted after NumPy's.
PROBE = """
import json, os, sys
{before}
import numpy
threads = len(os.listdir("/proc/self/task"))
import onnxruntime
files = [os.path.realpath(f"/proc/self/fd/{{fd}}") for fd in os.listdir("/proc/self/fd")]
print(json.dumps({{
    "threads": len(os.listdir("/proc/self/task")) - threads,
    "files": sorted(file for file in files if "onnxruntime" in file),
}}))
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="counts in /proc")


def traces(tmp_path, *, before: str) -> dict:
    """Import onnxruntime in a process with a new home; return what it opened and started."""
    found: dict = json.loads(said(PROBE.format(before=before), home=tmp_path))
    left = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    return {**found, "left": left}


def said(code, *, home) -> str:
    """Run code as on a developer's machine: such libraries are silent under CI and pytest."""
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@linux
def test_the_probe_sees_the_uploader_of_a_bare_onnxruntime(tmp_path):
    """Without this the test below could not fail: another version might hide it elsewhere."""
    found = traces(tmp_path, before="")

    assert found["threads"] > 0
    assert found["files"]


@linux
@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_that_loads_onnxruntime_starts_no_uploader(tmp_path, room):
    assert traces(tmp_path, before=f"import {room}") == {"threads": 0, "files": [], "left": []}


@linux
@pytest.mark.parametrize("value", ["", "0"])
def test_what_the_caller_s_shell_says_does_not_turn_it_on(tmp_path, value):
    before = f"os.environ['ORT_DISABLE_TELEMETRY'] = {value!r}; import mobile_ai.edge"

    assert traces(tmp_path, before=before)["threads"] == 0


def test_no_other_room_loads_onnxruntime():
    """A new room that does must turn it off first; add it to ROOMS."""
    off = [ROOT / room for room in ROOMS.values()]
    found = {
        path
        for path in ROOT.glob("*/mobile_ai/**/*.py")
        if _imports(path) and not any(path.is_relative_to(room) for room in off)
    }
    assert not found
    for folder in ROOMS.values():
        assert any(_imports(path) for path in (ROOT / folder).rglob("*.py")), folder


def test_the_image_says_it_to_every_process_in_it():
    assert "ORT_DISABLE_TELEMETRY=1" in (ROOT / "src/mobile_ai/edge/Dockerfile").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "off"), [("import sys", "False"), ("import mobile_ai.model_build", "True")]
)
def test_the_build_starts_no_telemetry_of_mlflow(tmp_path, before, off):
    code = f"{before}; from mlflow.telemetry.utils import is_telemetry_disabled; "

    assert said(f"{code} print(is_telemetry_disabled())", home=tmp_path).split()[-1] == off


def _imports(path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                modules = [name.name for name in names]
            case ast.ImportFrom(module=str(module)):
                modules = [module]
            case ast.Call(func=ast.Name(id="need"), args=[ast.Constant(value=str(module))]):
                modules = [module]
            case _:
                continue
        if any(module.partition(".")[0] == "onnxruntime" for module in modules):
            return True
    return False
