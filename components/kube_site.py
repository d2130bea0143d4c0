"""The Kubernetes objects of a site, as plain values.

Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from typing import Any, Final

__all__ = [
    "GATEWAY_NAME",
    "MANIFEST_ANNOTATION",
    "POD_SECURITY_LABELS",
    "admission_binding",
    "bound_workloads",
    "default_deny",
    "gateway",
    "limit_range",
    "pinned_images",
    "quota",
]

MANIFEST_ANNOTATION: Final = "mobile-ai.dev/manifest-sha256"
GATEWAY_NAME: Final = "models"
POD_SECURITY_LABELS: Final = {
    f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")
}
_DIGEST: Final = "^.+@sha256:[0-9a-f]{64}$"
_CONTAINER_LISTS: Final = ("containers", "initContainers", "ephemeralContainers")


def quota(*, cpu: int, memory_gb: int, pods: int) -> dict[str, Any]:
    """Return the spec of what the namespace may take of the site."""
    return {
        "hard": {
            "limits.cpu": str(cpu),
            "limits.memory": f"{memory_gb}Gi",
            "requests.cpu": str(cpu),
            "requests.memory": f"{memory_gb}Gi",
            "pods": str(pods),
            "services.loadbalancers": "0",
            "services.nodeports": "0",
        }
    }


def limit_range() -> dict[str, Any]:
    """Return the spec of what a container gets that does not say what it needs."""
    return {
        "limits": [
            {
                "type": "Container",
                "default": {"cpu": "500m", "memory": "512Mi"},
                "defaultRequest": {"cpu": "100m", "memory": "128Mi"},
            }
        ]
    }


def default_deny() -> dict[str, Any]:
    """Return the spec of a network policy that lets nothing in or out of any pod."""
    return {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def pinned_images() -> dict[str, Any]:
    """Return the spec of an admission policy: every container image is pinned by digest."""
    return _policy(
        rules=[_rule("", "v1", ["pods"]), _rule("", "v1", ["pods/ephemeralcontainers"])],
        validations=[
            {
                "expression": (
                    f"!has(object.spec.{field}) || "
                    f"object.spec.{field}.all(c, c.image.matches('{_DIGEST}'))"
                ),
                "message": f"an image in spec.{field} is not pinned by digest (@sha256:...)",
                "reason": "Forbidden",
            }
            for field in _CONTAINER_LISTS
        ],
    )


def bound_workloads() -> dict[str, Any]:
    """Return the spec of an admission policy: every workload names the manifest it serves."""
    return _policy(
        rules=[
            _rule("apps", "v1", ["deployments", "statefulsets", "daemonsets"]),
            _rule("batch", "v1", ["jobs", "cronjobs"]),
        ],
        validations=[
            {
                "expression": (
                    "has(object.metadata.annotations) && "
                    f"'{MANIFEST_ANNOTATION}' in object.metadata.annotations && "
                    f"object.metadata.annotations['{MANIFEST_ANNOTATION}']"
                    ".matches('^[0-9a-f]{64}$')"
                ),
                "message": f"the annotation {MANIFEST_ANNOTATION} is missing or is no SHA-256",
                "reason": "Forbidden",
            }
        ],
    )


def admission_binding(policy: str, *, namespace: str) -> dict[str, Any]:
    """Return the spec that puts an admission policy in force in one namespace."""
    return {
        "policyName": policy,
        "validationActions": ["Deny"],
        "matchResources": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
        },
    }


def gateway(*, class_name: str, domain: str, tls_secret: str) -> dict[str, Any]:
    """Return the spec of the site's gateway: TLS only, routes from its own namespace only.

    Every application has a host name of its own below the domain.
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


def _rule(group: str, version: str, resources: list[str]) -> dict[str, Any]:
    return {
        "apiGroups": [group],
        "apiVersions": [version],
        "operations": ["CREATE", "UPDATE"],
        "resources": resources,
    }


def _policy(*, rules: list[dict[str, Any]], validations: list[dict[str, Any]]) -> dict[str, Any]:
    # Fail: what cannot be judged is not admitted.
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": rules},
        "validations": validations,
    }
