"""Names of services and their dependencies."""

from collections.abc import Iterable, Sequence
from typing import Final

from mobile_ai.sandbox.errors import SandboxError

CHOICES: Final = ("aws", "kubernetes", "mlflow", "cdn")
"""Services that a user can select."""

PARTS: Final = ("kubernetes", "controllers", "scheduler", "nodes")
"""Services of one cluster: the API server and its clients."""

_CLUSTER: Final = PARTS[0]
_DEFAULT: Final = "default"
_COMES_ALONG: Final = {"cdn": ("aws",), "kubernetes": ("etcd",)}


def cluster_service(context: str, part: str = _CLUSTER) -> str:
    """Return the name of a service of a context: `kubernetes`, or `kubernetes-<site>`."""
    return part if context == _DEFAULT else f"{part}-{context}"


def part_of(service: str) -> tuple[str, str] | None:
    """Return the part (of `PARTS`) and context of a service, None for other services."""
    part, _, context = service.partition("-")
    return (part, context or _DEFAULT) if part in PARTS else None


def cluster_of(service: str) -> str | None:
    """Return the context of an API server, None for other services."""
    part = part_of(service)
    return part[1] if part and part[0] == _CLUSTER else None


def chosen(only: Sequence[str], *, sites: Iterable[str], with_postgres: bool) -> list[str]:
    """Return all services to start, dependencies first.

    Args:
        only: Selected services; empty for all.
        sites: Sites with their own API server.
        with_postgres: Whether the registry uses PostgreSQL.

    Raises:
        SandboxError: A service does not exist.
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
        contexts = (_DEFAULT, *sites)
        names += [cluster_service(context, part) for context in contexts for part in PARTS]
    if with_postgres and "mlflow" in asked:
        names.insert(0, "postgres")
    return list(dict.fromkeys(names))
