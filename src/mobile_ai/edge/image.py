"""`python -m mobile_ai.edge.image`: assemble the build context of the `Dockerfile` beside it.

The image contains only what is here: the wheels of the lock, the code of four packages, the first
trusted root of a stack, its trust file, and optionally a model to start with. Each has one place in
the output, so that it can be reviewed before any build:

    requirements.txt  bom.cdx.json  app/  data/root.json  data/trust/  data/models/
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.roots_folder import load_roots

_ROOT: Final = Path(__file__).parents[3]
# Of the command line, only the server's own command group.
_CODE: Final = {
    "src/mobile_ai/edge": "mobile_ai/edge",
    "src/mobile_ai/delivery": "mobile_ai/delivery",
    "policy-pack/mobile_ai/contracts": "mobile_ai/contracts",
    "src/mobile_ai/cli/__init__.py": "mobile_ai/cli/__init__.py",
    "src/mobile_ai/cli/main.py": "mobile_ai/cli/main.py",
    "src/mobile_ai/cli/edge.py": "mobile_ai/cli/edge.py",
    "src/mobile_ai/cli/errors.py": "mobile_ai/cli/errors.py",
    "src/mobile_ai/cli/help_text.py": "mobile_ai/cli/help_text.py",
    "src/mobile_ai/cli/streams.py": "mobile_ai/cli/streams.py",
}
_LEFT_OUT: Final = shutil.ignore_patterns(
    "__pycache__", "Dockerfile", "image.py", "requirements.txt", "testing", "fleet"
)


class ImageError(ValueError):
    """Raised when an input of the image is missing; the message states the next step."""


def stage_image(out: Path, *, stack: str, model: str | None = None, root: Path = _ROOT) -> Path:
    """Assemble the build context in a folder, which is emptied first; return the folder.

    Args:
        out: The build context of the image.
        stack: The stack whose releases the server trusts.
        model: A version to start with, as ``digits/1.1.0``.
        root: The repository.

    Raises:
        ImageError: If a file is missing.
    """
    _need(
        root / "uv.lock",
        "clone the repository (docs/edge.md) and run this there: an image is made from its "
        "sources and its lock",
    )
    trust = root / "policy-pack" / _trust_file(root, stack)
    _need(trust, "see docs/models.md: who may vouch for models")
    first_root = root / f"releases/{stack}/metadata/1.root.json"
    _need(first_root, "create the stack's root with `mobile-ai release init`")
    version = None if model is None else root / "models" / model
    if version is not None:
        _need(version / "manifest.yaml", "name a version as <model>/<version>")
    shutil.rmtree(out, ignore_errors=True)
    for source, goal in _CODE.items():
        _copy(root / source, out / "app" / goal)
    _describe(out / "app", root)
    _copy(root / "src/mobile_ai/edge/requirements.txt", out / "requirements.txt")
    _copy(first_root, out / "data/root.json")
    _copy(trust, out / "data/trust" / trust.name)
    (out / "data/models").mkdir()
    if version is not None:
        _copy(version, out / "data/models" / str(model))
    bom = json.dumps(bill_of_materials(root), indent=1, sort_keys=True)
    (out / "bom.cdx.json").write_text(bom + "\n")
    return out


def bill_of_materials(
    root: Path = _ROOT, selection: Sequence[str] = ("--extra", "edge")
) -> dict[str, Any]:
    """Return the CycloneDX bill of materials of locked packages; reproducible.

    Args:
        root: The repository.
        selection: Options of `uv export` that select packages, by default those of the image.

    Raises:
        ImageError: If uv is missing or cannot read the lock.
    """
    done = subprocess.run(
        [
            *(uv_program(root), "export", "--frozen", "--offline", "--quiet", "--no-emit-project"),
            *("--no-dev", *selection, "--format", "cyclonedx1.5"),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ImageError(f"uv export: got {done.stderr.strip()}; expected a bill of materials")
    bom: dict[str, Any] = json.loads(done.stdout)
    # Reproducible: the serial number and the time differ from run to run.
    bom.pop("serialNumber", None)
    bom["metadata"].pop("timestamp", None)
    return bom


def uv_program(root: Path = _ROOT) -> str:
    """Return the path of the repository's pinned uv, or of one on PATH.

    Raises:
        ImageError: If there is neither.
    """
    local = root / ".tools/uv/bin/uv"
    found = str(local) if local.exists() else shutil.which("uv")
    if found is None:
        raise ImageError("uv: got none; expected .tools/uv or PATH. Next: run `make setup`")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Assemble the build context and print the next command; return an exit code."""
    parser = argparse.ArgumentParser(prog="python -m mobile_ai.edge.image", description=__doc__)
    parser.add_argument(
        "--stack", required=True, help="stack whose releases are trusted, such as prod"
    )
    parser.add_argument("--model", help="model version to include, such as digits/1.1.0")
    parser.add_argument("--out", type=Path, default=Path("build/edge-image"), help="the folder")
    given = parser.parse_args(arguments)
    try:
        out = stage_image(given.out, stack=given.stack, model=given.model)
    except ImageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{out}: {sum(path.is_file() for path in out.rglob('*'))} files.")
    print(
        "Next: docker buildx build --platform linux/amd64,linux/arm64 "
        f"-f src/mobile_ai/edge/Dockerfile "
        f"--build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:<digest> {out}"
    )
    return 0


def _trust_file(root: Path, stack: str) -> str:
    stacks = load_roots(root / "policy-pack").stacks
    if stack not in stacks:
        raise ImageError(f"--stack: got {stack!r}; expected one of {', '.join(sorted(stacks))}")
    return stacks[stack].trust


def _describe(app: Path, root: Path) -> None:
    """Write the metadata of an installed distribution: the server reads its version from it."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    folder = app / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    folder.mkdir()
    text = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (folder / "METADATA").write_text(text)


def _copy(source: Path, goal: Path) -> None:
    goal.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, goal, ignore=_LEFT_OUT)
    else:
        shutil.copyfile(source, goal)


def _need(path: Path, next_step: str) -> None:
    if not path.is_file():
        raise ImageError(f"{path}: got no such file; expected one. Next: {next_step}")


if __name__ == "__main__":
    sys.exit(main())
