"""Kubeconfig files for the provider: clusters by the names of their contexts only."""

import os
from pathlib import Path
from typing import Final

__all__ = ["USUAL", "without_current_context"]

USUAL: Final = "~/.kube/config"
"""Where clients of Kubernetes look when `KUBECONFIG` is not set."""

_NO_CONTEXT: Final = Path(__file__).resolve().parent / "no-current-context.yaml"


def without_current_context(files: str) -> dict[str, str]:
    """Return the variable that lets a provider without a context reach no cluster.

    A provider with `renderYamlToDirectory` takes the current context although it applies nothing,
    and with a cluster that it reaches it writes its files at preview already, before anybody judged
    them (`Create` and `Update` in provider.go of pulumi-kubernetes render before they look at
    `preview`). A context that is named is found as before.

    Args:
        files: As in `KUBECONFIG`; empty for none.
    """
    return {"KUBECONFIG": os.pathsep.join(filter(None, [str(_NO_CONTEXT), files]))}
