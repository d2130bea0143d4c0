"""Engine selection, and the environment variables that the engine runs with."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from mobile_ai.gate.engine.sandbox_stack import PASSPHRASE
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.gate.report.report import EngineFacts as EngineResult
from mobile_ai.sandbox.engine import Engine, environment, locate_engine
from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.kubernetes_provider import USUAL, without_current_context
from mobile_ai.sandbox.progress import shown as engine_progress

__all__ = [
    "CloudName",
    "cloud_environment",
    "engine_result",
    "find_engine",
    "have_kubernetes_provider",
    "require_official",
    "variables_of",
]

CloudName = Literal["sandbox", "aws"]


def find_engine(cloud: CloudName, ambient: Mapping[str, str]) -> Engine:
    """Return the engine, and build it first if it is missing.

    Raises:
        GateError: No usable engine was found, or it cannot run the official providers.
    """
    with ExitStack() as stack:
        try:
            engine = locate_engine(ambient=ambient, progress=stack.enter_context(engine_progress()))
        except SandboxError as error:
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
    except SandboxError as error:
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
