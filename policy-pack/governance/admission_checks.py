"""What the cluster's own policies ask, as CEL expressions by what is wrong otherwise.

They read ``variables.pod``, ``variables.containers`` and ``variables.every`` (with those that
start before and beside), which ``governance.admission`` defines.
"""

from __future__ import annotations

from typing import Final

from .cel import has, if_any, matches, needs, one_of, quoted
from .pods import (
    ANNOTATION,
    CAPABILITIES,
    DEFAULT_ACCOUNTS,
    DIGEST,
    HOST_NAMESPACES,
    IMAGE,
    PROBES,
    PROC_MOUNT,
    QUANTITIES,
    SECCOMP,
    SERVED,
    SERVICE_TYPES,
    VOLUMES,
)

__all__ = [
    "binding_checks",
    "container_checks",
    "limit_checks",
    "pod_checks",
    "probe_checks",
    "service_checks",
    "token_checks",
]

# What a person or a pipeline applies; pods and replica sets are made from these, and a pod
# fetches its model by itself, so it carries no annotation.
_DECLARED: Final = (*SERVED, "kubernetes:batch/v1:CronJob", "kubernetes:batch/v1:Job")
_ALL: Final = "variables.every"
_OWN: Final = "variables.containers"


def pod_checks() -> dict[str, str]:
    """Return what the pod as a whole may be."""
    pod = "variables.pod"
    known = " || ".join(has("v", kind) for kind in VOLUMES)
    return {
        **{f"{key} is set": if_any(pod, key, test=" == false") for key in HOST_NAMESPACES},
        "a volume is of another type": if_any(pod, "volumes", test=f".all(v, {known})"),
        "there is no container": needs(pod, "containers", test=".size() > 0"),
    }


def container_checks() -> dict[str, str]:
    """Return what each container may be, by the Pod Security Standard."""
    port = if_any("c", "ports", test=f".all(p, {if_any('p', 'hostPort', test=' == 0')})")
    checks = {
        "privileged is set": if_any("c", "securityContext", "privileged", test=" == false"),
        "allowPrivilegeEscalation is not false": needs(
            "c", "securityContext", "allowPrivilegeEscalation", test=" == false"
        ),
        "readOnlyRootFilesystem is not true": needs(
            "c", "securityContext", "readOnlyRootFilesystem", test=" == true"
        ),
        "procMount is not the default": if_any(
            "c", "securityContext", "procMount", test=f" == {quoted(PROC_MOUNT)}"
        ),
        "capabilities are not dropped": needs(
            "c", "securityContext", "capabilities", "drop", test=".exists(k, k == 'ALL')"
        ),
        "capabilities are added": if_any(
            "c", "securityContext", "capabilities", "add", test=f".all(k, k{one_of(CAPABILITIES)})"
        ),
        "runAsNonRoot is not true": _either("runAsNonRoot", test=" == true"),
        "runAsUser is 0": _either("runAsUser", test=" != 0", unset="true"),
        "there is no seccomp profile": _either("seccompProfile", "type", test=one_of(SECCOMP)),
        "a host port is used": port,
    }
    return {message: f"{_ALL}.all(c, {check})" for message, check in checks.items()}


def _either(*keys: str, test: str, unset: str = "false") -> str:
    # The container's own setting stands above the pod's.
    path = ("securityContext", *keys)
    own, pod = (f"{root}.{'.'.join(path)}{test}" for root in ("c", "variables.pod"))
    inherited = f"({has('variables.pod', *path)} ? {pod} : {unset})"
    return f"({has('c', *path)} ? {own} : {inherited})"


def limit_checks() -> dict[str, str]:
    """Return that CPU and memory are bounded."""
    return {
        f"{kind} of {resource} are missing": (
            f"{_OWN}.all(c, {has('c', 'resources', kind, resource)})"
        )
        for kind, resource in QUANTITIES
    }


def probe_checks() -> dict[str, str]:
    """Return that both probes are there."""
    return {f"{probe} is missing": f"{_OWN}.all(c, {has('c', probe)})" for probe in PROBES}


def token_checks() -> dict[str, str]:
    """Return that a pod, or an account, gets no credentials of the cluster."""
    # Each cluster makes an account `default` in every namespace by itself; no pod may use it.
    key, account = "automountServiceAccountToken", "object.kind == 'ServiceAccount'"
    of_account, of_pod = (needs(it, key, test=" == false") for it in ("object", "variables.pod"))
    named = (
        f"({has('variables.pod', 'serviceAccountName')} && "
        f"!(variables.pod.serviceAccountName{one_of(DEFAULT_ACCOUNTS)}))"
    )
    return {
        "automountServiceAccountToken is not false": (
            f"{account} ? (object.metadata.name == 'default' || {of_account}) : {of_pod}"
        ),
        "there is no account of its own": f"{account} || {named}",
    }


def service_checks() -> dict[str, str]:
    """Return that a service is reached through the gateway only."""
    return {
        "it is reached from outside": if_any("object", "spec", "type", test=one_of(SERVICE_TYPES)),
        "it has external addresses": if_any("object", "spec", "externalIPs", test=".size() == 0"),
    }


def binding_checks() -> dict[str, str]:
    """Return that images and the manifest are named by digest."""
    name = quoted(ANNOTATION)
    pinned = needs("c", "image", test=matches(IMAGE))
    declared = one_of(token.rpartition(":")[2] for token in _DECLARED)
    return {
        "an image is not pinned by digest": f"{_ALL}.all(c, {pinned})",
        f"the annotation {ANNOTATION} is no SHA-256": (
            f"!(object.kind{declared}) || ({has('object', 'metadata', 'annotations')} && "
            f"{name} in object.metadata.annotations && "
            f"object.metadata.annotations[{name}]{matches(DIGEST)})"
        ),
    }
