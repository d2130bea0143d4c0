"""Selection of the engine; the candidates are scripts that only print a version."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from mobile_ai.gobuild import GoBuildError, build_folder
from mobile_ai.gobuild.pin import parse_version, read_pin
from mobile_ai.gobuild.progress import Quiet
from mobile_ai.sandbox.engine import Engine, EngineError, locate_engine
from mobile_ai.sandbox.engine.recipe import RECIPE


@pytest.fixture
def ambient(tmp_path: Path) -> dict[str, str]:
    """No engine on PATH, and the pinned one already in the cache."""
    env = {"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    folder = build_folder(RECIPE, env)
    _executable(folder.executable("pulumi"), f"echo v{folder.pin.version}")
    folder.record.write_text(f'{{"digest": "{folder.pin.digest}"}}')
    return env


@pytest.fixture
def install(tmp_path: Path, ambient: Mapping[str, str]) -> Callable[..., dict[str, str]]:
    """Put a `pulumi` on PATH that prints `version`."""

    def on_path(version: str, *, with_host: bool = True) -> dict[str, str]:
        _executable(tmp_path / "official/pulumi", f"echo {version}")
        if with_host:
            _executable(tmp_path / "official/pulumi-language-python", "exit 0")
        return {**ambient, "PATH": f"{tmp_path / 'official'}{os.pathsep}{ambient['PATH']}"}

    return on_path


def _executable(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


class Notes(Quiet):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def test_the_built_engine_is_chosen_when_there_is_no_other(ambient):
    folder = build_folder(RECIPE, ambient)

    assert locate_engine(ambient=ambient) == Engine(
        pulumi=folder.executable("pulumi"), version=folder.pin.version, origin="built"
    )


def test_an_official_one_on_path_is_preferred(install, tmp_path):
    assert locate_engine(ambient=install("v3.250.0")) == Engine(
        pulumi=tmp_path / "official/pulumi", version="3.250.0", origin="official"
    )


@pytest.mark.parametrize("version", ["v3.248.9", "v2.300.0", "unknown", ""])
def test_one_on_path_that_is_too_old_is_passed_over_and_says_why(install, version):
    progress = Notes()

    engine = locate_engine(ambient=install(version), progress=progress)

    assert engine.origin == "built"
    assert "expected 3.249.0 or newer" in progress.notes[0]


def test_one_on_path_without_a_python_language_host_is_passed_over(install):
    progress = Notes()

    engine = locate_engine(ambient=install("v3.300.0", with_host=False), progress=progress)

    assert engine.origin == "built"
    assert "pulumi-language-python" in progress.notes[0]


def test_the_named_one_stands_above_the_one_on_path(install, tmp_path):
    _executable(tmp_path / "named/pulumi", "echo v3.260.1")
    _executable(tmp_path / "named/pulumi-language-python", "exit 0")
    env = {**install("v3.250.0"), "MOBILE_AI_PULUMI": str(tmp_path / "named/pulumi")}

    assert locate_engine(ambient=env).version == "3.260.1"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda _path: None, "not an executable file"),
        (lambda path: path.mkdir(parents=True), "not an executable file"),
        (lambda path: _executable(path, "exit 1"), "no pulumi-language-python"),
    ],
)
def test_a_named_one_that_cannot_be_used_is_an_error_and_not_passed_over(
    ambient, tmp_path, make, reason
):
    named = tmp_path / "named/pulumi"
    make(named)

    with pytest.raises(EngineError, match=reason) as caught:
        locate_engine(ambient={**ambient, "MOBILE_AI_PULUMI": str(named)})

    assert "MOBILE_AI_PULUMI" in str(caught.value)
    assert str(named) in str(caught.value)


def test_a_named_one_that_was_built_here_is_told_as_built(ambient):
    folder = build_folder(RECIPE, ambient)

    engine = locate_engine(
        ambient={**ambient, "MOBILE_AI_PULUMI": str(folder.executable("pulumi"))}
    )

    assert engine.origin == "built"


def test_the_cache_is_the_users_and_keyed_by_version_and_modules(ambient, tmp_path):
    pin = read_pin(RECIPE)

    name = build_folder(RECIPE, ambient).path.relative_to(tmp_path / "cache").as_posix()

    assert name.startswith(f"mobile-ai-delivery/engine/{pin.version}-")
    assert name.endswith(pin.digest[:12])


@pytest.mark.parametrize("base", [{}, {"XDG_CACHE_HOME": ""}, {"XDG_CACHE_HOME": "relative"}])
def test_without_a_usable_xdg_folder_the_cache_is_in_the_home(base):
    folder = build_folder(RECIPE, {"HOME": "/home/ada", **base})

    assert folder.path.is_relative_to("/home/ada/.cache/mobile-ai-delivery")


@pytest.mark.parametrize("changed", ["go.mod", "go.sum", "tools.go"])
def test_any_change_of_what_is_compiled_changes_the_digest(tmp_path, changed):
    for name in ("go.mod", "go.sum", "tools.go"):
        (tmp_path / name).write_bytes((RECIPE.module / name).read_bytes())
    copy = replace(RECIPE, module=tmp_path)
    before = read_pin(copy)

    with (tmp_path / changed).open("a") as file:
        file.write("\n")

    assert read_pin(copy).digest != before.digest


def test_a_missing_pin_is_an_error_with_a_next_step(tmp_path):
    with pytest.raises(GoBuildError, match=r"Expected go\.mod and go\.sum"):
        read_pin(replace(RECIPE, module=tmp_path))


def test_versions_compare_as_numbers():
    assert parse_version("v3.259.0") > parse_version("3.60.1")
    assert parse_version("go1.9") < parse_version("go1.26.8")


def test_a_language_host_launcher_that_was_changed_is_written_again(ambient):
    launcher = build_folder(RECIPE, ambient).path / "pulumi-language-python"
    launcher.write_text("#!/bin/sh\nexit 1\n")

    locate_engine(ambient=ambient)

    assert "mobile_ai.sandbox.engine.host" in launcher.read_text()
