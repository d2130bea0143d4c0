"""Whether a service answers: asked of the service itself, never guessed from time."""

import ssl
from typing import Final
from urllib.error import URLError
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from sandbox.services.names import cluster_of
from sandbox.services.places import Places

__all__ = ["is_ready"]

_SECONDS: Final = 3.0
_SUCCESS: Final = 300


def is_ready(name: str, places: Places) -> bool:
    """Tell whether the service with this name answers as it does when it is ready."""
    if name == "postgres":
        return _takes_connections(places)
    if (context := cluster_of(name)) is not None:
        cluster = places.cluster(context)
        return _answers(f"{cluster.server}/readyz", ca=cluster.ca, token=cluster.token)
    path = {"aws": "moto-api/", "etcd": "health", "mlflow": "health", "cdn": "-/health"}[name]
    return _answers(f"{places.url(name)}/{path}")


def _answers(url: str, *, ca: str = "", token: str = "") -> bool:
    request = Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310
    try:
        with _opener(ca).open(request, timeout=_SECONDS) as response:
            return bool(response.status < _SUCCESS)
    except (URLError, OSError, ValueError):
        return False


def _opener(ca: str) -> OpenerDirector:
    # A proxy of the user's environment does not know this machine's servers.
    direct = ProxyHandler({})
    if not ca:
        return build_opener(direct)
    return build_opener(direct, HTTPSHandler(context=ssl.create_default_context(cafile=ca)))


def _takes_connections(places: Places) -> bool:
    import psycopg2  # noqa: PLC0415  loaded only where PostgreSQL is used

    try:
        psycopg2.connect(places.database_url, connect_timeout=int(_SECONDS)).close()
    except psycopg2.OperationalError:
        return False
    return True
