"""Builds a recipe with a fake `go`, so that every outcome can be tested."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from mobile_ai.gobuild import BuildFolder, GoBuildError, build_folder, ensure_built
from mobile_ai.gobuild.cache import locked
from mobile_ai.gobuild.pin import read_pin
from mobile_ai.gobuild.progress import Quiet
from mobile_ai.sandbox.engine.recipe import RECIPE
from tests.waiting import until

FAKE_GO = """\
#!/bin/sh
case "$1 $2" in
  "env GOVERSION") echo "{version}" ;;
  "env GOTOOLCHAIN") echo "{toolchain}" ;;
  "mod download") {download}; printf '{{"Path": "%s", "Dir": "{source}"}}' "$4" ;;
  "build -v")
    echo built >> "{count}"
    echo "$CGO_ENABLED $*" > "{count}.arguments"
    for name in runtime net/http example.org/one; do echo "$name" >&2; done
    {build}
    while [ "$1" != -o ]; do shift; done
    printf '#!/bin/sh\\necho v3.259.0\\n' > "$2"; chmod 755 "$2" ;;
esac
"""


@pytest.fixture
def ambient(tmp_path: Path) -> Callable[..., Mapping[str, str]]:
    """An environment whose only `go` is the pretended one."""

    def make(
        build: str = "",
        *,
        version: str = "go1.26.1",
        toolchain: str = "local",
        download: str = "true",
    ) -> Mapping[str, str]:
        source = tmp_path / "sdk"
        (source / "python/cmd").mkdir(parents=True, exist_ok=True)
        (source / "python/cmd/pulumi-language-python-exec").write_text("# runs programs\n")
        (tmp_path / "bin").mkdir(exist_ok=True)
        go = tmp_path / "bin/go"
        go.write_text(
            FAKE_GO.format(
                build=build,
                version=version,
                toolchain=toolchain,
                download=download,
                source=source,
                count=tmp_path / "builds",
            )
        )
        go.chmod(0o755)
        path = f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"
        return {"PATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")}

    return make


def _folder(ambient: Mapping[str, str]) -> BuildFolder:
    return build_folder(RECIPE, ambient)


def _leftovers(folder: BuildFolder) -> list[str]:
    parent = folder.path.parent
    return [path.name for path in parent.iterdir() if path.name.startswith(".")]


def _programs(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name in ("pulumi", "one", "two"))


class Recorder(Quiet):
    """Keeps what is said; the first note makes a file, where one is named."""

    def __init__(self, noted: Path | None = None) -> None:
        self.noted = noted
        self.notes: list[str] = []
        self.packages: list[int] = []

    def note(self, message: str) -> None:
        self.notes.append(message)
        if self.noted:
            self.noted.touch()

    def tick(self, stage: str, *, packages: int, seconds: float) -> None:  # noqa: ARG002
        self.packages.append(packages)


def test_a_build_leaves_cli_language_host_and_executor_in_one_folder(ambient):
    env = ambient()
    folder = _folder(env)

    ensure_built(folder, ambient=env, progress=Quiet())

    assert folder.is_built()
    launcher = folder.path / "pulumi-language-python"
    assert os.access(launcher, os.X_OK)
    assert "mobile_ai.sandbox.engine.host" in launcher.read_text()
    assert (folder.path / "pulumi-language-python-exec").read_text() == "# runs programs\n"
    assert json.loads(folder.record.read_text())["digest"] == read_pin(RECIPE).digest
    assert not any(path.is_symlink() for path in folder.path.iterdir())


def test_nothing_in_a_built_engine_names_the_checkout(ambient):
    env = ambient()
    folder = _folder(env)

    ensure_built(folder, ambient=env, progress=Quiet())

    checkout = str(Path(__file__).resolve().parents[3])
    assert not any(checkout in path.read_text() for path in folder.path.iterdir())


def test_go_is_asked_for_the_pinned_version_without_cgo_or_a_vcs_stamp(ambient, tmp_path):
    env = ambient()

    ensure_built(_folder(env), ambient=env, progress=Quiet())

    asked = (tmp_path / "builds.arguments").read_text()
    assert asked.startswith("0 build -v")
    assert "-buildvcs=false" in asked
    assert f"version.Version=v{read_pin(RECIPE).version}" in asked


def test_a_second_call_builds_nothing(ambient, tmp_path):
    env = ambient()

    for _ in range(2):
        ensure_built(_folder(env), ambient=env, progress=Quiet())

    assert (tmp_path / "builds").read_text() == "built\n"


def test_a_folder_without_its_cli_is_built_again(ambient, tmp_path):
    env = ambient()
    folder = _folder(env)
    ensure_built(folder, ambient=env, progress=Quiet())
    folder.executable("pulumi").unlink()

    ensure_built(folder, ambient=env, progress=Quiet())

    assert folder.is_built()
    assert (tmp_path / "builds").read_text() == "built\nbuilt\n"


def test_every_command_of_a_recipe_is_built_into_one_folder(ambient, tmp_path):
    env = ambient()
    recipe = replace(RECIPE, commands={"one": "example.org/one", "two": "example.org/two"})
    folder = build_folder(recipe, env)

    ensure_built(folder, ambient=env, progress=Quiet())

    assert os.access(folder.executable("one"), os.X_OK)
    assert os.access(folder.executable("two"), os.X_OK)
    assert (tmp_path / "builds").read_text() == "built\nbuilt\n"
    assert folder.log.read_text().count("build -v") == 2


def test_progress_counts_the_packages_that_go_names(ambient):
    env, progress = ambient(), Recorder()

    ensure_built(_folder(env), ambient=env, progress=progress)

    assert max(progress.packages) == 3
    assert "6 minutes" in progress.notes[0]


def test_a_missing_go_is_told_with_the_version_to_install(ambient, tmp_path):
    env = {**ambient(), "PATH": str(tmp_path / "nothing")}

    with pytest.raises(GoBuildError, match=r"Go is not on PATH. Expected Go 1\.26 or newer"):
        ensure_built(_folder(env), ambient=env, progress=Quiet())


def test_a_go_that_is_too_old_is_told_with_both_versions(ambient):
    env = ambient(version="go1.20.4")

    with pytest.raises(GoBuildError, match=r"got go1\.20\.4 at \S+/go, expected 1\.26 or newer"):
        ensure_built(_folder(env), ambient=env, progress=Quiet())


@pytest.mark.parametrize(
    ("version", "toolchain", "builds"),
    [("go1.24.0", "auto", True), ("go1.24.0", "local", False), ("go1.20.4", "auto", False)],
)
def test_an_older_go_is_enough_when_it_fetches_a_newer_one(ambient, version, toolchain, builds):
    env = ambient(version=version, toolchain=toolchain)

    if builds:
        ensure_built(_folder(env), ambient=env, progress=Quiet())
    else:
        with pytest.raises(GoBuildError, match="too old"):
            ensure_built(_folder(env), ambient=env, progress=Quiet())

    assert _folder(env).is_built() is builds


def test_a_failed_build_tells_what_go_said_and_where_the_log_is(ambient):
    env = ambient("echo 'dial tcp: no route to host' >&2; exit 1")
    folder = _folder(env)

    with pytest.raises(GoBuildError) as caught:
        ensure_built(folder, ambient=env, progress=Quiet())

    assert "got exit code 1, expected 0" in str(caught.value)
    assert "dial tcp: no route to host" in str(caught.value)
    assert "dial tcp" in folder.log.read_text()
    assert str(folder.log) in str(caught.value)


def test_a_failed_build_leaves_no_folder_that_looks_built(ambient):
    env = ambient("exit 1")
    folder = _folder(env)

    with pytest.raises(GoBuildError):
        ensure_built(folder, ambient=env, progress=Quiet())

    assert not folder.path.exists()
    assert _programs(folder.staging) == []


def test_a_program_is_kept_as_soon_as_it_is_built(ambient, tmp_path):
    """The second of two programs fails to compile; the next run compiles that one only."""
    recipe = replace(RECIPE, commands={"one": "example.org/one", "two": "example.org/two"})
    failing = ambient('case "$*" in *example.org/two*) exit 1 ;; esac')
    folder = build_folder(recipe, failing)
    with pytest.raises(GoBuildError):
        ensure_built(folder, ambient=failing, progress=Quiet())
    assert _programs(folder.staging) == ["one"]

    ensure_built(folder, ambient=ambient(), progress=Quiet())

    assert folder.is_built()
    assert (tmp_path / "builds").read_text() == "built\n" * 3
    assert "example.org/two" in (tmp_path / "builds.arguments").read_text()


def test_half_linked_programs_and_added_files_of_a_killed_build_are_made_again(ambient, tmp_path):
    env = ambient()
    folder = _folder(env)
    folder.staging.mkdir(parents=True)
    (folder.staging / "pulumi.part").write_text("half of a program")
    (folder.staging / "definitions").mkdir()
    (folder.staging / "definitions" / "half.yaml").write_text("")

    ensure_built(folder, ambient=env, progress=Quiet())

    assert (tmp_path / "builds").read_text() == "built\n"
    assert _leftovers(folder) == []
    assert not (folder.path / "definitions").exists()
    assert not (folder.path / "pulumi.part").exists()


def test_a_module_needed_as_data_is_downloaded_before_anything_is_compiled(ambient, tmp_path):
    env = ambient(download="""printf '{{"Error": "no route to host"}}'; exit 1""")

    with pytest.raises(GoBuildError, match=r"could not download .*no route to host.*same command"):
        ensure_built(_folder(env), ambient=env, progress=Quiet())

    assert not (tmp_path / "builds").exists()


def test_a_builder_waits_for_the_one_that_holds_the_lock(ambient, tmp_path):
    """It says that it waits, and then finds the other's build instead of making its own."""
    go_on = tmp_path / "go-on"
    env, progress = ambient(f"while [ ! -e {go_on} ]; do sleep 0.05; done"), Recorder(go_on)
    other = _in_another_process(env)
    until((tmp_path / "builds").exists)

    ensure_built(_folder(env), ambient=env, progress=progress)

    assert other.wait(timeout=120) == 0
    assert "waiting for it" in progress.notes[0]
    assert (tmp_path / "builds").read_text() == "built\n"


def test_a_lock_is_free_again_after_its_block(ambient):
    folder, waited = _folder(ambient()), []
    for _ in range(2):
        with locked(folder, waiting=lambda: waited.append(True)):
            pass

    assert waited == []


def test_an_interrupt_ends_the_compiler_and_keeps_no_half_program(ambient, tmp_path):
    env = ambient(f"sleep 60; touch {tmp_path / 'finished'}")
    process = _in_another_process(env)
    until((tmp_path / "builds").exists)

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)

    assert process.returncode == 130
    assert "the next run continues" in said
    assert "Traceback" not in said
    assert not _folder(env).path.exists()
    assert _programs(_folder(env).staging) == []
    running = subprocess.run(
        ["ps", "-A", "-ww", "-o", "args="], capture_output=True, text=True, check=True
    ).stdout
    assert str(tmp_path / "bin/go") not in running


def _in_another_process(env: Mapping[str, str]) -> "subprocess.Popen[str]":
    # In its own session: a test run in the background passes on that SIGINT is ignored.
    return subprocess.Popen(
        [sys.executable, "-c", _MAIN],
        env=dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


_MAIN = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from mobile_ai.sandbox.engine.__main__ import main
sys.exit(main([]))
"""
