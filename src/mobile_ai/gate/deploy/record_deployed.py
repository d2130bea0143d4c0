"""Writes the deployed record after an `up`: from the state, signed, on the branch of records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.canonical import sha256_text
from mobile_ai.contracts.deployed import Baseline, read_deployed
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.tokens import STACK
from mobile_ai.contracts.trust import Trust
from mobile_ai.gate.changes.source import read_source
from mobile_ai.gate.deploy.issue_statement import trust_of
from mobile_ai.gate.deploy.seal import state_digest
from mobile_ai.gate.deploy.session import open_desk
from mobile_ai.gate.deploy.statement import read_statement, require_signer
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project, find_project
from mobile_ai.gate.run import GateOptions
from mobile_ai.gate.state.baseline import exported_rows
from mobile_ai.gate.state.deployed_record import (
    DeployedRecord,
    RecordedUp,
    read_chain,
    sign_record,
)
from mobile_ai.gate.state.record_branch import add_record, newest_record, read_records_at


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRecord:
    """A record of the branch.

    Attributes:
        record: What it says.
        path: Its file on the branch; empty if nothing changed since the newest record.
    """

    record: DeployedRecord
    path: str


def write_record(
    options: GateOptions,
    signer: Signer,
    *,
    reference: str,
    statement: Path | None = None,
    rebuild: bool = False,
) -> WrittenRecord:
    """Sign what the state says is deployed, and commit it to the local branch of records.

    Args:
        options: Stack and cloud; the checkout must be of the deployed commit.
        signer: A key of the trust's role `pipeline`.
        reference: Ref of the records so far.
        statement: The gate statement that the `up` believed, if there was one.
        rebuild: Start the chain again, where it is lost or does not hold.

    Raises:
        GateError: The state has no baseline, the key may not sign, the chain does not hold, or it
            holds and was to be rebuilt.
    """
    project = find_project(options.folder.resolve(), options.stack)
    trust = trust_of(project)
    require_signer(signer, trust)
    gate = _gate_digest(project, statement)
    desk = open_desk(options)
    export = desk.export()
    texts: list[str] = []
    before: DeployedRecord | None = None
    if rebuild:
        _require_lost(project, reference, trust)
    else:
        texts = read_records_at(project.root, reference, project.stack)
        before = newest_record(project.root, reference, stack=project.stack, trust=trust)
    state = state_digest(export)
    if before is not None and before.content.state == state:
        return WrittenRecord(record=before, path="")
    up = RecordedUp(
        stack=project.stack,
        commit=read_source(project).commit,
        gate=gate,
        state=state,
        at=datetime.now(UTC),
    )
    try:
        text = sign_record(up, _baseline(export, project.stack), before, signer=signer)
        record = read_chain([*texts, text], stack=project.stack, trust=trust)
    except GovernanceError as error:
        raise GateError(str(error)) from error
    assert record is not None  # noqa: S101  a record was added
    path = add_record(project.root, reference, project.stack, text, anew=before is None)
    return WrittenRecord(record=record, path=path)


def _require_lost(project: Project, reference: str, trust: Trust) -> None:
    try:
        found = newest_record(project.root, reference, stack=project.stack, trust=trust)
    except GateError:
        return  # what does not hold is started again
    if found is not None:
        raise GateError(
            f"deployed records of {project.stack}: got a chain that holds; expected a broken one "
            "or none. Next: `mobile-ai deployed write` adds to it."
        )


def _gate_digest(project: Project, statement: Path | None) -> str | None:
    if statement is None:
        return None
    try:
        text = statement.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GateError(
            f"{statement}: got {error}; expected the statement that `mobile-ai gate --statement` "
            "wrote. Next: name that file with --statement."
        ) from error
    seal = read_statement(text, trust_of(project), name=str(statement))
    if seal.stack != project.stack or seal.commit != read_source(project).commit:
        raise GateError(
            f"{statement}: got stack {seal.stack} at {seal.commit[:12]}; expected stack "
            f"{project.stack} at the commit checked out. Next: run `mobile-ai deployed write` in a "
            "checkout of it."
        )
    return sha256_text(text)


def _baseline(export: Mapping[str, Any], stack: str) -> Baseline:
    roots = [row for row in exported_rows(export) if row.get("type") == STACK]
    text = (roots[0].get("outputs") or {}).get("deployed") if roots else None
    if not isinstance(text, str):
        raise GateError(
            f"state of stack {stack}: got no output `deployed`; expected that of an `up` that "
            "succeeded. Next: run `mobile-ai up`, then the same command again."
        )
    try:
        return read_deployed(text, stack=stack)
    except GovernanceError as error:
        raise GateError(str(error)) from error
