"""Rules on Kubernetes objects: limits, probes, service accounts, network policies, RBAC."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from mobile_ai.contracts.reading import Property, is_false, is_text, one_of, optional
from mobile_ai.contracts.tokens import KUBERNETES_WORKLOADS, pod_path
from mobile_ai.contracts.vocabulary import is_system_namespace
from mobile_ai.governance.cidr import is_narrow
from mobile_ai.governance.pods import DEFAULT_ACCOUNTS, PROBES, QUANTITIES, SERVED, SERVICE_TYPES
from mobile_ai.governance.rule import Rule, resource_rule, stack_rule
from mobile_ai.governance.rule_context import Case, StackContext

_NAMESPACE: Final = "kubernetes:core/v1:Namespace"
# Kubernetes sets it on every namespace.
_NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
_NETWORK_POLICY: Final = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_WIDE_ROLES: Final = ("admin", "cluster-admin", "edit")
_EVERYBODY: Final = ("system:anonymous", "system:authenticated", "system:unauthenticated")
_WRITES: Final = frozenset({"create", "patch", "update"})
# Verbs by which a resource gives the rights of another account, or its secrets.
_POWERS: Final = {
    "secrets": frozenset({"get", "list", "watch"}),
    "serviceaccounts": _WRITES,
    **dict.fromkeys(
        (
            "pods",
            "deployments",
            "daemonsets",
            "statefulsets",
            "replicasets",
            "replicationcontrollers",
            "jobs",
            "cronjobs",
        ),
        _WRITES,
    ),
}
_ESCALATIONS: Final = ("bind", "escalate", "impersonate")


def _containers(case: Case, *lists: str) -> Iterator[Property]:
    pod = case.at(*pod_path(case.resource.type))
    for key in lists:
        yield from pod.at(key).items()


@resource_rule(
    id="container-limits-set",
    title="Every container sets requests and limits for CPU and memory.",
    group="security",
    severity="medium",
    frameworks=("NSA/CISA Kubernetes Hardening Guidance",),
    remediation="set requests, and limits for CPU and memory",
    applies_to=KUBERNETES_WORKLOADS,
    waivable_by="security",
)
def container_limits_set(case: Case) -> None:
    """Check requests and limits of every container, also of those that run before the others."""
    for container in _containers(case, "containers", "initContainers"):
        for kind, resource in QUANTITIES:
            container.at("resources", kind, resource).require(is_text, "a quantity")


@resource_rule(
    id="probes-set",
    title="Every serving container has a readiness and a liveness probe.",
    group="delivery",
    severity="medium",
    frameworks=("AWS Well-Architected REL11",),
    remediation="set readinessProbe and livenessProbe",
    applies_to=SERVED,
    waivable_by="security",
)
def probes_set(case: Case) -> None:
    """Check both probes of every container."""
    for container in _containers(case, "containers"):
        for probe in PROBES:
            container.at(probe).require(bool, "a probe")


@resource_rule(
    id="no-service-account-token",
    title="Pods get no service account token.",
    group="security",
    severity="high",
    frameworks=("CIS Kubernetes 5.1.5 and 5.1.6",),
    remediation="set automountServiceAccountToken to false and name a service account",
    applies_to=(*KUBERNETES_WORKLOADS, "kubernetes:core/v1:ServiceAccount"),
    waivable_by="security",
)
def no_service_account_token(case: Case) -> None:
    """Check that a pod or service account mounts no token, and that a pod names its account."""
    if case.resource.type.endswith(":ServiceAccount"):
        case.at("automountServiceAccountToken").require(is_false, "false")
        return
    pod = case.at(*pod_path(case.resource.type))
    pod.at("automountServiceAccountToken").require(is_false, "false")
    pod.at("serviceAccountName").require(
        lambda value: isinstance(value, str) and value not in DEFAULT_ACCOUNTS, "an own account"
    )


@resource_rule(
    id="namespace-restricted",
    title="Every namespace enforces the Pod Security Standard 'restricted'.",
    group="security",
    severity="high",
    frameworks=("Kubernetes Pod Security Admission", "CIS Kubernetes 5.2.1"),
    remediation=f"label the namespace {_ENFORCE}: restricted",
    applies_to=(_NAMESPACE,),
    waivable_by="security",
)
def namespace_restricted(case: Case) -> None:
    """Check the enforcement label of Pod Security Admission."""
    case.at("metadata", "labels", _ENFORCE).require(one_of("restricted"), "'restricted'")


@resource_rule(
    id="cluster-roles-narrow",
    title="No role in a cluster uses wildcards, reads secrets, or gives itself more.",
    group="security",
    severity="critical",
    frameworks=("CIS Kubernetes 5.1.1 to 5.1.4, and 5.1.8",),
    remediation="name the verbs and resources; bind to named accounts",
    applies_to=(
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
        "kubernetes:rbac.authorization.k8s.io/v1:Role",
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
        "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    ),
    waivable_by="security",
)
def cluster_roles_narrow(case: Case) -> None:
    """Check the rules of a role, or the role that a binding refers to."""
    case.at("roleRef", "name").require(lambda value: value not in _WIDE_ROLES, "a narrow role")
    case.at("aggregationRule").require(optional(lambda _: False), "the role's own rules")
    for subject in case.at("subjects").items():
        subject.at("name").require(lambda value: value not in _EVERYBODY, "a named account")
    for rule in case.at("rules").items():
        for key in ("verbs", "resources", "apiGroups"):
            for item in rule.at(key).items():
                item.require(lambda value: "*" not in str(value), "a name instead of '*'")
        verbs = set(rule.at("verbs").texts())
        for item in rule.at("resources").items():
            refused = _POWERS.get(item.text().partition("/")[0], frozenset()) & verbs
            if refused:
                item.deny(f"no {sorted(refused)} of it")
        for item in rule.at("verbs").items():
            item.require(lambda value: value not in _ESCALATIONS, "a verb that gives no more")


@resource_rule(
    id="service-not-exposed",
    title="Services are reached through the gateway only.",
    group="security",
    severity="high",
    frameworks=("NSA/CISA Kubernetes Hardening Guidance",),
    remediation="make the Service a ClusterIP",
    applies_to=("kubernetes:core/v1:Service",),
    waivable_by="security",
)
def service_not_exposed(case: Case) -> None:
    """Check the type and the external IP addresses of a Service."""
    case.at("spec", "type").require(optional(one_of(*SERVICE_TYPES)), "'ClusterIP'")
    case.at("spec", "externalIPs").require(optional(lambda value: value == []), "none")


@resource_rule(
    id="network-policy-narrow",
    title="Network policies name peers and ports.",
    group="security",
    severity="high",
    frameworks=("NSA/CISA Kubernetes Hardening Guidance",),
    remediation="name the peers and the ports of each rule",
    applies_to=(_NETWORK_POLICY,),
    waivable_by="security",
)
def network_policy_narrow(case: Case) -> None:
    """Check that every rule names peers and ports: an omitted field allows all of them."""
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for rule in case.at("spec", direction).items():
            rule.at(peers).require(bool, "named peers")
            rule.at("ports").require(bool, "named ports")
            for port in rule.at("ports").items():
                port.at("port").require(bool, "a port")
            for peer in rule.at(peers).items():
                _peer(peer, incoming=direction == "ingress")


def _peer(peer: Property, *, incoming: bool) -> None:
    if incoming:
        _check_namespaces(peer.at("namespaceSelector"))
    if not peer.at("ipBlock").missing:
        if incoming:
            peer.at("ipBlock", "cidr").require(is_narrow, "not everybody")
        return
    selectors = [peer.at(key) for key in ("namespaceSelector", "podSelector")]
    if not any(selector.plain() for selector in selectors):
        # An empty selector selects every namespace or pod.
        peer.require(lambda _: False, "a peer that names something")


def _check_namespaces(selector: Property) -> None:
    """Refuse incoming traffic of the pods that every cluster runs, from whichever team."""
    named = [selector.at("matchLabels", _NAMESPACE_LABEL)]
    for term in selector.at("matchExpressions").items():
        if term.at("key").text() == _NAMESPACE_LABEL:
            named += term.at("values").items()
    for name in named:
        name.require(
            lambda value: not is_system_namespace(str(value)),
            "a namespace of its own, such as the gateway's",
            next_step="name the gateway's namespace in `mobile-ai:sites`",
        )


@stack_rule(
    id="network-policy-present",
    title="Every namespace that runs pods has a network policy that denies by default.",
    group="security",
    severity="high",
    frameworks=("CIS Kubernetes 5.3.2", "NSA/CISA Kubernetes Hardening Guidance"),
    remediation="keep the default-deny policy of EdgeSite",
    waivable_by="security",
)
def network_policy_present(whole: StackContext) -> None:
    """Compare the namespaces of workloads with those of default-deny policies."""
    denying: dict[str, set[str]] = defaultdict(set)
    for case in whole.of(_NETWORK_POLICY):
        if case.at("spec", "podSelector").plain() in ({}, None):
            fenced = case.at("metadata", "namespace").text()
            types = case.at("spec", "policyTypes").texts()
            # A rule allows what it names, for every pod: such a policy denies nothing by default.
            denying[fenced].update(
                item for item in types if not case.at("spec", item.lower()).plain()
            )
    for case in whole.of(*KUBERNETES_WORKLOADS):
        namespace = case.at("metadata", "namespace")
        if not {"Ingress", "Egress"} <= denying[namespace.text()]:
            namespace.require(lambda _: False, "a namespace with a default-deny NetworkPolicy")


RULES: Final[tuple[Rule, ...]] = (
    container_limits_set,
    probes_set,
    no_service_account_token,
    namespace_restricted,
    cluster_roles_narrow,
    service_not_exposed,
    network_policy_narrow,
    network_policy_present,
)
