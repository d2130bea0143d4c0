"""Repository edit of a remediation step, as a value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.operations.monitor.finding import MonitorFinding
from mobile_ai.stack.settings_deployment import Deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """New texts of files, and what they change.

    Attributes:
        change: Summary of the change.
        title: Request, where the step's name does not state it.
        files: Path in the repository to text.
        evidence: Lines of Markdown that a reader needs to judge it.
        labels: Labels of the pull request.
    """

    change: str
    title: str = ""
    files: Mapping[str, str]
    evidence: Sequence[str] = ()
    labels: tuple[str, ...] = ()


def deployment_of(finding: MonitorFinding) -> str:
    """Return the name of a finding's deployment, empty where it is about no single one."""
    subject = finding.subject
    return f"{subject.app}-{subject.model}" if subject.app and subject.model else ""


def resolved(finding: MonitorFinding, running: Sequence[Deployment]) -> MonitorFinding:
    """Return a finding about an application alone as one about its only deployment, if it has one.

    Args:
        finding: The finding; costs are counted by application.
        running: Deployments of the stack.
    """
    models = [item.model for item in running if item.app == finding.subject.app]
    if finding.subject.model or len(models) != 1:
        return finding
    subject = finding.subject.model_copy(update={"model": models[0]})
    return finding.model_copy(update={"subject": subject})


def read_text(path: Path) -> str:
    """Return a file's text.

    Raises:
        GovernanceError: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GovernanceError(
            str(path),
            got=getattr(error, "strerror", None) or str(error),
            expected="a file of the repository",
            next_step="run the command in a checkout that has the stack",
        ) from error
