"""The Kubernetes API: etcd, and one API server for each cluster of the sandbox."""

import os
from pathlib import Path

import yaml

from sandbox.kubernetes import ControlPlane
from sandbox.services.endpoints import DEFAULT_CLUSTER, Cluster
from sandbox.services.names import cluster_service
from sandbox.services.places import Places
from sandbox.services.service import Service

__all__ = ["api_server_service", "etcd_service", "write_kubeconfig"]

_KEY_BITS = 2048
_ADMINISTRATOR = "sandbox"


def etcd_service(places: Places, programs: ControlPlane) -> Service:
    """The database; each cluster has its own prefix in it."""
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
    # A sandbox may lose its last writes when the machine fails.
    flags = (*(f"--{key}={value}" for key, value in options.items()), "--unsafe-no-fsync")
    return Service(name="etcd", command=(str(programs.etcd), *flags))


def api_server_service(context: str, places: Places, programs: ControlPlane) -> Service:
    """The API server of one cluster."""
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
        # It adds finalizers that only a controller takes off again.
        "disable-admission-plugins": "StorageObjectInUseProtection",
        # Nothing routes to it: the object `default/kubernetes` would be a claim about no network.
        "endpoint-reconciler-type": "none",
    }
    return Service(
        name=name,
        command=(str(programs.api_server), *(f"--{key}={value}" for key, value in options.items())),
        after=("etcd",),
        prepare=lambda: _prepare(data, token=places.secret),
        settle=lambda: _settle(places.cluster(context), programs.definitions),
    )


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
        "users": [{"name": _ADMINISTRATOR, "user": {"token": clusters[first].token}}],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": _ADMINISTRATOR}}
            for name in clusters
        ],
    }
    _write_private(path, yaml.safe_dump(document, sort_keys=False))


def _prepare(data: Path, *, token: str) -> None:
    """Write who may come in, and the key that the server signs service accounts with."""
    data.mkdir(parents=True, exist_ok=True)
    _write_private(
        data / "tokens.csv", f'{token},{_ADMINISTRATOR},{_ADMINISTRATOR},"system:masters"\n'
    )
    if not (data / "accounts").exists():
        _write_private(data / "accounts", _private_key())


def _private_key() -> str:
    # A tenth of a second to import, once per sandbox.
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _settle(cluster: Cluster, definitions: Path) -> None:
    from sandbox.kubernetes.api import Api  # noqa: PLC0415  half a second, while others start
    from sandbox.kubernetes.definitions import install_definitions  # noqa: PLC0415

    install_definitions(Api.of(cluster), definitions)


def _write_private(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)
