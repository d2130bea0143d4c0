"""What a pod may be: the figures that the rules and the cluster's own policies share.

Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ANNOTATION",
    "CAPABILITIES",
    "CONTAINER_LISTS",
    "DEFAULT_ACCOUNTS",
    "DIGEST",
    "HOST_NAMESPACES",
    "IMAGE",
    "PROBES",
    "PROC_MOUNT",
    "QUANTITIES",
    "SECCOMP",
    "SERVED",
    "SERVICE_TYPES",
    "VOLUMES",
]

ANNOTATION: Final = "mobile-ai.dev/manifest-sha256"
DIGEST: Final = "[0-9a-f]{64}"
IMAGE: Final = f"[a-z0-9./:_-]+@sha256:{DIGEST}"
CONTAINER_LISTS: Final = ("containers", "initContainers", "ephemeralContainers")
HOST_NAMESPACES: Final = ("hostNetwork", "hostPID", "hostIPC")
VOLUMES: Final = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
SECCOMP: Final = ("RuntimeDefault", "Localhost")
PROC_MOUNT: Final = "Default"
CAPABILITIES: Final = ("NET_BIND_SERVICE",)  # that may be added
QUANTITIES: Final = tuple(
    (kind, resource) for kind in ("requests", "limits") for resource in ("cpu", "memory")
)
PROBES: Final = ("readinessProbe", "livenessProbe")
# Pods that serve; jobs end by themselves.
SERVED: Final = (
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
)
DEFAULT_ACCOUNTS: Final = ("", "default")
SERVICE_TYPES: Final = ("ClusterIP",)
