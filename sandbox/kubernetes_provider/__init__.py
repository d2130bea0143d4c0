"""Pulumi's own Kubernetes provider, built once from its pinned Go module.

    executable = locate(progress=progress)

`python -m sandbox.kubernetes_provider` does this line and prints the path. The provider runs
wherever a sandbox runs; a preview without a sandbox uses the stand-in and needs no build.
"""

from sandbox.kubernetes_provider.kubeconfig import USUAL, without_current_context
from sandbox.kubernetes_provider.locate import locate

__all__ = ["USUAL", "locate", "without_current_context"]
