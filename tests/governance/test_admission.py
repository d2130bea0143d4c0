"""Admission policies and rules have the same verdicts on the same objects."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import cel
import pytest

from mobile_ai.contracts.resource import Resource
from mobile_ai.governance.admission import AdmissionPolicy, admission_policies
from mobile_ai.governance.cel import quoted
from mobile_ai.governance.evaluation import applies, apply_to_resource
from mobile_ai.governance.facts import Facts
from mobile_ai.governance.rules import catalogue
from mobile_ai.testing import Scene, changed, without

SCENE = Scene()
RULES = {rule.id: rule for rule in catalogue()}
POLICIES = {policy.rule: policy for policy in admission_policies()}
_APPS = "kubernetes:apps/v1:"
_STATEFUL = SCENE.sample(f"{_APPS}StatefulSet")
_DAEMON = SCENE.sample(f"{_APPS}DaemonSet")
_CRON = SCENE.sample("kubernetes:batch/v1:CronJob")
_JOB = SCENE.sample("kubernetes:batch/v1:Job")
_POD = SCENE.sample("kubernetes:core/v1:Pod")
_ACCOUNT = SCENE.sample("kubernetes:core/v1:ServiceAccount")
_SERVICE = SCENE.sample("kubernetes:core/v1:Service")
_DEPLOYMENT = SCENE.workload()
_SPEC = ("spec", "template", "spec")
_CRON_SPEC = ("spec", "jobTemplate", "spec", "template", "spec")
_FIRST = (*_SPEC, "containers", 0)
_CONTEXT = (*_FIRST, "securityContext")
_BARE = {"name": "bare", "image": "registry.example.com/edge:latest"}

OBJECTS: dict[str, Resource] = {
    "a deployment as it should be": _DEPLOYMENT,
    "a stateful set as it should be": _STATEFUL,
    "a daemon set as it should be": _DAEMON,
    "a cron job as it should be": _CRON,
    "a job as it should be": _JOB,
    "a pod as it should be": _POD,
    "an account as it should be": _ACCOUNT,
    "a service as it should be": _SERVICE,
    "host network": changed(_DEPLOYMENT, *_SPEC, "hostNetwork", to=True),
    "host processes of a pod": changed(_POD, "spec", "hostPID", to=True),
    "host volume": changed(
        _DEPLOYMENT, *_SPEC, "volumes", to=[{"name": "root", "hostPath": {"path": "/"}}]
    ),
    "no volumes": without(_DEPLOYMENT, *_SPEC, "volumes"),
    "no containers": changed(_DEPLOYMENT, *_SPEC, "containers", to=[]),
    "privileged": changed(_STATEFUL, *_CONTEXT, "privileged", to=True),
    "may escalate": without(_DAEMON, *_CONTEXT, "allowPrivilegeEscalation"),
    "writable root": changed(_DEPLOYMENT, *_CONTEXT, "readOnlyRootFilesystem", to=False),
    "capabilities kept": changed(_JOB, *_CONTEXT, "capabilities", "drop", to=["KILL"]),
    "capability added": changed(_JOB, *_CONTEXT, "capabilities", "add", to=["SYS_ADMIN"]),
    "low ports allowed": changed(_JOB, *_CONTEXT, "capabilities", "add", to=["NET_BIND_SERVICE"]),
    "process files unmasked": changed(_DEPLOYMENT, *_CONTEXT, "procMount", to="Unmasked"),
    "root by the container": changed(_DEPLOYMENT, *_CONTEXT, "runAsUser", to=0),
    "root by the pod": changed(_CRON, *_CRON_SPEC, "securityContext", "runAsUser", to=0),
    "container overrides the pod": changed(_DEPLOYMENT, *_CONTEXT, "runAsNonRoot", to=False),
    "no seccomp profile": without(_DEPLOYMENT, *_SPEC, "securityContext", "seccompProfile"),
    "no security context": without(_CRON, *_CRON_SPEC, "containers", 0, "securityContext"),
    "host port": changed(_DEPLOYMENT, *_FIRST, "ports", to=[{"hostPort": 80}]),
    "bare init container": changed(_DEPLOYMENT, *_SPEC, "initContainers", to=[_BARE]),
    "bare debug container": changed(_POD, "spec", "ephemeralContainers", to=[_BARE]),
    "host process of a pod": changed(
        _POD, "spec", "securityContext", "windowsOptions", to={"hostProcess": True}
    ),
    "host process": changed(_JOB, *_CONTEXT, "windowsOptions", to={"hostProcess": True}),
    "no AppArmor for a pod": changed(
        _CRON, *_CRON_SPEC, "securityContext", "appArmorProfile", to={"type": "Unconfined"}
    ),
    "no AppArmor": changed(_DAEMON, *_CONTEXT, "appArmorProfile", to={"type": "Unconfined"}),
    "AppArmor of the runtime": changed(
        _DAEMON, *_CONTEXT, "appArmorProfile", to={"type": "RuntimeDefault"}
    ),
    "SELinux type of a pod": changed(
        _POD, "spec", "securityContext", "seLinuxOptions", to={"type": "spc_t"}
    ),
    "SELinux user": changed(_DEPLOYMENT, *_CONTEXT, "seLinuxOptions", to={"user": "system_u"}),
    "SELinux role": changed(_DEPLOYMENT, *_CONTEXT, "seLinuxOptions", to={"role": "system_r"}),
    "SELinux level": changed(_DEPLOYMENT, *_CONTEXT, "seLinuxOptions", to={"level": "s0:c1"}),
    "sysctl of the node": changed(
        _JOB, *_SPEC, "securityContext", "sysctls", to=[{"name": "kernel.msgmax", "value": "1"}]
    ),
    "sysctl of the pod": changed(
        _JOB,
        *_SPEC,
        "securityContext",
        "sysctls",
        to=[{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
    ),
    "pod that may run as root": changed(
        changed(_STATEFUL, *_CONTEXT, "runAsNonRoot", to=True),
        *_SPEC,
        "securityContext",
        "runAsNonRoot",
        to=False,
    ),
    "probe of the node": changed(
        _DEPLOYMENT, *_FIRST, "livenessProbe", "httpGet", "host", to="127.0.0.1"
    ),
    "hook of the node": changed(
        _DEPLOYMENT,
        *_FIRST,
        "lifecycle",
        to={"preStop": {"httpGet": {"host": "node"}}},
    ),
    "no memory limit": without(_STATEFUL, *_FIRST, "resources", "limits", "memory"),
    "no resources of a cron job": without(_CRON, *_CRON_SPEC, "containers", 0, "resources"),
    "no readiness": without(_DEPLOYMENT, *_FIRST, "readinessProbe"),
    "no liveness of a daemon": without(_DAEMON, *_FIRST, "livenessProbe"),
    "a job needs no probes": without(_JOB, *_FIRST, "livenessProbe"),
    "token of a pod": without(_POD, "spec", "automountServiceAccountToken"),
    "default account": changed(_DEPLOYMENT, *_SPEC, "serviceAccountName", to="default"),
    "no account": without(_JOB, *_SPEC, "serviceAccountName"),
    "token of an account": changed(_ACCOUNT, "automountServiceAccountToken", to=True),
    "node port": changed(_SERVICE, "spec", "type", to="NodePort"),
    "external address": changed(_SERVICE, "spec", "externalIPs", to=["192.0.2.1"]),
    "service without a type": without(_SERVICE, "spec", "type"),
    "image by tag": changed(_DEPLOYMENT, *_FIRST, "image", to="registry.example.com/edge:1"),
    "digest and more": changed(_DEPLOYMENT, *_FIRST, "image", to=f"a@sha256:{'f' * 64}0"),
    "no annotation": without(_DEPLOYMENT, "metadata", "annotations"),
    "annotation of a cron job": changed(
        _CRON, "metadata", "annotations", "mobile-ai.dev/manifest-sha256", to="latest"
    ),
}


def judged(resource: Resource) -> dict[str, bool]:
    """Return the verdict on an object of each rule that has an admission policy."""
    facts = Facts(SCENE.setting("dev"), now=SCENE.now)
    for item in SCENE.resources(resource):
        facts.admit(item)
    return {
        rule: apply_to_resource(RULES[rule], resource, facts).outcome == "pass"
        for rule in POLICIES
        if applies(RULES[rule], resource.type)
    }


def _admitted(resource: Resource) -> dict[str, bool]:
    """Return the result of each admission policy for an object."""
    return {
        rule: _passes(policy, _as_sent(resource))
        for rule, policy in POLICIES.items()
        if _matches(policy, resource)
    }


def _as_sent(resource: Resource) -> dict[str, Any]:
    return {**resource.props, "kind": resource.type.rpartition(":")[2]}


def _matches(policy: AdmissionPolicy, resource: Resource) -> bool:
    _, version, kind = resource.type.split(":")
    group, _, version = version.rpartition("/")
    return any(
        item["apiGroups"] == ["" if group == "core" else group]
        and version in item["apiVersions"]
        and f"{kind.lower()}s" in item["resources"]
        for item in policy.spec["matchConstraints"]["resourceRules"]
    )


def _passes(policy: AdmissionPolicy, sent: Mapping[str, Any]) -> bool:
    try:
        return all(
            _program(_unfolded(item["expression"], policy)).execute({"object": dict(sent)}) is True
            for item in policy.spec["validations"]
        )
    except (ValueError, KeyError, TypeError, RuntimeError):
        return bool(policy.spec["failurePolicy"] != "Fail")


def _unfolded(expression: str, policy: AdmissionPolicy) -> str:
    # Variables are evaluated lazily, so that they are inlined here.
    for item in reversed(policy.spec.get("variables", ())):
        expression = expression.replace(f"variables.{item['name']}", f"({item['expression']})")
    return expression


@cache
def _program(expression: str) -> cel.Program:
    return cel.compile(expression)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_cluster_judges_an_object_as_the_pack_does(name: str) -> None:
    assert _admitted(OBJECTS[name]) == judged(OBJECTS[name])


@pytest.mark.parametrize("rule", POLICIES)
def test_the_objects_include_one_that_each_policy_refuses_and_one_that_it_admits(rule: str) -> None:
    policy = POLICIES[rule]
    verdicts = {
        _passes(policy, _as_sent(item)) for item in OBJECTS.values() if _matches(policy, item)
    }

    assert verdicts == {True, False}


def test_every_check_refuses_something() -> None:
    silent = set()
    for policy in POLICIES.values():
        for check in policy.spec["validations"]:
            alone = AdmissionPolicy(rule=policy.rule, spec={**policy.spec, "validations": [check]})
            matched = [item for item in OBJECTS.values() if _matches(alone, item)]
            if all(_passes(alone, _as_sent(item)) for item in matched):
                silent.add(check["message"])

    assert silent == {"edge-pod-restricted: hostIPC is set"}


def test_the_account_that_a_cluster_makes_by_itself_is_admitted() -> None:
    account = changed(
        without(_ACCOUNT, "automountServiceAccountToken"), "metadata", "name", to="default"
    )

    assert _admitted(account)["no-service-account-token"]


def test_an_object_that_cannot_be_read_is_refused() -> None:
    assert not any(_admitted(without(_DEPLOYMENT, "spec")).values())


def test_a_pod_of_a_workload_needs_no_annotation() -> None:
    pod = without(_POD, "metadata", "annotations")

    assert _admitted(pod)["leaf-bound-to-verified-model"]


def test_text_that_would_need_escapes_is_no_literal() -> None:
    with pytest.raises(ValueError, match="no escape"):
        quoted("it's")
