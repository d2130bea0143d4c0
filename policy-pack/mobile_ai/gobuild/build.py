"""Builds a recipe from its pinned Go modules into the user's cache."""

import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from mobile_ai.gobuild.cache import BuildFolder, build_folder, locked
from mobile_ai.gobuild.errors import GoBuildError
from mobile_ai.gobuild.golang import find_go, module_source
from mobile_ai.gobuild.progress import Progress
from mobile_ai.gobuild.recipe import GoRecipe

_LAST_LINES = 15
_STOP_SECONDS = 5.0


def built_programs(
    recipe: GoRecipe, *, ambient: Mapping[str, str], progress: Progress
) -> BuildFolder:
    """Return the folder of a finished build of a recipe, and build it first if it is missing.

    Raises:
        GoBuildError: Go is missing or too old, or the build fails.
    """
    folder = build_folder(recipe, ambient)
    ensure_built(folder, ambient=ambient, progress=progress)
    return folder


def ensure_built(folder: BuildFolder, *, ambient: Mapping[str, str], progress: Progress) -> None:
    """Ensure a finished build in `folder`, waiting for another builder if necessary.

    Args:
        folder: Build folder in the cache.
        ambient: The caller's environment, which also configures Go.
        progress: Receives build progress.

    Raises:
        GoBuildError: Go is missing or too old, or the build fails.
    """
    if not folder.is_built():
        with locked(folder, waiting=lambda: progress.note(_waiting(folder))):
            if not folder.is_built():
                _build(folder, ambient, progress)


def _waiting(folder: BuildFolder) -> str:
    return f"Another process is building {folder.recipe.what}; waiting for it ({folder.lock})."


def _build(folder: BuildFolder, ambient: Mapping[str, str], progress: Progress) -> None:
    recipe = folder.recipe
    go = find_go(folder, ambient)
    progress.note(
        f"Building {recipe.what} {folder.pin.version} from its pinned Go modules. This takes "
        f"about {recipe.minutes} minutes on 2 cores, once on this machine. Log: {folder.log}"
    )
    began = time.monotonic()
    staging = folder.staging
    _keep_finished_programs(staging, recipe)
    # Before compilation, so that a missing module fails the build within a minute.
    recipe.add(staging, lambda module: module_source(module, go, folder, ambient))
    _compile(go, folder, ambient, progress)
    record = {"digest": folder.pin.digest, "version": folder.pin.version}
    (staging / folder.record.name).write_text(json.dumps(record) + "\n")
    _move_into_place(folder)
    seconds = time.monotonic() - began
    progress.note(f"Built {recipe.what}: {folder.path} ({seconds:.0f} s).")


def _keep_finished_programs(staging: Path, recipe: GoRecipe) -> None:
    """Clear the staging folder of a failed build, except for compiled programs."""
    staging.mkdir(parents=True, exist_ok=True)
    for path in staging.iterdir():
        if path.name in recipe.commands:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _move_into_place(folder: BuildFolder) -> None:
    # Replaces an incomplete folder, such as one with manually deleted files.
    if folder.path.exists():
        shutil.rmtree(folder.path)
    folder.staging.rename(folder.path)


def _compile(go: Path, folder: BuildFolder, ambient: Mapping[str, str], progress: Progress) -> None:
    """Compile the missing programs, and keep each as soon as it is linked."""
    said: list[str] = []
    for name, package in folder.recipe.commands.items():
        finished = folder.staging / name
        if finished.exists():
            continue
        linking = finished.with_suffix(".part")
        command = _command(go, folder, package, linking)
        said.append(" ".join(command))
        _run(command, folder, ambient, progress, said)
        linking.rename(finished)


def _command(go: Path, folder: BuildFolder, package: str, output: Path) -> list[str]:
    versions = [f"-X {name}=v{folder.pin.version}" for name in folder.recipe.variables]
    # No VCS stamp, no paths: the surrounding checkout must not affect the build.
    build = [str(go), "build", "-v", "-buildvcs=false", "-trimpath", "-mod=readonly"]
    return [*build, "-ldflags", " ".join(["-s", "-w", *versions]), "-o", str(output), package]


def _run(
    command: list[str],
    folder: BuildFolder,
    ambient: Mapping[str, str],
    progress: Progress,
    said: list[str],
) -> None:
    """Run Go; `go build -v` prints each package that it compiles."""
    lines: list[str] = []
    with ExitStack() as stack:
        with _interrupts_held():
            go = stack.enter_context(_start(command, folder, ambient))
            stack.push(lambda error, *_: _stop(go) if error else None)
        _follow(go, lines, progress)
    said += lines
    folder.log.write_text("".join(f"{line}\n" for line in said))
    if go.returncode:
        raise GoBuildError(_failure(go.returncode, lines, folder))


def _start(
    command: list[str], folder: BuildFolder, ambient: Mapping[str, str]
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command,
        cwd=folder.recipe.module,
        # Without cgo, the build needs no C compiler and the program runs on any libc.
        env={**ambient, "CGO_ENABLED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        # Separate process group, so that Ctrl-C does not reach the compilers before us.
        process_group=0,
    )


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Defer interrupts until the block ends, so that a process started in it can be stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield  # interrupts reach the main thread only
        return
    held: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if held:
        raise KeyboardInterrupt


def _follow(go: "subprocess.Popen[str]", lines: list[str], progress: Progress) -> None:
    began = time.monotonic()
    arrived: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        with suppress(ValueError):  # after an interrupt, the main thread closes the pipe
            for line in go.stdout or ():
                arrived.put(line.rstrip("\n"))
        arrived.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        with suppress(queue.Empty):
            line = arrived.get(timeout=1.0)
            if line is None:
                return
            lines.append(line)
        packages = sum(1 for line in lines if _is_package(line))
        stage = "Compiling" if packages or not lines else "Downloading modules"
        progress.tick(stage, packages=packages, seconds=time.monotonic() - began)


def _is_package(line: str) -> bool:
    return " " not in line and not line.startswith("#")


def _stop(go: "subprocess.Popen[str]") -> None:
    for kind in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(go.pid, kind)
        with suppress(subprocess.TimeoutExpired):
            go.wait(_STOP_SECONDS)
            return


def _failure(code: int, lines: list[str], folder: BuildFolder) -> str:
    said = "\n".join(f"  {line}" for line in lines if not _is_package(line))
    tail = "\n".join(said.splitlines()[-_LAST_LINES:]) or "  (nothing)"
    return (
        f"Go could not build {folder.recipe.what} {folder.pin.version}: got exit code {code}, "
        f"expected 0. It said last:\n{tail}\nThe whole output is in {folder.log}. Check the "
        "network (Go modules are fetched once) and the free disk space (about 3 GB), then run the "
        "same command again; what was compiled so far is kept by Go."
    )
