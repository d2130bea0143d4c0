"""What a verdict is about, sealed with it, so that `up` deploys that and nothing else.

Between the verdict and the deployment a file, the pack or the state may change. The seal names
all three by digest and says when; `up` takes them again just before the engine starts.
"""

import hashlib
import subprocess
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from gate.errors import GateError
from gate.pack import pack_digest
from gate.project import Project

__all__ = ["VALID_FOR", "Seal", "require_same", "take_seal"]

VALID_FOR: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What was judged.

    Attributes:
        stack: The stack.
        source: SHA-256 over path and content of every file that is not ignored by Git.
        state: SHA-256 of the state file, empty where there is none.
        pack: SHA-256 of the policy pack.
        at: When, in UTC.
    """

    stack: str
    source: str
    state: str
    pack: str
    at: datetime


def take_seal(project: Project, *, at: datetime) -> Seal:
    """Return the seal of what is there now."""
    return Seal(
        stack=project.stack,
        source=_source_digest(project.root),
        state=_state_digest(project),
        pack=pack_digest(project.pack),
        at=at,
    )


def require_same(judged: Seal, now: Seal) -> None:
    """Check that what is to be deployed is what was judged, not long ago.

    Raises:
        GateError: Something changed, or the verdict is too old.
    """
    changed = [
        name
        for name, value in asdict(judged).items()
        if name != "at" and value != getattr(now, name)
    ]
    if changed:
        raise GateError(
            f"stack {now.stack}: got another {', '.join(changed)} than the gate judged; expected "
            "the same. Nothing was deployed. Next: run the same command again."
        )
    if not timedelta(0) <= now.at - judged.at <= VALID_FOR:
        raise GateError(
            f"stack {now.stack}: got a verdict of {judged.at:%Y-%m-%d %H:%M} UTC; expected one of "
            f"the last {VALID_FOR.seconds // 60} minutes. Next: run the same command again."
        )


def _state_digest(project: Project) -> str:
    found = sorted((project.state / ".pulumi" / "stacks").glob(f"*/{project.stack}.json"))
    return hashlib.sha256(found[0].read_bytes()).hexdigest() if found else ""


def _source_digest(root: Path) -> str:
    command = [
        "git",
        "-C",
        str(root),
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
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
