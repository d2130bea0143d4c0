"""Kubernetes specs of one application's model at one site, as plain values.

Pods receive application, model, ring and site; the version to serve comes from the signed releases,
as for phones. No label, selector or pod therefore names a version.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

PORT: Final = 8080
"""Port of the edge server in its pod."""
_USER: Final = 65_532  # "nonroot" of distroless images
_CACHE: Final = "/var/cache/mobile-ai"
_CACHE_MB: Final = 1_024
_TMP_MB: Final = 64
# The kubelet keeps five log files of 10 MiB for a container (KubeletConfiguration v1beta1), and the
# root file system is read-only.
_LOGS_MB: Final = 64
LARGEST_POD_STORAGE_MB: Final = _CACHE_MB + _TMP_MB + _LOGS_MB
"""Ephemeral storage of a pod whose cache is not a persistent volume, MiB."""
_THROTTLE: Final = "/etc/mobile-ai/throttle"
# The first start may download the model over a slow uplink: 60 x 5 s before a restart.
_STARTUP_ATTEMPTS: Final = 60
# Addresses inside sites and clouds: releases come from the public CDN only, and the cloud
# metadata service hands out credentials.
_PRIVATE_NETWORKS: Final = (
    "10.0.0.0/8",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Settings shared by the stable and canary pods of a model.

    Attributes:
        name: Name of the deployment, ``<app>-<model>``.
        image: The inference server, by digest.
        cpu_millis: CPU of a pod, 1/1000 core.
        memory_mb: Memory of a pod, MiB.
        claim: Name of the cache's PersistentVolumeClaim; ``None`` for ephemeral storage.
        labels: Labels of every object.
    """

    name: str
    image: str
    cpu_millis: int
    memory_mb: int
    claim: str | None
    labels: dict[str, str]


def selector(name: str, track: str | None = None) -> dict[str, str]:
    """Return the labels that select the pods of a model, all or of one track."""
    labels = {"app.kubernetes.io/name": name}
    return labels if track is None else {**labels, "mobile-ai.dev/track": track}


def pod_environment(*, app: str, model: str, variant: str, ring: str, site: str) -> dict[str, str]:
    """Return the pod's environment variables, except the release URL, which may be an output."""
    return {
        "MOBILE_AI_APP": app,
        "MOBILE_AI_MODEL": model,
        "MOBILE_AI_VARIANT": variant,
        "MOBILE_AI_RING": ring,
        "MOBILE_AI_SITE": site,
        "MOBILE_AI_CACHE": _CACHE,
    }


def deployment(
    workload: Workload, *, track: str, replicas: int | None, environment: dict[str, Any]
) -> dict[str, Any]:
    """Return the spec of a Deployment.

    Args:
        workload: Workload to run.
        track: ``stable`` or ``canary``.
        replicas: Number of pods; ``None`` leaves it to the autoscaler.
        environment: Environment variables; values may be Pulumi outputs.
    """
    labels = selector(workload.name, track)
    spec: dict[str, Any] = {
        "selector": {"matchLabels": labels},
        "revisionHistoryLimit": 3,
        "progressDeadlineSeconds": 600,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
        },
        "template": {
            "metadata": {"labels": {**workload.labels, **labels}},
            "spec": _pod(workload, environment),
        },
    }
    return spec if replicas is None else {**spec, "replicas": replicas}


def service(name: str, *, track: str) -> dict[str, Any]:
    """Return the spec of one track's Service, reachable only within the site."""
    return {
        "type": "ClusterIP",
        "selector": selector(name, track),
        "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
    }


def autoscaler(name: str, *, minimum: int, maximum: int) -> dict[str, Any]:
    """Return the spec of a CPU autoscaler with a slow scale-down."""
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicas": minimum,
        "maxReplicas": maximum,
        "metrics": [
            {
                "type": "Resource",
                "resource": {
                    "name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": 70},
                },
            }
        ],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
    }


def disruption_budget(name: str) -> dict[str, Any]:
    """Return the spec that lets maintenance evict one pod at a time."""
    return {"maxUnavailable": 1, "selector": {"matchLabels": selector(name)}}


def volume_claim(*, storage_class: str, size_gb: int) -> dict[str, Any]:
    """Return the spec of the volume that a model's pods share as their cache."""
    return {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": storage_class,
        "resources": {"requests": {"storage": f"{size_gb}Gi"}},
    }


