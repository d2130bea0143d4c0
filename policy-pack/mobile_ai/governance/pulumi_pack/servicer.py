"""Analyzer service called by the engine; decodes and evaluates each resource once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

from mobile_ai.contracts.reading import Finding
from mobile_ai.governance.judge import JudgeSession
from mobile_ai.governance.pulumi_pack.answer import Answers
from mobile_ai.governance.pulumi_pack.decode import decode_resource, decode_stack
from mobile_ai.governance.pulumi_pack.policies import LEVELS, describe_pack
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.rules.setup import stack_configured
from mobile_ai.governance.stack_policy import load_setting
from mobile_ai.governance.verdict import StackVerdict

PACK: Final = "mobile-ai-governance"
_NAMES: Final = {level: name for name, level in LEVELS.items()}


class Servicer(analyzer_pb2_grpc.AnalyzerServicer):
    """A Pulumi policy pack whose rules share one decoded resource and one session.

    ``analyze``, ``analyze_stack`` and ``remediate`` return encoded messages.
    """

    def __init__(
        self, folder: Path, *, version: str, clock: Callable[[], datetime] | None = None
    ) -> None:
        """Prepare a pack.

        Args:
            folder: The pack's folder.
            version: The version in ``PulumiPolicy.yaml``.
            clock: Returns the evaluation time; the system's clock by default.
        """
        rules = {rule.id: rule for rule in catalogue()}
        self._info = describe_pack(rules.values(), name=PACK, version=version)
        self._folder = folder
        self._clock = clock or (lambda: datetime.now(UTC))
        self._answers = Answers(pack=PACK, version=version, rules=rules)
        self._preview = os.environ.get("PULUMI_DRY_RUN") == "true"
        self._refused: Finding | None = None
        self._session: JudgeSession | None = None
        # The engine calls concurrently; the session is not thread-safe.
        self._lock = threading.Lock()

    def analyze(self, request: analyzer_pb2.AnalyzeRequest, _context: Any) -> bytes:
        """Evaluate one resource."""
        with self._lock:
            verdicts = self._refusal(request.urn) or self._current().see(decode_resource(request))
        return self._answers.of_resource(request.type, verdicts)

    def analyze_stack(self, request: analyzer_pb2.AnalyzeStackRequest, _context: Any) -> bytes:
        """Evaluate the whole stack; the next resource starts a new session."""
        with self._lock:
            verdicts = self._refusal("") or self._current().stack(decode_stack(request))
            self._session = None
        return self._answers.of_stack(verdicts)

    def remediate(self, _request: bytes, _context: Any) -> bytes:
        """Return an empty response: no rule is a remediation."""
        return b""

    def GetAnalyzerInfo(  # noqa: N802  # the protocol's name
        self, _request: empty_pb2.Empty, _context: Any
    ) -> analyzer_pb2.AnalyzerInfo:
        """Return the pack's rules as policies."""
        return self._info

    def GetPluginInfo(  # noqa: N802  # the protocol's name
        self, _request: empty_pb2.Empty, _context: Any
    ) -> plugin_pb2.PluginInfo:
        """Return the pack's version."""
        return plugin_pb2.PluginInfo(version=self._info.version)

    def Configure(  # noqa: N802  # the protocol's name
        self, request: analyzer_pb2.ConfigureAnalyzerRequest, _context: Any
    ) -> Any:
        """Refuse levels weaker than the pack's own; ignore all other configuration."""
        asked = {
            name: _NAMES[config.enforcementLevel] for name, config in request.policyConfig.items()
        }
        own = {rule.id: rule.enforcement for rule in catalogue()}
        rules = _weakened(asked, own)
        if rules:
            self._refused = _finding(
                "--policy-pack-config", f"lower levels for {rules}", "the levels of the pack"
            )
        return empty_pb2.Empty()

    def ConfigureStack(  # noqa: N802  # the protocol's name
        self, request: analyzer_pb2.AnalyzerStackConfigureRequest, _context: Any
    ) -> Any:
        """Record whether this is a preview; everything else comes from the plan."""
        self._preview = request.dry_run
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def _current(self) -> JudgeSession:
        if self._session is None:
            now = self._clock()
            self._session = JudgeSession(
                lambda stack: load_setting(self._folder, stack, rules=catalogue(), now=now),
                now=now,
                preview=self._preview,
            )
        return self._session

    def _refusal(self, urn: str) -> list[StackVerdict]:
        if self._refused is None:
            return []
        return [
            StackVerdict(
                rule=stack_configured.id,
                urn=urn,
                outcome="fail",
                level="mandatory",
                findings=(self._refused,),
            )
        ]


def _weakened(asked: Mapping[str, str], own: Mapping[str, str]) -> list[str]:
    """Return the mandatory rules for which the engine was given a weaker level.

    Levels and parameters are configured in the pack's protected folder. A weaker level in
    ``--policy-pack-config`` makes the pack deny every resource until the option is removed.
    """
    return sorted(
        rule
        for rule, level in asked.items()
        if own.get(rule) == "mandatory" and level != "mandatory"
    )


def _finding(what: str, got: str, expected: str) -> Finding:
    return Finding(
        what=what,
        got=got,
        expected=expected,
        next_step="drop the option: levels and parameters are set in policy-pack/config",
    )
