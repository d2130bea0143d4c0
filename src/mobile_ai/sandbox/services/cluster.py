"""Kubernetes services: etcd; and API server, controllers, scheduler and nodes per cluster."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import yaml

from mobile_ai.sandbox.files import write_atomically
from mobile_ai.sandbox.kubernetes import ControlPlane
from mobile_ai.sandbox.services.endpoints import DEFAULT_CLUSTER, Cluster
from mobile_ai.sandbox.services.names import cluster_service
from mobile_ai.sandbox.services.places import ServicePaths
from mobile_ai.sandbox.services.service import Service

_KEY_BITS = 2048
_ADMINISTRATOR = "sandbox"
_NODE: Final = "node"
# Capacity for any site; a site's quota limits its use.
_ROOM: Final = {"cpu": "1k", "memory": "1Ti", "ephemeral-storage": "10Ti", "pods": "10k"}


def etcd_service(places: ServicePaths, programs: ControlPlane) -> Service:
    """Return the etcd service; each cluster has its own prefix in it."""
    client, peer = places.url("etcd"), places.url("etcd-peer")
    options = {
        "data-dir": str(places.data("etcd")),
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
        "log-level": "warn",
    }
    # Durability across a machine failure is not required in a sandbox.
    return Service(name="etcd", command=(*_command(programs.etcd, options), "--unsafe-no-fsync"))


def cluster_part(part: str, context: str, places: ServicePaths, programs: ControlPlane) -> Service:
    """Return one of the services of a cluster (`mobile_ai.sandbox.services.names.PARTS`)."""
    return _PARTS[part](context, places, programs)


def _api_server(context: str, places: ServicePaths, programs: ControlPlane) -> Service:
    name = cluster_service(context)
    data, server = places.data(name), places.cluster(context).server
    options = {
        "etcd-servers": places.url("etcd"),
        "etcd-prefix": f"/{name}",
        "secure-port": str(places.port(name)),
        "bind-address": "127.0.0.1",
        "advertise-address": "127.0.0.1",
        "cert-dir": str(data),
        "service-account-key-file": str(data / "accounts"),
        "service-account-signing-key-file": str(data / "accounts"),
        "service-account-issuer": server,
        "token-auth-file": str(data / "tokens.csv"),
        "authorization-mode": "RBAC",
        "service-cluster-ip-range": "10.0.0.0/24",
        # No network routes to service addresses, so `default/kubernetes` gets no endpoints.
        "endpoint-reconciler-type": "none",
    }
    return Service(
        name=name,
        command=_command(programs.api_server, options),
        after=("etcd",),
        prepare=lambda: _prepare(data, token=places.secret),
        settle=lambda: _settle(places.cluster(context), programs.definitions),
    )


def _controllers(context: str, places: ServicePaths, programs: ControlPlane) -> Service:
    accounts = places.data(cluster_service(context)) / "accounts"
    options = {
        "service-account-private-key-file": str(accounts),
        "root-ca-file": places.cluster(context).ca,
        # Generous, so that a busy machine does not count as a lost node.
        "node-monitor-grace-period": "300s",
    }
    return _client("controllers", programs.controller_manager, context, places, options)


def _scheduler(context: str, places: ServicePaths, programs: ControlPlane) -> Service:
    return _client("scheduler", programs.scheduler, context, places, {})


def _client(
    part: str, program: Path, context: str, places: ServicePaths, options: Mapping[str, str]
) -> Service:
    """Return a control plane service that uses the API server, without leader election."""
    name, api = cluster_service(context, part), cluster_service(context)
    data = places.data(name)
    shared = {
        "kubeconfig": str(data / "kubeconfig"),
        # Repeated from the kubeconfig, so that a changed address changes the command and causes a
        # restart.
        "master": places.cluster(context).server,
        "bind-address": "127.0.0.1",
        "secure-port": str(places.port(name)),
        "cert-dir": str(data),
        "leader-elect": "false",
    }
    return Service(
        name=name,
        command=_command(program, {**shared, **options}),
        after=(api,),
        prepare=partial(_enter, data, context, places.cluster(context)),
    )


def _nodes(context: str, places: ServicePaths, programs: ControlPlane) -> Service:
    name, api = cluster_service(context, "nodes"), cluster_service(context)
    data, cluster = places.data(name), places.cluster(context)
    options = {
        "kubeconfig": str(data / "kubeconfig"),
        "master": cluster.server,
        "server-address": f"127.0.0.1:{places.port(name)}",
        "manage-all-nodes": "true",
        # Without leases, the controllers consider the node and its pods lost after a minute.
        "node-lease-duration-seconds": "40",
    }
    stages = (f"--config={path}" for path in programs.stages)
    return Service(
        name=name,
        command=(*_command(programs.node_simulator, options), *stages),
        after=(api,),
        prepare=partial(_enter, data, context, cluster),
        settle=partial(_add_node, cluster),
    )


_PARTS: Final[Mapping[str, Callable[[str, ServicePaths, ControlPlane], Service]]] = {
    "kubernetes": _api_server,
    "controllers": _controllers,
    "scheduler": _scheduler,
    "nodes": _nodes,
}


def _command(program: Path, options: Mapping[str, str]) -> tuple[str, ...]:
    return (str(program), *(f"--{key}={value}" for key, value in options.items()))


def _enter(data: Path, context: str, cluster: Cluster) -> None:
    """Write the kubeconfig of a control plane service."""
    data.mkdir(parents=True, exist_ok=True)
    write_kubeconfig(data / "kubeconfig", {context: cluster})


def _add_node(cluster: Cluster) -> None:
    """Register the node for all pods; the simulator makes it ready."""
    from mobile_ai.sandbox.kubernetes.api import KubernetesApi, KubernetesApiError  # noqa: PLC0415  half a second

    labels = {"kubernetes.io/hostname": _NODE, "kubernetes.io/os": "linux"}
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": _NODE, "labels": labels},
        "status": {"capacity": _ROOM, "allocatable": _ROOM},
    }
    try:
        # Posted instead of applied, since apply ignores the status.
        KubernetesApi.of(cluster).request("post", "/api/v1/nodes", node)
    except KubernetesApiError as error:
        if error.reason != "AlreadyExists":
            raise


def write_kubeconfig(path: Path, clusters: dict[str, Cluster]) -> None:
    """Write a kubeconfig with one context per cluster, readable by its owner only."""
    first = DEFAULT_CLUSTER if DEFAULT_CLUSTER in clusters else next(iter(clusters))
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": first,
        "clusters": [
            {"name": name, "cluster": {"server": one.server, "certificate-authority": one.ca}}
            for name, one in clusters.items()
        ],
        "users": [{"name": name, "user": _credentials(one)} for name, one in clusters.items()],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": name}} for name in clusters
        ],
    }
    write_atomically(path, yaml.safe_dump(document, sort_keys=False), mode=0o600)


def _credentials(cluster: Cluster) -> dict[str, str]:
    if cluster.certificate:
        return {"client-certificate": cluster.certificate, "client-key": cluster.key}
    return {"token": cluster.token}


def _prepare(data: Path, *, token: str) -> None:
    """Write the token file, and the key that signs service account tokens."""
    data.mkdir(parents=True, exist_ok=True)
    row = f'{token},{_ADMINISTRATOR},{_ADMINISTRATOR},"system:masters"\n'
    write_atomically(data / "tokens.csv", row, mode=0o600)
    if not (data / "accounts").exists():
        write_atomically(data / "accounts", _private_key(), mode=0o600)


def _private_key() -> str:
    # Imported here: it takes a tenth of a second, once per sandbox.
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _settle(cluster: Cluster, definitions: Path) -> None:
    from mobile_ai.sandbox.kubernetes.api import KubernetesApi  # noqa: PLC0415  half a second, while others start
    from mobile_ai.sandbox.kubernetes.definitions import install_definitions  # noqa: PLC0415

    install_definitions(KubernetesApi.of(cluster), definitions)
