"""Readiness checks of services, by requests to the service itself."""

import ssl
from typing import Final
from urllib.error import URLError
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from mobile_ai.sandbox.services.names import part_of
from mobile_ai.sandbox.services.places import ServicePaths

_SECONDS: Final = 3.0
_SUCCESS: Final = 300
_PATHS: Final = {
    "aws": "moto-api/",
    "etcd": "health",
    "mlflow": "health",
    "cdn": "-/health",
    "nodes": "healthz",
}
# Self-signed certificates that each program creates in its data folder.
_CERTIFICATES: Final = {
    "controllers": "kube-controller-manager.crt",
    "scheduler": "kube-scheduler.crt",
}


def is_ready(name: str, places: ServicePaths) -> bool:
    """Return whether a service responds as ready."""
    if name == "postgres":
        return _takes_connections(places)
    part, context = part_of(name) or (name, "")
    if part == "kubernetes":
        cluster = places.cluster(context)
        return _answers(f"{cluster.server}/readyz", ca=cluster.ca, token=cluster.token)
    if part in _CERTIFICATES:
        ca = places.data(name) / _CERTIFICATES[part]
        return _answers(f"https://127.0.0.1:{places.port(name)}/healthz", ca=str(ca))
    return _answers(f"{places.url(name)}/{_PATHS[part]}")


def _answers(url: str, *, ca: str = "", token: str = "") -> bool:
    request = Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310
    try:
        with _opener(ca).open(request, timeout=_SECONDS) as response:
            return bool(response.status < _SUCCESS)
    except (URLError, OSError, ValueError):
        return False


def _opener(ca: str) -> OpenerDirector:
    # Loopback requests must not use a proxy from the user's environment.
    direct = ProxyHandler({})
    if not ca:
        return build_opener(direct)
    return build_opener(direct, HTTPSHandler(context=ssl.create_default_context(cafile=ca)))


def _takes_connections(places: ServicePaths) -> bool:
    import psycopg2  # noqa: PLC0415  loaded only where PostgreSQL is used

    try:
        psycopg2.connect(places.database_url, connect_timeout=int(_SECONDS)).close()
    except psycopg2.OperationalError:
        return False
    return True
