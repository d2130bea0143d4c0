"""Kubernetes specs of a site's objects, as plain values.

Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from typing import Any, Final

from mobile_ai.components.endpoints.kube_workload import LARGEST_POD_STORAGE_MB

GATEWAY_NAME: Final = "models"
"""Gateway that the routes of a site attach to."""
POD_SECURITY_LABELS: Final = {
    f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")
}
"""Labels that enforce the Pod Security standard `restricted`."""


def quota(*, cpu: int, memory_gb: int, pods: int) -> dict[str, Any]:
    """Return the spec of the namespace's ResourceQuota.

    Ephemeral storage follows from the number of pods: each may use as much as the largest pod.
    """
    storage = f"{pods * LARGEST_POD_STORAGE_MB}Mi"
    return {
        "hard": {
            "limits.cpu": str(cpu),
            "limits.ephemeral-storage": storage,
            "limits.memory": f"{memory_gb}Gi",
            "requests.cpu": str(cpu),
            "requests.ephemeral-storage": storage,
            "requests.memory": f"{memory_gb}Gi",
            "pods": str(pods),
            "services.loadbalancers": "0",
            "services.nodeports": "0",
        }
    }


def limit_range() -> dict[str, Any]:
    """Return the spec of the LimitRange with defaults for containers without resource settings."""
    return {
        "limits": [
            {
                "type": "Container",
                "default": {"cpu": "500m", "memory": "512Mi", "ephemeral-storage": "256Mi"},
                "defaultRequest": {
                    "cpu": "100m",
                    "memory": "128Mi",
                    "ephemeral-storage": "64Mi",
                },
            }
        ]
    }


def default_deny() -> dict[str, Any]:
    """Return the spec of a network policy that denies all ingress and egress."""
    return {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def admission_binding(policy: str, *, namespace: str) -> dict[str, Any]:
    """Return the spec that binds an admission policy to one namespace."""
    return {
        "policyName": policy,
        "validationActions": ["Deny"],
        "matchResources": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
        },
    }


def gateway(*, class_name: str, domain: str, tls_secret: str) -> dict[str, Any]:
    """Return the spec of the site's Gateway: TLS only, routes from its own namespace only.

    Each application has its own host name below the domain.
    """
    return {
        "gatewayClassName": class_name,
        "listeners": [
            {
                "name": "https",
                "hostname": f"*.{domain}",
                "port": 443,
                "protocol": "HTTPS",
                "tls": {
                    "mode": "Terminate",
                    "certificateRefs": [{"kind": "Secret", "name": tls_secret}],
                },
                "allowedRoutes": {"namespaces": {"from": "Same"}},
            }
        ],
    }
