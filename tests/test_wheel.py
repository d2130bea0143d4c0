"""The built wheel in clean environments: one name, every file, each use with only its extra.

Packages come from uv's cache, as hard links: an environment takes a second or two.
"""

import functools
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from mobile_ai.cli.main import GROUPS
from mobile_ai.edge.image import uv_program
from tests.examples.runs import CLEAN, ask_edge, pack_rules, run, run_device

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]

ROOT = Path(__file__).parents[1]
Environment = Callable[[str], Path]
# The rooms that each extra promises; "" is the base.
ROOMS = {
    "": ("contracts", "stack", "testing"),
    "policy-pack": ("contracts", "pricing", "governance", "testing"),
    "device": ("contracts", "delivery"),
    "delivery": ("delivery", "stack"),
    "edge": ("contracts", "delivery", "edge"),
    "gate": ("components", "gate", "governance", "pricing", "stack"),
    "operations": ("operations",),
    "sandbox": ("sandbox",),
    "build": ("model_build",),
}
# Modules that do something when imported, or need another extra for one command.
NOT_IMPORTED = {
    "mobile_ai.edge.lambda_function",  # starts the function
    "mobile_ai.gate.state.leftovers",  # `down` in the sandbox, which has a command line of its own
}
IMPORT_ALL = """
import importlib, pkgutil, sys
rooms, skipped = sys.argv[1].split(), set(sys.argv[2].split())
for room in rooms:
    top = importlib.import_module("mobile_ai." + room)
    for item in pkgutil.walk_packages(top.__path__, top.__name__ + "."):
        if item.name not in skipped and not item.name.endswith("__main__"):
            importlib.import_module(item.name)
"""
# A command of each group that needs a package of its extra, or starts at once with the base.
NEEDS_ITS_EXTRA = {
    "audit": "--stack dev",
    "bootstrap": "--stack dev --repository a/b",
    "check": "",
    "cost": "--help",
    "device": "--help",
    "down": "--stack dev",
    "edge": "serve --help",
    "gate": "--stack dev",
    "images": "check --stack dev",
    "monitor": "drift",
    "recommend": "--stack dev",
    "refresh": "--stack dev",
    "release": "status --stack dev",
    "sandbox": "status",
    "up": "--stack dev",
}
MODEL = "models/digits/1.1.0"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and from it the wheel."""
    folder = tmp_path_factory.mktemp("built")
    _uv("build", "--offline", "-o", folder, ROOT)
    return folder


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    [path] = built.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return the Python of a clean environment with the wheel and an extra."""
    folder = tmp_path_factory.mktemp("environments")

    @functools.cache
    def make(extra: str) -> Path:
        place = folder / (extra or "base")
        python = place / "bin/python"
        chosen = ("--extra", extra) if extra else ()
        # From the lock, whose addresses are in the cache since the tests' own environment was
        # made. `uv pip install` would ask an index that `uv sync --frozen` never reads.
        what = ("sync", "--frozen", "--offline", "--no-dev", "--no-install-project")
        _uv(*what, "--python", sys.executable, *chosen, into=place)
        _uv("pip", "install", "--offline", "--no-deps", "--python", python, wheel)
        return python

    return make


