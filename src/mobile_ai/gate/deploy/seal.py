"""Seal of a verdict: binds it to files, pack and state, so that `up` deploys only those.

Files, pack or state may change between verdict and deployment. The seal records a digest of each
and the time; `up` computes it again just before the engine starts.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.gate.changes.source import read_source
from mobile_ai.gate.engine.pack import pack_digest
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.stack.git import git_bytes

VALID_FOR: Final = timedelta(minutes=30)
"""Time for which a seal may be deployed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """Digests of the evaluated inputs.

    Attributes:
        stack: The stack.
        cloud: Cloud of the providers: `sandbox` or `aws`.
        commit: The commit checked out.
        source: SHA-256 over path and content of every file that is not ignored by Git.
        state: SHA-256 of the exported state (see `state_digest`).
        pack: SHA-256 of the policy pack.
        at: Time of the verdict, in UTC.
    """

    stack: str
    cloud: str
    commit: str
    source: str
    state: str
    pack: str
    at: datetime


def take_seal(project: Project, *, cloud: str, state: str, at: datetime) -> Seal:
    """Return the seal of the current files, and of a state.

    Raises:
        GateError: The folder is not a Git checkout.
    """
    source = _source_digest(project.root)
    return Seal(
        stack=project.stack,
        cloud=cloud,
        commit=read_source(project).commit,
        source=source,
        state=state,
        pack=pack_digest(project.pack),
        at=at,
    )


def state_digest(export: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an exported state, independent of the backend.

    Every update writes its time into the state, so equal digests mean the same version.
    """
    text = json.dumps(export, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def require_same(judged: Seal, now: Seal) -> None:
    """Check that the inputs to deploy equal the evaluated ones, and that the verdict is recent.

    Raises:
        GateError: Something changed, or the verdict is too old.
    """
    changed = [
        item.name
        for item in fields(Seal)
        if item.name != "at" and getattr(judged, item.name) != getattr(now, item.name)
    ]
    if changed:
        raise GateError(
            f"stack {now.stack}: got another {', '.join(changed)} than the gate judged; expected "
            "the same. Nothing was deployed. Next: run `mobile-ai gate` on what is there now, then "
            "run the same command again."
        )
    if not timedelta(0) <= now.at - judged.at <= VALID_FOR:
        raise GateError(
            f"stack {now.stack}: got a verdict of {judged.at:%Y-%m-%d %H:%M} UTC; expected one of "
            f"the last {VALID_FOR.seconds // 60} minutes. Nothing was deployed. Next: run "
            "`mobile-ai gate` again, then the same command."
        )


def _source_digest(root: Path) -> str:
    try:
        listed = git_bytes(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    except GovernanceError as error:
        raise GateError(
            f"{root}: got no list of files from Git; expected a checkout, since what is deployed "
            "is named by its commit. Next: run the command in a clone."
        ) from error
    digest = hashlib.sha256()
    for name in sorted(filter(None, listed.decode().split("\0"))):
        path = root / name
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()
