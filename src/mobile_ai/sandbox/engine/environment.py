"""Environment variables of the engine, computed without side effects."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from mobile_ai.sandbox.engine.found import Engine

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

    Every `PULUMI_OPTION_*` is dropped: each sets a flag of every command, so an ambient one could
    silently add `--policy-pack-config` or change the target of a gated run. The sandbox also drops
    variables that could lead to a real cloud or to another Pulumi installation.

    Args:
        engine: Engine to start.
        home: `PULUMI_HOME`: plugins, credentials and workspaces of this run.
        backend_url: URL of the backend, as `file:///path`.
        passphrase: Passphrase of the stack's secrets; `None` keeps the ambient one, as real clouds
            encrypt with a key service.
        ambient: The caller's environment, usually `os.environ`.
        sandbox: Whether stand-in providers run; a built engine alone does not imply it.
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
        # Not resolved: Python detects its virtual environment from the symlink's location.
        _PYTHON: sys.executable,
    }
    if passphrase is not None:
        kept.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
        kept["PULUMI_CONFIG_PASSPHRASE"] = passphrase
    if sandbox or engine.origin == "built":
        kept["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    if sandbox:
        # A `pulumi-resource-aws` on PATH must not take precedence over the stand-in.
        kept["PULUMI_IGNORE_AMBIENT_PLUGINS"] = "true"
    return kept


def _dropped_always(name: str) -> bool:
    return name.startswith("PULUMI_OPTION_")


def _dropped_in_sandbox(name: str) -> bool:
    return name.startswith(("PULUMI_", "AWS_", "KUBERNETES_")) or name == "KUBECONFIG"
