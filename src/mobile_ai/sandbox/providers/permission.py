"""Restricts changes by a stand-in to sandbox runs on this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from mobile_ai.sandbox.providers.errors import Failure, ProviderError


def require_sandbox(action: str, environment: Mapping[str, str]) -> None:
    """Refuse an operation on a cloud outside of a sandbox run.

    A stand-in records "created" objects in the stack's state only, which would corrupt the state of
    a real stack.

    Args:
        action: Requested operation, such as ``create``.
        environment: The process environment.

    Raises:
        ProviderError: This is not a sandbox run.
    """
    backend = environment.get("PULUMI_BACKEND_URL", "")
    tagged = environment.get("MOBILE_AI_SANDBOX", "")
    if tagged == "1" and backend.startswith("file://"):
        return
    scheme = f"{backend.split('://', 1)[0]}://..." if "://" in backend else repr(backend)
    raise ProviderError(
        f"a stand-in provider refuses to {action} outside a sandbox run: got MOBILE_AI_SANDBOX="
        f"{tagged!r} and backend {scheme}, expected MOBILE_AI_SANDBOX='1' and a file:// backend; "
        "run it in the sandbox, or install the official provider for a real cloud",
        code="FAILED_PRECONDITION",
    )


def endpoint_failure(path: str, url: str) -> Failure | None:
    """Return the failure of an endpoint that is not on this machine, or None.

    Args:
        path: Property path of the endpoint.
        url: Its value, with or without a scheme.
    """
    host = urlsplit(url if "://" in url else f"//{url}").hostname or ""
    if _is_loopback(host):
        return None
    return Failure(
        path,
        f"`{path}` is not on this machine: got host `{host}`, expected 127.0.0.1, ::1 or "
        "localhost; a stand-in provider talks to no real cloud, so remove the endpoint or use the "
        "official provider",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
