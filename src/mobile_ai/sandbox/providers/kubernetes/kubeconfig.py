"""Checks that a kubeconfig names only clusters on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mobile_ai.sandbox.providers.errors import Failure
from mobile_ai.sandbox.providers.permission import endpoint_failure
from mobile_ai.sandbox.providers.values import Value, plain


def check_kubeconfig(value: Value) -> list[Failure]:
    """Return failures of a kubeconfig, given as content or path; unknown values pass."""
    text = plain(value)
    if not isinstance(text, str) or not text.strip():
        return []
    # Imported here: only this rare setting requires YAML.
    import yaml  # noqa: PLC0415

    try:
        document = yaml.safe_load(_content(text))
    except (OSError, yaml.YAMLError) as error:
        return [_unreadable(f"{type(error).__name__}")]
    clusters = document.get("clusters") if isinstance(document, dict) else None
    if not isinstance(clusters, list):
        return [_unreadable("no list `clusters`")]
    found = [
        endpoint_failure(f"kubeconfig.clusters[{index}].cluster.server", _server(entry))
        for index, entry in enumerate(clusters)
    ]
    return [failure for failure in found if failure]


def _content(text: str) -> str:
    return text if "\n" in text or text.lstrip().startswith("{") else Path(text).read_text("utf-8")


def _server(entry: Any) -> str:
    cluster = entry.get("cluster") if isinstance(entry, dict) else None
    server = cluster.get("server") if isinstance(cluster, dict) else None
    return server if isinstance(server, str) else ""


def _unreadable(reason: str) -> Failure:
    return Failure(
        "kubeconfig",
        f"`kubeconfig` cannot be read: got {reason}, expected a kubeconfig document or the path of "
        "one; check the setting",
    )
