"""Presents rules as policies of a pack, as listed by the engine and `pulumi policy`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pulumi.runtime.proto import analyzer_pb2

from mobile_ai.governance.rule import Rule

LEVELS: Final = {
    "advisory": analyzer_pb2.ADVISORY,
    "mandatory": analyzer_pb2.MANDATORY,
    "disabled": analyzer_pb2.DISABLED,
    "remediate": analyzer_pb2.REMEDIATE,
}
"""Levels of the protocol by their names in a config; no rule is a remediation."""
SEVERITIES: Final = {
    "low": analyzer_pb2.POLICY_SEVERITY_LOW,
    "medium": analyzer_pb2.POLICY_SEVERITY_MEDIUM,
    "high": analyzer_pb2.POLICY_SEVERITY_HIGH,
    "critical": analyzer_pb2.POLICY_SEVERITY_CRITICAL,
}
"""Severities of the protocol by those of rules."""
_KINDS: Final = {
    "resource": analyzer_pb2.POLICY_TYPE_RESOURCE,
    "stack": analyzer_pb2.POLICY_TYPE_STACK,
}
_URL: Final = "docs/policies.md"


def describe_pack(rules: Iterable[Rule], *, name: str, version: str) -> analyzer_pb2.AnalyzerInfo:
    """Return what the engine lists of a pack: each rule as a policy of its own."""
    return analyzer_pb2.AnalyzerInfo(
        name=name,
        version=version,
        supportsConfig=True,
        policies=[_policy(rule) for rule in rules],
    )


def _policy(rule: Rule) -> analyzer_pb2.PolicyInfo:
    return analyzer_pb2.PolicyInfo(
        name=rule.id,
        description=rule.title,
        enforcementLevel=LEVELS[rule.enforcement],
        policy_type=_KINDS[rule.kind],
        severity=SEVERITIES[rule.severity],
        framework=analyzer_pb2.PolicyComplianceFramework(name="; ".join(rule.frameworks)),
        tags=[rule.group],
        remediation_steps=rule.remediation,
        url=f"{_URL}#{rule.id}",
    )
