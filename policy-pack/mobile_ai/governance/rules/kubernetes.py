"""Enforces the Kubernetes Pod Security Standard ``restricted`` and a read-only root file system.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from mobile_ai.contracts.reading import MISSING, Property, is_false, is_true, one_of, optional
from mobile_ai.contracts.tokens import KUBERNETES_WORKLOADS, pod_path
from mobile_ai.governance.pods import (
    APPARMOR,
    CAPABILITIES,
    CONTAINER_LISTS,
    HOST_HANDLERS,
    HOST_NAMESPACES,
    PROC_MOUNT,
    SECCOMP,
    SELINUX_TYPES,
    SYSCTLS,
    VOLUMES,
)
from mobile_ai.governance.rule import Rule, resource_rule
from mobile_ai.governance.rule_context import Case


@resource_rule(
    id="edge-pod-restricted",
    title="Pods meet the Pod Security Standard 'restricted', with a read-only root.",
    group="security",
    severity="critical",
    frameworks=(
        "Kubernetes Pod Security Standards: restricted",
        "CIS Kubernetes 5.2.2 to 5.2.13",
        "NSA CTR",
    ),
    remediation="set the security context that the standard requires",
    applies_to=KUBERNETES_WORKLOADS,
)
def edge_pod_restricted(case: Case) -> None:
    """Check the pod, then each container with the pod's security context as its default."""
    pod = case.at(*pod_path(case.resource.type))
    for key in HOST_NAMESPACES:
        pod.at(key).require(optional(is_false), "false")
    for volume in pod.at("volumes").items():
        for kind, source in volume.entries():
            if kind not in {"name", *VOLUMES}:
                source.deny(f"a volume type among {VOLUMES}")
    security = pod.at("securityContext")
    _confined(security)
    security.at("runAsNonRoot").require(optional(is_true), "true")
    security.at("runAsUser").require(optional(_is_not_root), "not 0")
    for sysctl in security.at("sysctls").items():
        sysctl.at("name").require(one_of(*SYSCTLS), "a sysctl of the pod alone")
    pod.at("containers").require(bool, "at least one container")
    for container in _containers(pod):
        _container(container, pod.at("securityContext"))


def _containers(pod: Property) -> Iterator[Property]:
    for key in CONTAINER_LISTS:
        yield from pod.at(key).items()


def _confined(security: Property) -> None:
    """Check what the security context of a pod or of a container may change of its confinement."""
    security.at("windowsOptions", "hostProcess").require(optional(is_false), "false")
    security.at("appArmorProfile", "type").require(optional(one_of(*APPARMOR)), "'RuntimeDefault'")
    options = security.at("seLinuxOptions")
    options.at("type").require(optional(one_of(*SELINUX_TYPES)), "a type of containers")
    for key in ("user", "role"):
        options.at(key).require(optional(one_of("")), "none")


def _container(container: Property, defaults: Property) -> None:
    own = container.at("securityContext")
    _confined(own)
    own.at("privileged").require(optional(is_false), "false")
    own.at("allowPrivilegeEscalation").require(is_false, "false")
    own.at("readOnlyRootFilesystem").require(is_true, "true")
    own.at("procMount").require(optional(one_of(PROC_MOUNT)), repr(PROC_MOUNT))
    # `restricted` requires to drop ALL and allows to add NET_BIND_SERVICE only.
    own.at("capabilities", "drop").require(
        lambda value: isinstance(value, list) and "ALL" in value, "a list with 'ALL'"
    )
    own.at("capabilities", "add").require(
        lambda value: value is MISSING or value in ([], list(CAPABILITIES)), "none"
    )
    _either(own, defaults, ("runAsNonRoot",), is_true, "true")
    _either(own, defaults, ("runAsUser",), optional(_is_not_root), "not 0")
    _either(own, defaults, ("seccompProfile", "type"), one_of(*SECCOMP), "'RuntimeDefault'")
    for port in container.at("ports").items():
        port.at("hostPort").require(optional(one_of(0)), "no host port")
    for path in HOST_HANDLERS:
        container.at(*path, "host").require(optional(one_of("")), "the pod itself")


def _is_not_root(value: object) -> bool:
    return value != 0


def _either(
    own: Property,
    defaults: Property,
    keys: tuple[str, ...],
    test: Callable[[object], bool],
    expected: str,
) -> None:
    # A container's securityContext overrides the pod's.
    node = own.at(*keys)
    (defaults.at(*keys) if node.missing else node).require(test, expected)


RULES: Final[tuple[Rule, ...]] = (edge_pod_restricted,)
