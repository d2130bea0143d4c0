"""Selection and variables of the engine, and the stack of a sandbox.

A sandbox stack is a copy of the stack file and a separate state, outside of Git.

The official Python language host passes a stack's configuration in one environment variable, and
Linux starts no process with one of 128 KiB or more (`execve(2)`, MAX_ARG_STRLEN;
https://github.com/pulumi/pulumi/issues/20402). The engine reports this as "argument list too long".
The sandbox's host has no such limit.
"""

import json
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Literal

from mobile_ai.gate.engine.process import capture
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.gate.report.report import EngineFacts as EngineResult
from mobile_ai.gobuild.errors import GoBuildError
from mobile_ai.gobuild.progress import shown as engine_progress
from mobile_ai.sandbox.engine import Engine, environment, locate_engine
from mobile_ai.sandbox.engine.host.long import LONGEST
from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.kubernetes_provider import USUAL, without_current_context
from mobile_ai.stack.editor import sandbox_copy
from mobile_ai.stack.reader import StackFile

CloudName = Literal["sandbox", "aws"]
"""Providers of a run: stand-ins, or the official ones."""
PASSPHRASE = "sandbox"  # noqa: S105  protects nothing: the sandbox holds no secret
"""Passphrase of a sandbox's state."""
_VARIABLE: Final = "PULUMI_CONFIG="
_NEAR: Final = 0.75
_SPLIT: Final = (
    "move some applications to a stack of their own (`mobile-ai:deployments`, docs/sandbox.md)"
)


def find_engine(cloud: CloudName, ambient: Mapping[str, str]) -> Engine:
    """Return the engine, and build it first if it is missing.

    Raises:
        GateError: No usable engine was found, or it cannot run the official providers.
    """
    with ExitStack() as stack:
        try:
            engine = locate_engine(ambient=ambient, progress=stack.enter_context(engine_progress()))
        except (GoBuildError, SandboxError) as error:
            raise GateError(str(error)) from error
    if cloud == "aws":
        require_official(engine)
    return engine


def have_kubernetes_provider(ambient: Mapping[str, str]) -> None:
    """Build the Kubernetes provider that a running sandbox requires, if it is missing.

    Raises:
        GateError: It cannot be built.
    """
    from mobile_ai.sandbox.kubernetes_provider import locate_provider  # noqa: PLC0415

    try:
        with engine_progress() as progress:
            locate_provider(ambient=ambient, progress=progress)
    except (GoBuildError, SandboxError) as error:
        raise GateError(str(error)) from error


def have_evaluator(project: Project, ambient: Mapping[str, str]) -> None:
    """Build the evaluator of Rego modules, if the pack has modules and it is missing.

    Raises:
        GateError: It cannot be built.
    """
    if not any((project.pack / "rego").glob("*.rego")):
        return
    from mobile_ai.governance.opa.recipe import build_evaluator  # noqa: PLC0415

    try:
        with engine_progress() as progress:
            build_evaluator(ambient=ambient, progress=progress)
    except GoBuildError as error:
        raise GateError(str(error)) from error


def variables_of(
    project: Project, engine: Engine, cloud: CloudName, ambient: Mapping[str, str]
) -> dict[str, str]:
    """Return the engine's variables, without those that could silently change a run."""
    if cloud == "aws":
        return cloud_environment(engine, ambient)
    return environment(
        engine,
        home=project.home,
        backend_url=project.state.as_uri(),
        passphrase=PASSPHRASE,
        ambient=ambient,
        sandbox=True,
    )


def engine_result(engine: Engine, cloud: CloudName) -> EngineResult:
    """Return the engine section of the report."""
    return EngineResult(
        version=engine.version,
        origin=engine.origin,
        providers="official" if cloud == "aws" else "stand-in",
    )


def require_official(engine: Engine) -> None:
    """Check that the engine can install and run official plugins.

    Raises:
        GateError: The engine was built locally, with the sandbox's language host.
    """
    if engine.origin != "official":
        raise GateError(
            f"cloud aws: got the engine built at {engine.pulumi}; expected an official Pulumi "
            "release. Next: install Pulumi, put it on PATH, or use --cloud sandbox."
        )