def network_policy(name: str, *, gateway_namespace: str) -> dict[str, Any]:
    """Return the spec: ingress from the gateway; egress to DNS and to public HTTPS only."""
    return {
        "podSelector": {"matchLabels": selector(name)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "from": [{"namespaceSelector": _namespace(gateway_namespace)}],
                "ports": [{"port": PORT, "protocol": "TCP"}],
            }
        ],
        "egress": [
            {
                "to": [
                    {
                        "namespaceSelector": _namespace("kube-system"),
                        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
                    }
                ],
                "ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")],
            },
            {
                "to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": list(_PRIVATE_NETWORKS)}}],
                "ports": [{"port": 443, "protocol": "TCP"}],
            },
        ],
    }


def route(
    *, gateway: str, hostname: str, model: str, backends: list[tuple[str, int]]
) -> dict[str, Any]:
    """Return the spec of an HTTPRoute: the paths of one model, split by weight.

    Args:
        gateway: Name of the Gateway in the same namespace.
        hostname: Host that clients request.
        model: Name of the model in the Open Inference Protocol's paths.
        backends: Services and their weights.
    """
    return {
        "parentRefs": [{"name": gateway}],
        "hostnames": [hostname],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": f"/v2/models/{model}"}}],
                "backendRefs": [
                    {"name": name, "port": 80, "weight": weight} for name, weight in backends
                ],
            }
        ],
    }


def _pod(workload: Workload, environment: dict[str, Any]) -> dict[str, Any]:
    return {
        "serviceAccountName": workload.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": selector(workload.name)},
            }
        ],
        "containers": [_container(workload, environment)],
        "volumes": [
            _cache_volume(workload),
            _throttle_volume(workload),
            {"name": "tmp", "emptyDir": {"sizeLimit": f"{_TMP_MB}Mi"}},
        ],
    }


def _container(workload: Workload, environment: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "server",
        "image": workload.image,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "resources": {"requests": _resources(workload), "limits": _resources(workload)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "privileged": False,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "startupProbe": _probe("ready", period=5, failures=_STARTUP_ATTEMPTS),
        "readinessProbe": _probe("ready", period=5, failures=2),
        "livenessProbe": _probe("live", period=10, failures=3),
        "volumeMounts": [
            {"name": "cache", "mountPath": _CACHE},
            {"name": "throttle", "mountPath": _THROTTLE, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  # in the container
        ],
    }


def _resources(workload: Workload) -> dict[str, str]:
    """Return a container's requests and limits, including ephemeral storage."""
    storage = LARGEST_POD_STORAGE_MB if workload.claim is None else _TMP_MB + _LOGS_MB
    return {
        "cpu": f"{workload.cpu_millis}m",
        "memory": f"{workload.memory_mb}Mi",
        "ephemeral-storage": f"{storage}Mi",
    }


def _cache_volume(workload: Workload) -> dict[str, Any]:
    if workload.claim is None:
        return {"name": "cache", "emptyDir": {"sizeLimit": f"{_CACHE_MB}Mi"}}
    return {"name": "cache", "persistentVolumeClaim": {"claimName": workload.claim}}


def _throttle_volume(workload: Workload) -> dict[str, Any]:
    """Return the volume with `throttle.json`, which pods reread when it changes.

    It is not optional: a pod without a rate limit must not start.
    """
    return {"name": "throttle", "configMap": {"name": throttle_name(workload.name)}}


def throttle_name(name: str) -> str:
    """Return the name of a deployment's throttle ConfigMap."""
    return f"{name}-throttle"


def throttle(requests_per_second: int) -> dict[str, str]:
    """Return the data of the throttle's ConfigMap, in the server's format.

    Args:
        requests_per_second: Rate limit of one pod, across all clients.
    """
    return {"throttle.json": json.dumps({"requestsPerSecond": requests_per_second})}


def _probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    """Return a probe on a health path of the Open Inference Protocol v2."""
    return {
        "httpGet": {"path": f"/v2/health/{path}", "port": "http"},
        "periodSeconds": period,
        "failureThreshold": failures,
        "timeoutSeconds": 2,
    }


def _namespace(name: str) -> dict[str, Any]:
    return {"matchLabels": {"kubernetes.io/metadata.name": name}}
