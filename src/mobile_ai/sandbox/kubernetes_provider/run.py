"""Runs the official Kubernetes provider against a sandbox only."""

import os
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.kubernetes_provider.kubeconfig import without_current_context
from mobile_ai.sandbox.kubernetes_provider.locate import EXECUTABLE, built
from mobile_ai.sandbox.providers.specfile import sdk_version
from mobile_ai.sandbox.services.endpoints import Endpoints

# Nothing listens on this port, so requests to other machines fail immediately.
_NOWHERE: Final = "http://127.0.0.1:9"
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
# Variables that change the provider's behaviour, select clusters, or locate charts.
_DROPPED: Final = ("PULUMI_K8S_", "KUBE", "HELM_", "NO_PROXY", *_PROXIES)


def become_provider(
    endpoints: Endpoints, arguments: Sequence[str], ambient: Mapping[str, str]
) -> NoReturn:
    """Replace this process by the provider.

    Args:
        endpoints: Endpoints of the running sandbox.
        arguments: The engine's arguments for its plugin.
        ambient: The engine's environment for its plugin.

    Raises:
        SandboxError: The provider is not built.
    """
    folder = built(ambient)
    if folder is None:
        raise SandboxError(
            "The Kubernetes provider is not built: got a running sandbox "
            f"({endpoints.name}), expected the provider that it needs. Run `python -m "
            "mobile_ai.sandbox.kubernetes_provider`, then the same command again."
        )
    program = str(folder.executable(EXECUTABLE))
    os.execve(program, [program, *arguments], provider_environment(endpoints, ambient))  # noqa: S606


def provider_environment(endpoints: Endpoints, ambient: Mapping[str, str]) -> dict[str, str]:
    """Return the provider's environment: clusters of the sandbox, and loopback only."""
    kept = {name: value for name, value in ambient.items() if not name.upper().startswith(_DROPPED)}
    # Go does not use proxies for loopback addresses.
    proxies = dict.fromkeys(_PROXIES, _NOWHERE)
    return {
        **kept,
        **proxies,
        **without_current_context(endpoints.kubeconfig),
        "MOBILE_AI_PLUGIN_VERSION": sdk_version("kubernetes"),
    }
