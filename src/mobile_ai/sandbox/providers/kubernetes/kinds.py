"""Type tokens of Kubernetes objects, and facts of custom resources."""

from __future__ import annotations

from mobile_ai.sandbox.providers.spec import Spec, TypeFacts


def group_of(token: str) -> str:
    """Return the API group of a token, such as ``gateway.networking.k8s.io``."""
    return token.split(":")[1].rsplit("/", 1)[0]


def kind_of(token: str) -> str:
    """Return the kind of a token: ``Deployment`` of ``kubernetes:apps/v1:Deployment``."""
    return token.rsplit(":", 1)[1]


def api_version(token: str) -> str:
    """Return the apiVersion, such as ``apps/v1``; the core group has no name in it."""
    return token.split(":")[1].removeprefix("core/")


def custom_facts(token: str, spec: Spec) -> TypeFacts:
    """Return facts of a custom resource: its identity is required, all else is free."""
    scoped = f"{group_of(token)}/{kind_of(token)}" in spec.extra["custom_cluster_scoped"]
    fields = {
        "apiVersion": ("string", 1),
        "kind": ("string", 1),
        "metadata": (["object", "meta.v1.ObjectMetaArgs"], 1),
    }
    return TypeFacts(token=token, inputs=fields, outputs={}, open=True, cluster_scoped=scoped)
