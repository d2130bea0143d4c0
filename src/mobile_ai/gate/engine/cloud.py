"""Environment of a run on AWS: the caller's backend, credentials and plugins."""

from collections.abc import Mapping
from pathlib import Path

from mobile_ai.gate.errors import GateError
from mobile_ai.sandbox.engine import Engine, environment
from mobile_ai.sandbox.kubernetes_provider import USUAL, without_current_context

__all__ = ["cloud_environment", "require_official"]


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
