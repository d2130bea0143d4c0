"""CEL checks of the admission policies, keyed by the message of a failed check.

They read ``variables.pod``, ``variables.containers`` and ``variables.every`` (containers, init
containers and ephemeral containers), which ``mobile_ai.governance.admission`` defines.
"""

from __future__ import annotations

from typing import Final

from mobile_ai.governance.cel import cel_one_of, has, if_any, matches, needs, quoted
from mobile_ai.governance.pods import (
    ANNOTATION,
    APPARMOR,
    CAPABILITIES,
    DEFAULT_ACCOUNTS,
    DIGEST,
    HOST_HANDLERS,
    HOST_NAMESPACES,
    IMAGE,
    PROBES,
    PROC_MOUNT,
    QUANTITIES,
    SECCOMP,
    SELINUX_TYPES,
    SERVED,
    SERVICE_TYPES,
    SYSCTLS,
    VOLUMES,
)

# Kinds that people and pipelines apply, which must carry the manifest annotation. Pods and replica
# sets are created from these by controllers and need none.
_DECLARED: Final = (*SERVED, "kubernetes:batch/v1:CronJob", "kubernetes:batch/v1:Job")
_ALL: Final = "variables.every"
_OWN: Final = "variables.containers"
# Containers that may set limits: all but those of `kubectl debug`.
_LIMITED: Final = (
    f"({_OWN} + ({has('variables.pod', 'initContainers')} ? variables.pod.initContainers : []))"
)


def pod_checks() -> dict[str, str]:
    """Return the checks of pod-level fields: host namespaces, volume types, containers present."""
    pod = "variables.pod"
    known = " || ".join(has("v", kind) for kind in VOLUMES)
    return {
        **{f"{key} is set": if_any(pod, key, test=" == false") for key in HOST_NAMESPACES},
        "a volume is of another type": if_any(pod, "volumes", test=f".all(v, {known})"),
        "there is no container": needs(pod, "containers", test=".size() > 0"),
        **{f"{message} by the pod": test for message, test in _confined(pod).items()},
        "the pod runs as root": if_any(pod, "securityContext", "runAsUser", test=" != 0"),
        "the pod may run as root": if_any(pod, "securityContext", "runAsNonRoot", test=" == true"),
        "a sysctl reaches beyond the pod": if_any(
            pod, "securityContext", "sysctls", test=f".all(s, s.name{cel_one_of(SYSCTLS)})"
        ),
    }


def _confined(root: str) -> dict[str, str]:
    context = "securityContext"
    selinux = {"type": cel_one_of(SELINUX_TYPES), "user": " == ''", "role": " == ''"}
    return {
        "hostProcess is set": if_any(
            root, context, "windowsOptions", "hostProcess", test=" == false"
        ),
        "AppArmor is switched off": if_any(
            root, context, "appArmorProfile", "type", test=cel_one_of(APPARMOR)
        ),
        "SELinux options are changed": " && ".join(
            if_any(root, context, "seLinuxOptions", key, test=test) for key, test in selinux.items()
        ),
    }


def container_checks() -> dict[str, str]:
    """Return the checks of each container: Pod Security Standard ``restricted``, read-only root."""
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
            "c",
            "securityContext",
            "capabilities",
            "add",
            test=f".all(k, k{cel_one_of(CAPABILITIES)})",
        ),
        "runAsNonRoot is not true": _either("runAsNonRoot", test=" == true"),
        "runAsUser is 0": _either("runAsUser", test=" != 0", unset="true"),
        "there is no seccomp profile": _either("seccompProfile", "type", test=cel_one_of(SECCOMP)),
        "a host port is used": port,
        **_confined("c"),
        "a probe or hook names a host": " && ".join(
            if_any("c", *path, "host", test=" == ''") for path in HOST_HANDLERS
        ),
    }
    return {message: f"{_ALL}.all(c, {check})" for message, check in checks.items()}


def _either(*keys: str, test: str, unset: str = "false") -> str:
    # A container's securityContext overrides the pod's.
    path = ("securityContext", *keys)
    own, pod = (f"{root}.{'.'.join(path)}{test}" for root in ("c", "variables.pod"))
    inherited = f"({has('variables.pod', *path)} ? {pod} : {unset})"
    return f"({has('c', *path)} ? {own} : {inherited})"


def limit_checks() -> dict[str, str]:
    """Return the checks that every container sets CPU and memory requests and limits."""
    return {
        f"{kind} of {resource} are missing": (
            f"{_LIMITED}.all(c, {has('c', 'resources', kind, resource)})"
        )
        for kind, resource in QUANTITIES
    }


def probe_checks() -> dict[str, str]:
    """Return the checks that every container has a readiness and a liveness probe."""
    return {f"{probe} is missing": f"{_OWN}.all(c, {has('c', probe)})" for probe in PROBES}


def token_checks() -> dict[str, str]:
    """Return the checks that no service account token is mounted into a pod."""
    # Kubernetes creates the account `default` in every namespace, so it has to be admitted; pods
    # may not use it.
    key, account = "automountServiceAccountToken", "object.kind == 'ServiceAccount'"
    of_account, of_pod = (needs(it, key, test=" == false") for it in ("object", "variables.pod"))
    named = (
        f"({has('variables.pod', 'serviceAccountName')} && "
        f"!(variables.pod.serviceAccountName{cel_one_of(DEFAULT_ACCOUNTS)}))"
    )
    return {
        "automountServiceAccountToken is not false": (
            f"{account} ? (object.metadata.name == 'default' || {of_account}) : {of_pod}"
        ),
        "there is no account of its own": f"{account} || {named}",
    }


def service_checks() -> dict[str, str]:
    """Return the checks that a Service is not reachable from outside the cluster."""
    return {
        "it is reached from outside": if_any(
            "object", "spec", "type", test=cel_one_of(SERVICE_TYPES)
        ),
        "it has external addresses": if_any("object", "spec", "externalIPs", test=".size() == 0"),
    }


def binding_checks() -> dict[str, str]:
    """Return the checks that images and the model manifest are pinned by SHA-256 digest."""
    name = quoted(ANNOTATION)
    pinned = needs("c", "image", test=matches(IMAGE))
    declared = cel_one_of(token.rpartition(":")[2] for token in _DECLARED)
    return {
        "an image is not pinned by digest": f"{_ALL}.all(c, {pinned})",
        f"the annotation {ANNOTATION} is no SHA-256": (
            f"!(object.kind{declared}) || ({has('object', 'metadata', 'annotations')} && "
            f"{name} in object.metadata.annotations && "
            f"object.metadata.annotations[{name}]{matches(DIGEST)})"
        ),
    }