def cloud_environment(engine: Engine, ambient: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's variables, without those that could change a gated run."""
    backend = ambient.get("PULUMI_BACKEND_URL", "")
    home = Path(ambient.get("PULUMI_HOME") or Path.home() / ".pulumi")
    variables = environment(
        engine,
        home=home,
        backend_url=backend,
        passphrase=None,
        ambient=ambient,
        sandbox=False,
    )
    if not backend:
        # The backend of `pulumi login` or of Pulumi.yaml applies.
        del variables["PULUMI_BACKEND_URL"]
    files = ambient.get("KUBECONFIG") or str(Path(USUAL).expanduser())
    return variables | without_current_context(files)


def prepare_sandbox_stack(project: Project, engine: Engine, environment: Mapping[str, str]) -> None:
    """Copy the stack file and initialise the stack's state, if it does not exist.

    `pulumi stack init` writes to the stack file next to the `Pulumi.yaml` that it finds, so it runs
    in a folder with copies of both.

    Raises:
        GateError: The state cannot be created.
    """
    _forgo_engine_log(project.home)
    project.state.mkdir(parents=True, exist_ok=True)
    project.stacks.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(project.root / "Pulumi.yaml", project.stacks / "Pulumi.yaml")
    earlier = project.stack_copy.read_text() if project.stack_copy.is_file() else ""
    if not _has_state(project):
        earlier = ""
    text = sandbox_copy(project.stack_file.read_text(), earlier=earlier)
    _write(project.stack_copy, text)
    if not earlier:
        _initialise(project, engine, environment)


def _forgo_engine_log(home: Path) -> None:
    """Keep the engine from logging every command at debug level, values of resources included.

    No setting turns that off, but it goes on without a log where it cannot make the folder
    (`StartLogging` in pkg/logging/encrypted.go of pulumi/pulumi 3.259). The log took 0.4 s of 1.3 s
    of the engine's CPU time in a judged preview of 207 resources; the gate keeps one of its own.
    """
    logs = home / "logs"
    if logs.is_dir():
        shutil.rmtree(logs, ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    logs.touch()


def _has_state(project: Project) -> bool:
    states = project.state / ".pulumi" / "stacks"
    return any(states.glob(f"*/{project.stack}.json"))


def _initialise(project: Project, engine: Engine, environment: Mapping[str, str]) -> None:
    # Without a stack file first: the engine would validate an existing one before adding its salt.
    text = project.stack_copy.read_text()
    project.stack_copy.unlink()
    result = capture(
        [engine.pulumi, "stack", "init", project.stack, "--no-select"],
        folder=project.stacks,
        environment=environment,
    )
    if result.returncode and not _has_state(project):
        raise GateError(
            f"state of stack {project.stack}: got {result.stderr.strip()!r}; expected "
            f"`pulumi stack init` to succeed. Next: remove {project.state} and try again."
        )
    made = project.stack_copy.read_text() if project.stack_copy.is_file() else ""
    _write(project.stack_copy, sandbox_copy(text, earlier=made))


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)


def config_bytes(config: Mapping[str, Any]) -> int:
    """Return the size of the variable, in bytes, for a stack file's ``config``.

    Every value is passed as text, an object as JSON, within one JSON object. Go escapes ``<``,
    ``>`` and ``&`` as six bytes, in each of the two encodings.
    """
    texts = {key: value if isinstance(value, str) else _go(value) for key, value in config.items()}
    return len(f"{_VARIABLE}{_go(texts)}".encode())


def require_startable(stack_file: StackFile) -> None:
    """Check that the official host can start the program with the stack's configuration.

    Raises:
        GateError: The configuration is too long.
    """
    size = config_bytes(stack_file.config)
    if size > LONGEST:
        raise GateError(
            f"{stack_file.name}: got a configuration of {_kib(size)} KiB; expected less "
            "than 128, since Pulumi hands it to the program in one environment variable, which "
            f"Linux limits. Next: {_SPLIT}."
        )


def size_warnings(stack_file: StackFile) -> tuple[str, ...]:
    """Return a warning for a configuration near or above the limit of the official host."""
    size = config_bytes(stack_file.config)
    if size < _NEAR * LONGEST:
        return ()
    state = "too long for AWS" if size > LONGEST else "near the limit on AWS"
    said = f"its configuration is {state}, {_kib(size)} of 128 KiB"
    return (f"{stack_file.name}: {said}. Next: {_SPLIT}.",)


def _go(value: object) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _kib(size: int) -> str:
    return f"{size / 1024:.1f}"
