"""The environment that the engine runs in: a pure function of what it is given."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.engine.found import Engine

__all__ = ["environment"]

_PYTHON = "MOBILE_AI_PYTHON"


def environment(
    engine: Engine,
    *,
    home: Path,
    backend_url: str,
    passphrase: str | None,
    ambient: Mapping[str, str],
    sandbox: bool,
) -> dict[str, str]:
    """Return the variables to start `engine` with.

    Every `PULUMI_OPTION_*` is dropped: each sets any flag of any command, so an ambient one could
    add `--policy-pack-config` or change the target of a gated run without being seen. The sandbox
    also drops what could reach a real cloud or somebody else's Pulumi.

    Args:
        engine: What will run.
        home: `PULUMI_HOME`: plugins, credentials and workspaces of this run.
        backend_url: Where the state is, as `file:///path`.
        passphrase: Protects the stack's secrets; `None` leaves the ambient one, as real clouds
            encrypt with a key service.
        ambient: The caller's environment, usually `os.environ`.
        sandbox: Whether stand-in providers run; a built engine alone does not decide that.
    """
    dropped = _dropped_in_sandbox if sandbox else _dropped_always
    kept = {name: value for name, value in ambient.items() if not dropped(name)}
    search = [str(engine.pulumi.parent), str(Path(sys.executable).parent)]
    kept |= {
        "PATH": os.pathsep.join([*search, ambient.get("PATH", os.defpath)]),
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": backend_url,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_ERROR_OUTPUT_STRING": "true",
        # Not resolved: the link in a virtual environment is what selects it.
        _PYTHON: sys.executable,
    }
    if passphrase is not None:
        kept.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
        kept["PULUMI_CONFIG_PASSPHRASE"] = passphrase
    if sandbox or engine.origin == "built":
        kept["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    if sandbox:
        # A stray `pulumi-resource-aws` on PATH must not stand before the stand-in.
        kept["PULUMI_IGNORE_AMBIENT_PLUGINS"] = "true"
    return kept


def _dropped_always(name: str) -> bool:
    return name.startswith("PULUMI_OPTION_")


def _dropped_in_sandbox(name: str) -> bool:
    return name.startswith(("PULUMI_", "AWS_", "KUBERNETES_")) or name == "KUBECONFIG"
