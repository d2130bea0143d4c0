"""An environment's trust in a checkout: its chain, and the next version while it is staged.

``policy-pack/trust/<environment>.yaml`` is the chain. A next version that lacks signatures waits
in ``policy-pack/trust/staged/<environment>.<version>.yaml`` with the signatures so far; nothing
verifies against it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from securesystemslib.dsse import Envelope

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.statements import load_record
from mobile_ai.contracts.trust import Trust, load_trust, read_chain, trust_predicate, trust_version
from mobile_ai.signing.trust.people import TrustChangeError

_FOLDER: Final = Path("policy-pack/trust")
_STAGED: Final = "staged"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedVersion:
    """A next version that waits for signatures.

    Attributes:
        path: Its file.
        trust: Its content.
        envelope: Its payload with the signatures so far.
    """

    path: Path
    trust: Trust
    envelope: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustHistory:
    """An environment's trust as it lies in a checkout.

    Attributes:
        environment: The environment.
        path: The file of its chain.
        text: Its content; empty if there is none.
        versions: Every version, oldest first; empty before the first.
        current: The newest one, which says whether it has expired; none before the first.
        staged: The next version, if it waits for signatures.
        stale: Files of staged versions that are not the next one.
    """

    environment: str
    path: Path
    text: str
    versions: tuple[Trust, ...]
    current: Trust | None
    staged: StagedVersion | None
    stale: tuple[Path, ...]

    @property
    def next_number(self) -> int:
        """Number of the next version."""
        return len(self.versions) + 1

    @property
    def base(self) -> Trust:
        """Content that a change begins with: the staged one, else the newest.

        Raises:
            TrustChangeError: If there is no version at all.
        """
        if self.staged is not None:
            return self.staged.trust
        if self.current is None:
            raise TrustChangeError(
                str(self.path),
                got="no such file",
                expected=f"the trust of {self.environment}",
                next_step=f"begin it: mobile-ai trust new --environment {self.environment}",
            )
        return self.current


def environments(root: Path) -> list[str]:
    """Return the environments that have a trust file or a staged first version."""
    folder = root / _FOLDER
    names = {path.stem for path in folder.glob("*.yaml")}
    names |= {path.name.split(".")[0] for path in (folder / _STAGED).glob("*.1.yaml")}
    return sorted(names)


def open_trust(root: Path, environment: str, *, now: datetime) -> TrustHistory:
    """Read an environment's trust and its staged version.

    Raises:
        TrustChangeError: If the name is no plain word, or a file cannot be read.
        TrustError: If the chain does not verify.
    """
    if not _NAME.fullmatch(environment):
        raise TrustChangeError(
            f"environment {environment!r}",
            got="another form",
            expected="letters, digits, '-' and '_'",
            next_step="name the environment as in policy-pack/stacks.yaml",
        )
    path = root / _FOLDER / f"{environment}.yaml"
    text = _read(path) if path.exists() else ""
    versions = read_chain(text, environment=environment) if path.exists() else ()
    current = load_trust(text, environment=environment, now=now) if versions else None
    wanted = staged_path(path, len(versions) + 1)
    found = sorted((path.parent / _STAGED).glob(f"{environment}.*.yaml"))
    return TrustHistory(
        environment=environment,
        path=path,
        text=text,
        versions=versions,
        current=current,
        staged=_staged(wanted, environment, len(versions) + 1) if wanted in found else None,
        stale=tuple(item for item in found if item != wanted),
    )


def staged_to_sign(history: TrustHistory) -> StagedVersion | None:
    """Return the version to sign; none if the chain has it already.

    Raises:
        TrustChangeError: If there is none, or it was staged for an earlier state of the chain.
    """
    if history.staged is not None:
        return history.staged
    for path in history.stale:
        number = _number(path)
        if number is not None and number <= len(history.versions):
            stale = _staged(path, history.environment, number)
            if trust_predicate(stale.trust) == trust_predicate(history.versions[number - 1]):
                return None
    stale_names = ", ".join(path.name for path in history.stale)
    if history.stale:
        raise TrustChangeError(
            f"staged {stale_names}",
            got=f"a version that is not the next one: the chain has {len(history.versions)}",
            expected=f"version {history.next_number} of {history.environment}",
            next_step="remove that file and make the change again, on what the chain is now "
            "(docs/people.md)",
        )
    raise TrustChangeError(
        f"trust of {history.environment}",
        got="nothing that waits for signatures",
        expected="a staged version",
        next_step="mobile-ai trust add, remove, rotate or renew stages one",
    )


def _staged(path: Path, environment: str, number: int) -> StagedVersion:
    try:
        envelope = load_record(_read(path), name=str(path))
        trust = trust_version(envelope, name=str(path))
    except GovernanceError as error:
        raise _broken(path, f"{error.got}", error.expected) from error
    if (trust.environment, trust.version) != (environment, number):
        raise _broken(path, trust.label, f"{environment}@{number}, as the file is called")
    return StagedVersion(path=path, trust=trust, envelope=envelope)


def staged_path(chain: Path, version: int) -> Path:
    """Return the file of a staged version."""
    return chain.parent / _STAGED / f"{chain.stem}.{version}.yaml"


def _number(path: Path) -> int | None:
    number = path.name.split(".")[1]
    return int(number) if number.isdecimal() else None


def _read(path: Path) -> str:
    try:
        # Not `read_text`: the bytes before an appended version stay as they are.
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _broken(path, f"{type(error).__name__}: {error}", "a text file") from error


def _broken(path: Path, got: str, expected: str) -> TrustChangeError:
    return TrustChangeError(
        str(path),
        got=got,
        expected=expected,
        next_step="restore it from the branch where it was made, or remove it and stage it again "
        "(docs/people.md)",
    )
