"""Encodes verdicts as protobuf responses of the analyzer protocol."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pulumi.runtime.proto import analyzer_pb2

from mobile_ai.governance.evaluation import applies
from mobile_ai.governance.pulumi_pack.policies import SEVERITIES
from mobile_ai.governance.rule import Rule
from mobile_ai.governance.verdict import StackVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Encodes the responses of one pack.

    A response is the concatenation of two protobuf messages, which parses as their merge
    (https://protobuf.dev/programming-guides/encoding/#last-one-wins): the rules that do not apply,
    cached by resource type and put together from one message of each, and the diagnostics.
    """

    pack: str
    version: str
    rules: dict[str, Rule]
    _not_applicable: dict[str, bytes] = field(default_factory=dict)
    _skips: dict[str, bytes] = field(default_factory=dict)

    def of_resource(self, resource_type: str, verdicts: Iterable[StackVerdict]) -> bytes:
        """Return the encoded response to ``Analyze``."""
        return self._skipped(resource_type) + self.of_stack(verdicts)

    def of_stack(self, verdicts: Iterable[StackVerdict]) -> bytes:
        """Return the encoded response to ``AnalyzeStack``."""
        told = [item for item in verdicts if item.outcome != "pass"]
        if not told:
            return b""
        diagnostics = [
            self._diagnostic(item, message) for item in told for message in item.messages
        ]
        encoded: bytes = analyzer_pb2.AnalyzeResponse(diagnostics=diagnostics).SerializeToString()
        return encoded

    def _diagnostic(self, verdict: StackVerdict, message: str) -> analyzer_pb2.AnalyzeDiagnostic:
        rule = self.rules[verdict.rule]
        return analyzer_pb2.AnalyzeDiagnostic(
            policyName=rule.id,
            policyPackName=self.pack,
            policyPackVersion=self.version,
            description=rule.title,
            message=message,
            enforcementLevel=(analyzer_pb2.MANDATORY if verdict.denies else analyzer_pb2.ADVISORY),
            urn=verdict.urn,
            severity=SEVERITIES[rule.severity],
        )

    def _skipped(self, resource_type: str) -> bytes:
        if resource_type not in self._not_applicable:
            self._not_applicable[resource_type] = b"".join(
                self._skip(rule)
                for rule in self.rules.values()
                if rule.kind == "resource" and not applies(rule, resource_type)
            )
        return self._not_applicable[resource_type]

    def _skip(self, rule: Rule) -> bytes:
        if rule.id not in self._skips:
            reason = "does not judge this type"
            skipped = analyzer_pb2.PolicyNotApplicable(policy_name=rule.id, reason=reason)
            answer = analyzer_pb2.AnalyzeResponse(not_applicable=[skipped])
            self._skips[rule.id] = answer.SerializeToString()
        return self._skips[rule.id]
