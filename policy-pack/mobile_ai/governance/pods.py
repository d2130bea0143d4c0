"""Allowed pod settings, shared by the Kubernetes rules and the admission policies.

Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from typing import Final

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
APPARMOR: Final = ("RuntimeDefault", "Localhost")
SELINUX_TYPES: Final = (
    "",
    "container_t",
    "container_init_t",
    "container_kvm_t",
    "container_engine_t",
)
# Sysctls of the pod's own namespaces that cannot harm others on the node.
SYSCTLS: Final = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
)
# Where a container names a host that the node's kubelet then connects to.
HOST_HANDLERS: Final = tuple(
    (*place, handler)
    for place in (
        ("livenessProbe",),
        ("readinessProbe",),
        ("startupProbe",),
        ("lifecycle", "postStart"),
        ("lifecycle", "preStop"),
    )
    for handler in ("httpGet", "tcpSocket")
)
PROC_MOUNT: Final = "Default"
# The only capability that the standard `restricted` allows to be added.
CAPABILITIES: Final = ("NET_BIND_SERVICE",)
QUANTITIES: Final = tuple(
    (kind, resource) for kind in ("requests", "limits") for resource in ("cpu", "memory")
)
PROBES: Final = ("readinessProbe", "livenessProbe")
# Workloads that serve requests and therefore need probes; jobs run to completion.
SERVED: Final = (
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
)
DEFAULT_ACCOUNTS: Final = ("", "default")
SERVICE_TYPES: Final = ("ClusterIP",)
