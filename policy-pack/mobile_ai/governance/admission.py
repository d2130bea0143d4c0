"""Generates Kubernetes admission policies from the pack's Kubernetes rules.

One ``ValidatingAdmissionPolicy`` per rule, built from the same constants
(``mobile_ai.governance.pods``), so that the API server also rejects objects that were applied
without the pipeline. An admission policy evaluates a single object and knows no model: it
requires a digest to be present and does not verify which model version it belongs to.
https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mobile_ai.contracts.tokens import KUBERNETES_WORKLOADS, pod_path
from mobile_ai.governance.admission_checks import (
    binding_checks,
    container_checks,
    limit_checks,
    pod_checks,
    probe_checks,
    service_checks,
    token_checks,
)
from mobile_ai.governance.cel import cel_one_of, has
from mobile_ai.governance.pods import CONTAINER_LISTS, SERVED

_POD: Final = "kubernetes:core/v1:Pod"
_ACCOUNT: Final = "kubernetes:core/v1:ServiceAccount"
_SERVICE: Final = "kubernetes:core/v1:Service"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionPolicy:
    """One rule as a cluster enforces it.

    Attributes:
        rule: The id of the rule of the pack.
        spec: The ``spec`` of the ``ValidatingAdmissionPolicy``.
    """

    rule: str
    spec: Mapping[str, Any]


def admission_policies() -> tuple[AdmissionPolicy, ...]:
    """Return one admission policy for every rule that a cluster can enforce by itself."""
    workloads = KUBERNETES_WORKLOADS
    return (
        _policy("edge-pod-restricted", workloads, checks={**pod_checks(), **container_checks()}),
        _policy("container-limits-set", workloads, checks=limit_checks()),
        _policy("probes-set", SERVED, checks=probe_checks()),
        _policy("no-service-account-token", (*workloads, _ACCOUNT), checks=token_checks()),
        _policy("service-not-exposed", (_SERVICE,), checks=service_checks()),
        _policy("leaf-bound-to-verified-model", workloads, checks=binding_checks()),
    )


def _policy(rule: str, tokens: Iterable[str], *, checks: Mapping[str, str]) -> AdmissionPolicy:
    spec: dict[str, Any] = {
        "failurePolicy": "Fail",  # an object whose expression errors is rejected
        "matchConstraints": {"resourceRules": _resource_rules(tokens)},
        "validations": [
            # Not the reason `Forbidden`: Pulumi's provider reads it as missing permission for a
            # server-side dry run and then previews as if the object had been admitted.
            {"expression": expression, "message": f"{rule}: {message}"}
            for message, expression in checks.items()
        ],
    }
    if any("variables." in expression for expression in checks.values()):
        spec["variables"] = _variables()
    return AdmissionPolicy(rule=rule, spec=spec)


def _resource_rules(tokens: Iterable[str]) -> list[dict[str, Any]]:
    plurals: dict[tuple[str, str], list[str]] = defaultdict(list)
    for token in tokens:
        _, group_version, kind = token.split(":")
        group, _, version = group_version.partition("/")
        names = plurals["" if group == "core" else group, version]
        names.append(f"{kind.lower()}s")
        if token == _POD:
            # `kubectl debug` adds containers to a running pod through this subresource.
            names.append("pods/ephemeralcontainers")
    return [
        {
            "apiGroups": [group],
            "apiVersions": [version],
            "operations": ["CREATE", "UPDATE"],
            "resources": resources,
        }
        for (group, version), resources in plurals.items()
    ]


def _variables() -> list[dict[str, str]]:
    # `dyn` turns off CEL's type checking: one expression reads kinds whose schemas differ.
    paths = {pod_path(token) for token in KUBERNETES_WORKLOADS}
    # Sorted by path first: set order differs between processes, and the output must not.
    *special, usual = sorted(sorted(paths), key=_rarity)
    choice = "".join(
        f"object.kind{cel_one_of(_kinds_at(path))} ? dyn(object).{'.'.join(path)} : "
        for path in special
    )
    every = " + ".join(_listed(name) for name in CONTAINER_LISTS)
    return [
        {"name": "pod", "expression": f"{choice}dyn(object).{'.'.join(usual)}"},
        {"name": "containers", "expression": _listed(CONTAINER_LISTS[0])},
        {"name": "every", "expression": every},
    ]


def _kinds_at(path: tuple[str, ...]) -> list[str]:
    return [item.rpartition(":")[2] for item in KUBERNETES_WORKLOADS if pod_path(item) == path]


def _rarity(path: tuple[str, ...]) -> int:
    return len(_kinds_at(path))


def _listed(name: str) -> str:
    return f"({has('variables.pod', name)} ? variables.pod.{name} : [])"
