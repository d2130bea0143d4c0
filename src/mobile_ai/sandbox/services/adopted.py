"""Adopts an existing local cluster of the user, such as one of kind or minikube."""

import os
from pathlib import Path
from typing import Any, Final

from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.services.endpoints import Cluster, Endpoints

_NEEDED: Final = ("gateway.networking.k8s.io/v1", "HTTPRoute")


def adopt(kubeconfig: Path, *, data: Path) -> Cluster:
    """Return the cluster of a kubeconfig's current context.

    Credentials that are inline or in temporary files are copied. Nothing is installed in the
    cluster.

    Args:
        kubeconfig: Kubeconfig of the user.
        data: Folder for the copies.

    Raises:
        SandboxError: It cannot be read, is not on this machine, has no static token or certificate,
            or its cluster is unreachable or lacks the Gateway API.
    """
    settings = _settings(kubeconfig)
    data.mkdir(parents=True, exist_ok=True)
    token = settings.api_key.get("BearerToken", "").removeprefix("Bearer ")
    cluster = Cluster(
        server=settings.host,
        ca=_copied(settings.ssl_ca_cert, data / "ca.crt"),
        token=token,
        certificate=_copied(settings.cert_file, data / "client.crt"),
        key=_copied(settings.key_file, data / "client.key"),
    )
    Endpoints(name="adopted", kubernetes={"default": cluster})  # refuses another machine
    if not cluster.ca or not (cluster.token or cluster.key):
        raise SandboxError(
            f"{kubeconfig}: got a context without a certificate to trust, or with neither token "
            "nor client certificate; expected both, since a program that prints short-lived "
            "tokens is not run. Next: name the kubeconfig that kind or minikube wrote."
        )
    _require_gateway(kubeconfig, cluster)
    return cluster


def _settings(kubeconfig: Path) -> Any:
    import yaml  # noqa: PLC0415
    from kubernetes import client, config  # noqa: PLC0415  half a second

    settings = client.Configuration()
    try:
        config.load_kube_config(str(kubeconfig), client_configuration=settings)
    except (config.ConfigException, yaml.YAMLError, OSError, ValueError, TypeError) as error:
        raise SandboxError(
            f"{kubeconfig}: got {type(error).__name__} ({error}); expected a kubeconfig with a "
            "current context. Next: `kubectl config current-context --kubeconfig` that file."
        ) from error
    return settings


def _copied(source: str | None, to: Path) -> str:
    if not source:
        return ""
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(Path(source).read_bytes())
    return str(to)


def _require_gateway(kubeconfig: Path, cluster: Cluster) -> None:
    from mobile_ai.sandbox.kubernetes.api import KubernetesApi, KubernetesApiError  # noqa: PLC0415

    try:
        KubernetesApi.of(cluster).kind(*_NEEDED)
    except KubernetesApiError as error:
        raise SandboxError(
            f"{kubeconfig}: got {error}; expected a cluster that answers and has the Gateway API. "
            "Next: start it, and install gateway-api's standard channel (docs/sandbox.md, "
            "Kubernetes objects)."
        ) from error
