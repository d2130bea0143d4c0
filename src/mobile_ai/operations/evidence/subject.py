"""The deployed version that a bundle is about, with everything that is signed about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.evidence import VerifiedModel, verify_model
from mobile_ai.contracts.files import read_model
from mobile_ai.contracts.predicates import (
    BudgetExceptionPredicate,
    UsagePredicate,
    WaiverPredicate,
)
from mobile_ai.contracts.records import Record, Records, read_records
from mobile_ai.contracts.roots_folder import load_roots
from mobile_ai.contracts.trust import Trust
from mobile_ai.gate.deploy.statement import read_statement
from mobile_ai.gate.project import Project
from mobile_ai.gate.report.report import Report
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.stack_policy import load_setting
from mobile_ai.stack.load import StackInputs, load_file
from mobile_ai.stack.records import ModelFiles
from mobile_ai.stack.settings import Settings
from mobile_ai.stack.settings_deployment import Deployment

_MAX_REPORT_BYTES = 20_000_000

_unknown = GovernanceError.advising("name a deployment of the stack file, `<app>-<model>`")
_other_report = GovernanceError.advising(
    "run `mobile-ai gate` on this checkout with --format json --out, and name the file it writes"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A deployed version and the evidence about it; every signature was verified.

    Attributes:
        stack: The stack.
        settings: The stack file.
        stack_file: Name and SHA-256 of the stack file that pins the version.
        deployment: The deployment.
        files: The version's manifest and statements, as in Git.
        model: The same, verified.
        previous: The version to go back to, if there is one.
        texts: Text of each signed record about the deployment, by path.
        records: The same, verified; those that do not count are in `refused`.
        trust: Trust of the environment, and its file.
        trust_text: The trust file.
        statement: Signed statement of the gate; empty if none was given.
        report: Report of the gate, if one was given, and its text.
        report_text: The report as it was written; empty if none was given.
    """

    stack: str
    settings: Settings
    stack_file: tuple[str, str]
    deployment: Deployment
    files: ModelFiles
    model: VerifiedModel
    previous: ModelFiles | None
    texts: Mapping[str, str]
    records: Records
    trust: Trust
    trust_text: str
    statement: str = ""
    report: Report | None = None
    report_text: str = field(default="", repr=False)

    def predicate(self, kind: str) -> Mapping[str, Any]:
        """Return what a signed statement of the version says."""
        return self.model.statements[kind].predicate

    def file(self, kind: str) -> str:
        """Return the path of a statement or export in the bundle, as beside the manifest."""
        return next(one.file for one in self.model.manifest.statements if one.kind == kind)

    @property
    def waivers(self) -> tuple[Record[WaiverPredicate], ...]:
        """Waivers of the deployment, by rule."""
        waived = self.records.waivers
        return tuple(one for rule in sorted(waived) for one in waived[rule])


def read_evidence(
    project: Project,
    *,
    deployment: str = "",
    statement: Path | None = None,
    report: Path | None = None,
) -> tuple[Evidence, ...]:
    """Return the evidence of each deployment of a stack file, or of one.

    Deployed is what the stack file of the checkout pins: Git is what clouds and devices follow.

    Args:
        project: The checkout and the stack.
        deployment: Name of one deployment, ``<app>-<model>``.
        statement: Signed statement of the gate.
        report: JSON report of the gate.

    Raises:
        GovernanceError: A file is missing or altered, or a signature of the version does not
            verify.
    """
    file = project.read()
    inputs = load_file(file, root=project.root, stack=project.stack)
    chosen = [one for one in inputs.settings.deployments if deployment in {"", one.name}]
    if not chosen:
        names = sorted(one.name for one in inputs.settings.deployments)
        raise _unknown("--deployment", deployment, f"one of {names}")
    setting = load_setting(project.pack, project.stack, rules=catalogue(), now=datetime.now(UTC))
    # What was deployed was signed before: an expired trust verifies it still (ADR 0045).
    trust = replace(setting.trust, expired=False)
    trust_file = project.pack / load_roots(project.pack).stack(project.stack).trust
    digest = sha256_bytes(project.stack_file.read_bytes())
    signed = _text(statement)
    if signed:
        seal = read_statement(signed, trust, name=str(statement))
        if seal.stack != project.stack:
            raise _other_report(str(statement), f"stack {seal.stack}", f"stack {project.stack}")
    told, written = _report(report, project.stack, digest)
    return tuple(
        _evidence(
            one,
            inputs,
            stack_file=(project.stack_file.name, digest),
            trust=trust,
            trust_text=trust_file.read_text(encoding="utf-8"),
            statement=signed,
            report=told,
            report_text=written,
        )
        for one in chosen
    )


def _evidence(one: Deployment, inputs: StackInputs, *, trust: Trust, **common: Any) -> Evidence:
    files = inputs.models[f"{one.model}-{one.version}"]
    before = one.previous
    earlier = inputs.models[f"{one.model}-{before.version}"] if before else None
    model = verify_model(files.text, files.evidence, pin=one.sha256, trust=trust, released=True)
    texts = {record.name: record.text for record in inputs.records}
    records = read_records(texts.items(), trust=trust)
    about = {name: texts[name] for name in sorted(texts) if _is_about(name, records, one, model)}
    return Evidence(
        stack=inputs.stack,
        settings=inputs.settings,
        deployment=one,
        files=files,
        model=model,
        previous=earlier,
        texts=about,
        records=read_records(about.items(), trust=trust),
        trust=trust,
        **common,
    )


def _is_about(name: str, records: Records, one: Deployment, model: VerifiedModel) -> bool:
    """Return whether a record is about a deployment; one that does not count is about all."""
    found = next((r for rs in records.by_type.values() for r in rs if r.name == name), None)
    if found is None:
        return True
    match found.content:
        case WaiverPredicate():
            return found.content.target in model.digests or found.content.target.endswith(
                f"::{one.name}"
            )
        case UsagePredicate():
            return found.content.app == one.app
        case BudgetExceptionPredicate():
            return found.content.budget == one.budget
    if PurePosixPath(name).parts[0] == "models":
        return model.digest in found.statement.digests
    return True


def _report(path: Path | None, stack: str, stack_file: str) -> tuple[Report | None, str]:
    if path is None:
        return None, ""
    found = read_model(
        Report,
        path,
        refused=_other_report,
        expected="a report of `mobile-ai gate`",
        max_bytes=_MAX_REPORT_BYTES,
    )
    for got, expected in (
        (f"command {found.command}", "command gate"),
        (f"stack {found.stack}", f"stack {stack}"),
        (f"stack file {found.source.stack_file_sha256}", f"stack file {stack_file}"),
    ):
        if got != expected:
            raise _other_report(str(path), got, expected)
    return found, _text(path)


def _text(path: Path | None) -> str:
    return path.read_text(encoding="utf-8") if path else ""
