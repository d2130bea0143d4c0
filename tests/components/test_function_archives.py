"""Archives of Lambda functions: each holds what its handler imports, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.components import functions
from tests.components.support import Engine

FUNCTIONS = (
    "budget_dispatch",
    "burn_rate",
    "delivery_timestamp",
    "registry_redeploy",
    "registry_rotate",
    "telemetry_transform",
)
# Runs in the registry's container, whose image holds it as a file of its own.
NO_FUNCTION = {"__init__", "registry_start"}
_LOAD = """
import importlib, json, os, sys
archive, runtime, module = sys.argv[1:]
sys.path[:0] = [archive, runtime]
handler = importlib.import_module(module).handler
files = [getattr(one, "__file__", None) or "" for one in list(sys.modules.values())]
print(json.dumps([callable(handler), [os.path.relpath(one, archive) for one in files
                                      if one.startswith(archive)]]))
"""


@pytest.fixture(scope="module")
def deployed(full: Engine) -> dict[str, dict[str, Any]]:
    """The inputs of every function that has an archive, by its module."""
    return {
        item.inputs["handler"].rpartition(".")[0].rpartition(".")[2]: item.inputs
        for item in full.of_type("aws:lambda/function:Function")
        if "code" in item.inputs
    }


def test_every_function_is_in_the_table(deployed: dict[str, Any]) -> None:
    modules = {path.stem for path in Path(functions.__file__).parent.glob("*.py")}

    assert sorted(deployed) == sorted(FUNCTIONS)
    assert modules - NO_FUNCTION == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_imports_all_of_its_archive_and_nothing_more(
    name: str, deployed: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    archive, runtime = tmp_path / "archive", tmp_path / "runtime"
    assets = deployed[name]["code"]["assets"]
    for path, asset in assets.items():
        (archive / path).parent.mkdir(parents=True, exist_ok=True)
        (archive / path).write_bytes(Path(asset["path"]).read_bytes())
    runtime.mkdir()
    # The one library that the runtime has besides the standard library.
    (runtime / "boto3.py").write_text("def client(*_, **__): return None\n")
    module = deployed[name]["handler"].rpartition(".")[0]

    # Isolated and without site-packages, so that nothing of this environment is found.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", _LOAD, archive, runtime, module],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    is_handler, loaded = json.loads(done.stdout)
    assert is_handler
    assert sorted(loaded) == sorted(assets)
