"""Names of services, and which come along with which."""

from collections.abc import Iterable, Sequence
from typing import Final

from sandbox.errors import SandboxError

__all__ = ["CHOICES", "chosen", "cluster_of", "cluster_service"]

CHOICES: Final = ("aws", "kubernetes", "mlflow", "cdn")
"""What a user may ask for."""

_CLUSTER: Final = "kubernetes"
_COMES_ALONG: Final = {"cdn": ("aws",), "kubernetes": ("etcd",)}


def cluster_service(context: str) -> str:
    """Name of the service of a context: `kubernetes`, or `kubernetes-<site>`."""
    return _CLUSTER if context == "default" else f"{_CLUSTER}-{context}"


def cluster_of(service: str) -> str | None:
    """Return the context that a service is the API server of, None for other services."""
    if service == _CLUSTER:
        return "default"
    prefix = f"{_CLUSTER}-"
    return service.removeprefix(prefix) if service.startswith(prefix) else None


def chosen(only: Sequence[str], *, sites: Iterable[str], with_postgres: bool) -> list[str]:
    """Return all services to start, those that others need first.

    Args:
        only: What the user asked for; nothing means everything.
        sites: Sites with an API server of their own.
        with_postgres: Whether the registry stores in PostgreSQL.

    Raises:
        SandboxError: There is no such service.
    """
    for name in only:
        if name not in CHOICES:
            raise SandboxError(
                f"No such service: got {name!r}, expected some of {', '.join(CHOICES)}. "
                "Give the option --only once for each."
            )
    asked = [name for name in CHOICES if name in only or not only]
    names = [extra for name in asked for extra in _COMES_ALONG.get(name, ())] + asked
    if _CLUSTER in asked:
        names += [cluster_service(site) for site in sites]
    if with_postgres and "mlflow" in asked:
        names.insert(0, "postgres")
    return list(dict.fromkeys(names))
