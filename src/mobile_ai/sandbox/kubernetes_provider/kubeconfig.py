"""Kubeconfig without a current context, for the Kubernetes provider."""

import os
from pathlib import Path
from typing import Final

USUAL: Final = "~/.kube/config"
"""Default path of a kubeconfig, if `KUBECONFIG` is not set."""

_NO_CONTEXT: Final = Path(__file__).resolve().parent / "no-current-context.yaml"


def without_current_context(files: str) -> dict[str, str]:
    """Return a `KUBECONFIG` with which a provider without a context reaches no cluster.

    A provider with `renderYamlToDirectory` uses the current context although it applies nothing;
    with a reachable cluster it writes its files already at preview, before any rule has run
    (`Create` and `Update` in provider.go of pulumi-kubernetes render before they check `preview`).
    Named contexts still resolve.

    Args:
        files: Value of `KUBECONFIG`; empty for none.
    """
    return {"KUBECONFIG": os.pathsep.join(filter(None, [str(_NO_CONTEXT), files]))}
