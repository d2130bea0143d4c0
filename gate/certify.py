"""Runs the gate on a commit and signs a statement if it passes."""

from datetime import UTC, datetime

from governance.errors import GovernanceError
from governance.rules import catalogue
from governance.setting import load_setting
from governance.trust import Trust
from securesystemslib.signer._signer import Signer

from gate.desk import open_desk, seal_now
from gate.errors import GateError
from gate.official import require_clean
from gate.progress import Tell
from gate.project import Project, find_project
from gate.report import Report
from gate.run import Options, run_gate
from gate.seal import require_same
from gate.statement import require_signer, signed_statement

__all__ = ["certify", "trust_of"]


def certify(options: Options, signer: Signer, tell: Tell) -> tuple[Report, str]:
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
        GateError: The stack is not listed, or its trust is invalid or expired.
    """
    try:
        return load_setting(
            project.pack, project.stack, rules=catalogue(), now=datetime.now(UTC)
        ).trust
    except GovernanceError as error:
        raise GateError(str(error)) from error
