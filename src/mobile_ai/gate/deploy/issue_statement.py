"""Runs the gate on a commit and signs a statement if it passes."""

from datetime import UTC, datetime

from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.trust import Trust
from mobile_ai.gate.deploy.aws_preflight import require_clean
from mobile_ai.gate.deploy.seal import require_same
from mobile_ai.gate.deploy.session import open_desk, seal_now
from mobile_ai.gate.deploy.statement import require_signer, signed_statement
from mobile_ai.gate.engine.progress import Tell
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project, find_project
from mobile_ai.gate.report.report import Report
from mobile_ai.gate.run import GateOptions, run_gate
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.stack_policy import load_setting


def certify(options: GateOptions, signer: Signer, tell: Tell) -> tuple[Report, str]:
    """Run the gate on a commit and sign its verdict.

    Args:
        options: Options of the run.
        signer: A key of the trust's role `pipeline`.
        tell: Receives progress messages.

    Returns:
        The report, and the signed statement; empty if the gate did not pass.

    Raises:
        GateError: The gate cannot run, files are not committed, the key is not authorized, or the
            evaluated files or state changed during the run.
    """
    project = find_project(options.folder.resolve(), options.stack)
    require_clean(project)
    trust = trust_of(project)
    require_signer(signer, trust)
    desk = open_desk(options)
    judged = seal_now(desk)
    report = run_gate(options, tell)
    if report.verdict != "pass":
        return report, ""
    require_same(judged, seal_now(desk))
    return report, signed_statement(judged, signer, trust)


def trust_of(project: Project) -> Trust:
    """Return the stack's trust, as the pack reads it.

    Raises:
        GateError: The stack is not listed, or its trust is invalid.
    """
    try:
        return load_setting(
            project.pack, project.stack, rules=catalogue(), now=datetime.now(UTC)
        ).trust
    except GovernanceError as error:
        raise GateError(str(error)) from error
