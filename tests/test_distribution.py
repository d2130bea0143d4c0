"""One distribution: packages that are used and pinned, extras that are complete, one namespace.

`test_wheel.py` installs it.
"""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from mobile_ai.cli.main import GROUPS

ROOT = Path(__file__).parents[1]
# What the mission names, the module it is imported as, and which requirements hold it.
NAMED_PACKAGES = {
    "pulumi": ("pulumi", "requirements.txt"),
    "pulumi-aws": ("pulumi_aws", "requirements.txt"),
    "pulumi-kubernetes": ("pulumi_kubernetes", "requirements.txt"),
    "pulumi-policy": ("pulumi_policy", "requirements.txt"),
    "boto3": ("boto3", "requirements.txt"),
    "pyyaml": ("yaml", "requirements.txt"),
    "mlflow": ("mlflow", "model-build/requirements.txt"),
    "tensorflow": ("tensorflow", "model-build/requirements.txt"),
    "onnxruntime": ("onnxruntime", "model-build/requirements.txt"),
}


def sources() -> list[Path]:
    """Our programs, and the tests: they hold the pack's answers equal to those of Pulumi's SDK."""
    return [ROOT / "__main__.py", *ROOT.glob("*/mobile_ai/**/*.py"), *ROOT.glob("tests/**/*.py")]


def imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "need":
            # model_build's import of what only its extra brings.
            match node.args:
                case [ast.Constant(value=str(module))]:
                    names.add(module.split(".")[0])
    return names


@pytest.mark.parametrize("package", sorted(NAMED_PACKAGES))
def test_each_named_package_is_pinned_and_imported(package: str) -> None:
    module, requirements = NAMED_PACKAGES[package]
    pins = (ROOT / requirements).read_text().splitlines()
    assert any(line.startswith(f"{package}==") for line in pins)
    assert any(module in imported_modules(path) for path in sources())


def test_the_base_has_no_training_framework_or_registry() -> None:
    base = (ROOT / "requirements.txt").read_text()
    for heavy in ("tensorflow==", "mlflow==", "onnxruntime==", "keras=="):
        assert heavy not in base


def extras() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return dict(project["optional-dependencies"])


def test_all_names_every_other_extra() -> None:
    others = ",".join(sorted(extras().keys() - {"all"}))
    assert extras()["all"] == [f"mobile-ai-delivery[{others}]"]


def test_every_extra_that_a_command_names_exists() -> None:
    assert {group.extra for group in GROUPS.values()} - {""} <= extras().keys()


@pytest.mark.parametrize("name", ["src/mobile_ai/edge/requirements.txt", "requirements.txt"])
def test_the_base_is_in_what_is_exported(name: str) -> None:
    pins = (ROOT / name).read_text()
    assert all(f"\n{package}==" in pins for package in ("pydantic", "rich", "typer", "rfc8785"))


def test_the_pack_has_no_command_line() -> None:
    pins = (ROOT / "policy-pack/requirements.txt").read_text()
    assert "\npulumi-policy==" in pins
    assert not any(f"\n{package}==" in pins for package in ("typer", "rich", "ruamel-yaml"))


def test_hyphenated_folders_are_not_packages() -> None:
    assert not list(ROOT.glob("*-*/__init__.py"))


def test_the_namespace_has_no_package_file_that_would_hide_its_other_folders() -> None:
    assert len(list(ROOT.glob("*/mobile_ai"))) == 4
    assert not list(ROOT.glob("*/mobile_ai/*.py"))


def test_every_room_ships_in_the_one_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {ROOT / package for package in packages} == set(ROOT.glob("*/mobile_ai"))
