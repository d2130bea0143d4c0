"""Deployed record: a signed, chained account of what each `up` deployed; pure, without I/O.

A check of a pull request has no state. It takes what is deployed from the newest record of the
base repository, signed by the trust's role `pipeline`. Each record holds the digest of the one
before it, so that none can be left out or replaced in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.canonical import sha256_text
from mobile_ai.contracts.deployed import Baseline
from mobile_ai.contracts.errors import VerificationError
from mobile_ai.contracts.predicates import DEPLOYED, DeployedPredicate, content_of
from mobile_ai.contracts.progress import Progress
from mobile_ai.contracts.statements import (
    Statement,
    dump_record,
    load_record,
    sign_statement,
    statement_of,
)
from mobile_ai.contracts.trust import Trust

ROLE: Final = "pipeline"
"""Role that signs deployed records."""

_broken = VerificationError.advising(
    "run `mobile-ai deployed rebuild`, which starts the chain again from the state"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedRecord:
    """The newest record of a stack.

    Attributes:
        content: What it says.
        text: The file.
    """

    content: DeployedPredicate
    text: str

    @property
    def baseline(self) -> Baseline:
        """Deployed state that it tells, as the stack output `deployed` would."""
        told = self.content
        return Baseline(
            released=frozenset(told.released),
            deployments={name: item.spec for name, item in told.deployments.items()},
            costs=dict(told.costs),
            progress={
                name: Progress(
                    opened={ring: _written(time) for ring, time in item.rings.items()},
                    soak=dict(item.soak),
                    reached=dict(item.reached),
                    halted=item.halts,
                )
                for name, item in told.deployments.items()
            },
            release=dict(told.releases),
            settings=told.settings or "",
            records=frozenset(told.records),
            withdrawn={
                digest: "" if end is None else _written(end)
                for digest, end in told.withdrawn.items()
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedUp:
    """One `up`, as its record names it.

    Attributes:
        stack: The stack.
        commit: Commit that was deployed.
        gate: Digest of the gate statement; `None` where the `up` ran the gate itself.
        state: Digest of the exported state.
        at: Time of the record.
    """

    stack: str
    commit: str
    gate: str | None
    state: str
    at: datetime


def sign_record(
    up: RecordedUp, baseline: Baseline, before: DeployedRecord | None, *, signer: Signer
) -> str:
    """Return the signed record of an `up`, chained to the one before.

    Args:
        up: The `up`.
        baseline: The state's output `deployed`.
        before: The newest record; `None` starts a chain.
        signer: A key of role `pipeline`.
    """
    predicate = {
        "stack": up.stack,
        "sequence": before.content.sequence + 1 if before else 1,
        "before": sha256_text(before.text) if before else None,
        "at": _written(up.at),
        "commit": up.commit,
        "gate": up.gate,
        "state": up.state,
        "releases": dict(baseline.release),
        "released": sorted(baseline.released),
        "settings": baseline.settings or None,
        "records": sorted(baseline.records),
        "withdrawn": {digest: end or None for digest, end in baseline.withdrawn.items()},
        "deployments": {
            name: _deployment(spec, baseline.progress.get(name) or Progress())
            for name, spec in baseline.deployments.items()
        },
        "costs": dict(baseline.costs or {}),
    }
    return dump_record(sign_statement(statement_of(DEPLOYED, predicate), [signer]))


def read_chain(texts: Sequence[str], *, stack: str, trust: Trust) -> DeployedRecord | None:
    """Return the newest record of a stack after verifying its chain; `None` for an empty one.

    An expired trust verifies what it signed before.

    Args:
        texts: Every record, oldest first.
        stack: The stack.
        trust: Its trust.

    Raises:
        GovernanceError: If a record is out of order, another one was before it, or the newest is
            not signed by role `pipeline`.
    """
    before: str | None = None
    newest: DeployedRecord | None = None
    for number, text in enumerate(texts, start=1):
        name = f"deployed record {number} of {stack}"
        envelope = load_record(text, name=name)
        last = number == len(texts)
        statement = (
            trust.verify(envelope, role=ROLE, name=name, released=True)
            if last
            else Statement.from_payload(envelope.payload, name=name)
        )
        content = content_of(DeployedPredicate, statement, name=name)
        got = (content.stack, content.sequence, content.before)
        if got != (stack, number, before):
            expected = f"record {number} of {stack}, after {before or 'none'}"
            raise _broken(name, f"record {got[1]} of {got[0]}, after {got[2] or 'none'}", expected)
        before, newest = sha256_text(text), DeployedRecord(content=content, text=text)
    return newest


def _deployment(spec: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    model, rollout = spec["aiModel"], spec.get("rollout") or {}
    return {
        "spec": dict(spec),
        "manifest": model["sha256"],
        "previous": (model.get("previous") or {}).get("sha256"),
        "salt": rollout.get("salt"),
        "stage": rollout.get("stage"),
        "rings": dict(progress.opened),
        "soak": dict(progress.soak),
        "reached": dict(progress.reached),
        "halts": list(progress.halted),
    }


def _written(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
