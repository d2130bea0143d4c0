"""Pulumi's official Kubernetes provider, built once from its pinned Go module.

executable = locate(progress=progress)

`python -m mobile_ai.sandbox.kubernetes_provider` runs this line and prints the path. A running
sandbox uses this provider; a preview without a sandbox uses the stand-in and requires no build.
"""

from mobile_ai.sandbox.kubernetes_provider.kubeconfig import USUAL, without_current_context
from mobile_ai.sandbox.kubernetes_provider.locate import locate_provider

__all__ = ["USUAL", "locate_provider", "without_current_context"]
