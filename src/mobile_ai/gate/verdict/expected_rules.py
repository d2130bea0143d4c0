"""Expected rules, levels and pack digest, read from the repository and not from the engine."""

from datetime import UTC, datetime

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.gate.engine.pack import pack_digest, pack_version
from mobile_ai.gate.project import Project
from mobile_ai.gate.verdict.expectation import Expectation
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.stack_policy import load_setting

__all__ = ["PACK_NAME", "expectation"]

PACK_NAME = "mobile-ai-governance"


def expectation(project: Project) -> Expectation:
    """Return the pack, its version and digest, and every rule that a run must report.

    Raises:
        GateError: The folder is not a policy pack.
    """
    rules = {rule.id: rule for rule in catalogue()}
    try:
        config = load_setting(
            project.pack, project.stack, rules=catalogue(), now=datetime.now(UTC)
        ).config
        levels, weakenings = config.levels, config.weakenings
    except GovernanceError:
        # The pack denies every resource of such a stack and reports why; only levels matter here.
        levels, weakenings = {rule.id: rule.enforcement for rule in rules.values()}, ()
    return Expectation(
        pack=PACK_NAME,
        version=pack_version(project.pack),
        sha256=pack_digest(project.pack),
        rules=rules,
        levels=levels,
        weakenings=weakenings,
    )
