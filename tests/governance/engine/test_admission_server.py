"""A real API server enforces the admission policies with the same results as the rules."""

import copy
import os
from collections.abc import Iterator
from typing import Any

import pytest

from mobile_ai.contracts.resource import Resource
from mobile_ai.gobuild.progress import Quiet
from mobile_ai.governance.admission import admission_policies
from mobile_ai.sandbox.kubernetes.api import KubernetesApi, KubernetesApiError
from mobile_ai.sandbox.services import lifecycle
from mobile_ai.sandbox.services.endpoints import Endpoints
from mobile_ai.sandbox.services.state import SandboxFolder
from tests.governance.test_admission import OBJECTS, judged
from tests.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("kubernetes")]
_GROUP = "admissionregistration.k8s.io/v1"
_SECONDS = 60  # until a server enforces a new policy
_NAMESPACE = "field-assistant"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesApi]:
    """Start an API server with every policy bound and in force."""
    folder = SandboxFolder(tmp_path_factory.mktemp("admission"), "kube")
    lifecycle.up(
        folder, lifecycle.SandboxOptions(only=("kubernetes",)), ambient=os.environ, progress=Quiet()
    )
    try:
        cluster = Endpoints.read(folder.endpoints).cluster()
        server = KubernetesApi.of(cluster)
        _apply(server, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}})
        for account in ("default", "digits"):  # the account must exist first
            about = {"name": account, "namespace": _NAMESPACE}
            _apply(server, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about})
        for policy in admission_policies():
            _bind(server, policy.rule, dict(policy.spec))
        for policy in admission_policies():
            _wait_for(server, policy.rule)
        yield server
    finally:
        lifecycle.down(folder, progress=Quiet())


def _bind(api: KubernetesApi, name: str, spec: dict[str, Any]) -> None:
    about = {"apiVersion": _GROUP, "metadata": {"name": name}}
    _apply(api, {**about, "kind": "ValidatingAdmissionPolicy", "spec": spec})
    binding = {"policyName": name, "validationActions": ["Deny"]}
    _apply(api, {**about, "kind": "ValidatingAdmissionPolicyBinding", "spec": binding})


def _apply(api: KubernetesApi, body: dict[str, Any], *, dry_run: bool = False) -> None:
    api.apply(body, manager="tests", dry_run=dry_run, force=True)


def _wait_for(api: KubernetesApi, rule: str) -> None:
    """Wait until an object that only this rule denies is refused by its policy.

    If several policies deny an object, the server reports one of them, in no defined order.
    """
    bad = next(
        item
        for item in OBJECTS.values()
        if [name for name, passed in judged(item).items() if not passed] == [rule]
    )
    until(lambda: rule in _refused_by(api, bad), seconds=_SECONDS)


def _refused_by(api: KubernetesApi, resource: Resource) -> set[str]:
    """Return the policies that refuse an object, queried one at a time: a request reports one."""
    try:
        _apply(api, _body(resource), dry_run=True)
    except KubernetesApiError as error:
        return {rule for rule in _RULES if f"'{rule}'" in str(error)} or {str(error)}
    return set()


_RULES = {policy.rule for policy in admission_policies()}


def _body(resource: Resource) -> dict[str, Any]:
    """Return an object with the fields that the server requires and no rule reads."""
    _, version, kind = resource.type.split(":")
    body = copy.deepcopy(dict(resource.props))
    body |= {"apiVersion": version.removeprefix("core/"), "kind": kind}
    body["metadata"] |= {"name": "subject", "namespace": _NAMESPACE}
    spec = body.get("spec", {})
    if kind == "CronJob":
        spec["schedule"] = "0 0 * * *"
        _complete(spec["jobTemplate"]["spec"]["template"], restart="Never")
    elif kind == "Service":
        spec["ports"] = [{"port": 80}]
    elif "template" in spec:
        _complete(spec["template"], restart="Never" if kind == "Job" else "Always")
        if kind != "Job":
            spec["selector"] = {"matchLabels": {"app": "subject"}}
    return body


def _complete(template: dict[str, Any], *, restart: str) -> None:
    template["metadata"] = {**template.get("metadata", {}), "labels": {"app": "subject"}}
    template["spec"]["restartPolicy"] = restart


@pytest.mark.parametrize("name", OBJECTS)
def test_the_server_refuses_what_a_rule_denies_and_only_that(api: KubernetesApi, name: str) -> None:
    found = OBJECTS[name]
    denied = {rule for rule, passed in judged(found).items() if not passed}

    refused = _refused_by(api, found)

    assert bool(refused) == bool(denied), refused
    # A server stops at the first policies that refuse, and refuses invalid objects, such as a pod
    # without containers, before any policy.
    assert refused & _RULES <= denied
    assert refused & _RULES or not refused or " is invalid: " in str(refused), refused
