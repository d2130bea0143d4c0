"""Names of services, and which come along with which."""

from collections.abc import Iterable, Sequence
from typing import Final

from sandbox.errors import SandboxError

__all__ = ["CHOICES", "PARTS", "chosen", "cluster_of", "cluster_service", "part_of"]

CHOICES: Final = ("aws", "kubernetes", "mlflow", "cdn")
"""What a user may ask for."""

PARTS: Final = ("kubernetes", "controllers", "scheduler", "nodes")
"""Services of one cluster: the API server, and what acts on its objects."""

_CLUSTER: Final = PARTS[0]
_DEFAULT: Final = "default"
_COMES_ALONG: Final = {"cdn": ("aws",), "kubernetes": ("etcd",)}


def cluster_service(context: str, part: str = _CLUSTER) -> str:
    """Name of a service of a context: `kubernetes`, or `kubernetes-<site>`."""
    return part if context == _DEFAULT else f"{part}-{context}"


def part_of(service: str) -> tuple[str, str] | None:
    """Return which of `PARTS` a service is and of which context, None for other services."""
    part, _, context = service.partition("-")
    return (part, context or _DEFAULT) if part in PARTS else None


def cluster_of(service: str) -> str | None:
    """Return the context that a service is the API server of, None for other services."""
    part = part_of(service)
    return part[1] if part and part[0] == _CLUSTER else None


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
        contexts = (_DEFAULT, *sites)
        names += [cluster_service(context, part) for context in contexts for part in PARTS]
    if with_postgres and "mlflow" in asked:
        names.insert(0, "postgres")
    return list(dict.fromkeys(names))