@pytest.fixture(params=["empty", "with packages of its own"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return an empty folder, and one whose packages have the names that rooms have."""
    if request.param != "empty":
        for name in ("components", "gate", "edge", "delivery", "contracts"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "__init__.py").write_text("raise SystemExit('a stranger')")
    return tmp_path


def _uv(*arguments: str | Path, into: Path | None = None) -> None:
    call = [uv_program(ROOT), "--quiet", *arguments]
    place = {"UV_PROJECT_ENVIRONMENT": str(into)} if into else {}
    done = subprocess.run(
        call, cwd=ROOT, env=os.environ | place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _mobile_ai(python: Path, arguments: str, folder: Path) -> tuple[int, str, str]:
    """Run a command with the folder first on the path, as `python -m` has it."""
    module = ("-m", "mobile_ai.cli.main")
    done = run(python, *module, *arguments.split(), folder=folder)
    assert "Traceback" not in done.stderr
    assert "a stranger" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def _tracked(*folders: str) -> Iterable[str]:
    done = subprocess.run(
        ["git", "ls-files", "-z", *folders], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return filter(None, done.stdout.split("\0"))


def test_the_wheel_adds_one_name(wheel: Path) -> None:
    names = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"mobile_ai"}


def test_the_wheel_has_every_file_of_the_rooms_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    rooms = {
        name[name.index("mobile_ai/") :]
        for name in _tracked(*(str(path) for path in ROOT.glob("*/mobile_ai")))
    }
    recipes = set(_tracked("model-build/recipes", "model-build/data.lock.yaml"))
    builder = {name.replace("model-build/", "mobile_ai/model_build/") for name in recipes}
    assert names == rooms | builder


def test_the_source_distribution_has_every_file_that_git_has(built: Path) -> None:
    [path] = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert set(_tracked()) <= names


@pytest.mark.parametrize("extra", ROOMS, ids=lambda extra: extra or "base")
def test_an_extra_imports_all_that_it_promises(
    extra: str, environment: Environment, tmp_path: Path
) -> None:
    arguments = (" ".join(ROOMS[extra]), " ".join(NOT_IMPORTED))
    done = run(environment(extra), "-c", IMPORT_ALL, *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("group", NEEDS_ITS_EXTRA)
def test_a_command_without_its_extra_names_it(
    group: str, environment: Environment, tmp_path: Path
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    code, out, err = _mobile_ai(environment(""), f"{group} {NEEDS_ITS_EXTRA[group]}", tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith("error: module ")
    assert err.endswith(f"Next: pip install 'mobile-ai-delivery[{GROUPS[group].extra}]'\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize("group", sorted(GROUPS.keys() - NEEDS_ITS_EXTRA))
def test_the_other_groups_begin_with_the_base(
    group: str, environment: Environment, tmp_path: Path
) -> None:
    assert _mobile_ai(environment(""), f"{group} --help", tmp_path)[0] == 0


@pytest.mark.parametrize(
    ("extra", "arguments", "code", "said"),
    [
        ("", "--version", 0, "mobile-ai "),
        ("", "schema manifest", 0, '"title": "ModelManifest"'),
        ("gate", "gate --help", 0, "--stack"),
        ("policy-pack", "check", 2, "got no Pulumi.yaml here or above; expected a checkout"),
        ("gate", "gate --stack dev", 2, "got no Pulumi.yaml here or above; expected a checkout"),
        ("delivery", "release status --stack dev", 2, "releases/dev: got no releases"),
        ("device", "device why --dir d --app camera --model digits", 0, ""),
        ("edge", "edge serve --help", 0, "--config"),
    ],
)
def test_a_command_works_or_says_why_not(
    *, extra: str, arguments: str, code: int, said: str, folder: Path, environment: Environment
) -> None:
    got, out, err = _mobile_ai(environment(extra), arguments, folder)
    assert got == code, err
    assert said in out + err
    if code:
        assert err.startswith("error: ")
        assert err.count("\n") == 1
        assert " Next: " in err


def test_the_base_verifies_a_signed_model(folder: Path, environment: Environment) -> None:
    shutil.copytree(ROOT / MODEL, folder / MODEL)
    shutil.copytree(ROOT / "policy-pack/trust", folder / "policy-pack/trust")
    python = environment("")
    code, out, err = _mobile_ai(
        python, f"model verify {MODEL}/manifest.yaml --environment dev", folder
    )
    assert code == 0, err
    assert f"verified: {MODEL}/manifest.yaml" in out + err


def test_the_pack_alone_checks_a_checkout(environment: Environment) -> None:
    python = environment("policy-pack")
    done = subprocess.run(
        [python.with_name("mobile-ai"), "check"],
        cwd=ROOT,
        env=CLEAN,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[0][:5]) == (0, "dev: "), done.stderr


def test_the_pack_alone_serves_its_rules(environment: Environment, folder: Path) -> None:
    rules = pack_rules(environment("policy-pack"), folder)
    assert {"rego-rules-pass", "resource-types-expected"} <= set(rules)


def test_the_client_alone_updates_a_device(environment: Environment, folder: Path) -> None:
    assert run_device(environment("device"), folder).startswith("installed: ")


def test_the_server_alone_answers(environment: Environment, folder: Path) -> None:
    assert ask_edge(environment("edge"), folder).startswith("digits 1.1.0: ")


def test_an_image_is_made_from_a_checkout_only(environment: Environment, tmp_path: Path) -> None:
    done = run(
        *(environment("edge"), "-m", "mobile_ai.edge.image", "--stack", "dev"), folder=tmp_path
    )
    assert done.returncode == 2
    assert "uv.lock: got no such file; expected one. Next: clone the repository" in done.stderr


def test_the_command_line_is_installed(environment: Environment, tmp_path: Path) -> None:
    script = environment("").with_name("mobile-ai")
    assert os.access(script, os.X_OK)
    assert run(script, "--version", folder=tmp_path).stdout.startswith("mobile-ai ")
