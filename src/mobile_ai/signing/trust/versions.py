"""Makes the next version of an environment's trust: staged until the root thresholds are met.

Once those of the version before and of itself are met it is appended to the chain, in one rename.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from securesystemslib.dsse import Envelope
from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.canonical import canonical_bytes
from mobile_ai.contracts.files import remove_written
from mobile_ai.contracts.predicates import TRUST
from mobile_ai.contracts.statements import PAYLOAD_TYPE, dump_record, statement_of
from mobile_ai.contracts.trust import Trust, read_chain, trust_predicate, trust_version
from mobile_ai.signing.files import write_files
from mobile_ai.signing.trust.changes import check_thresholds
from mobile_ai.signing.trust.history import TrustHistory, staged_path, staged_to_sign
from mobile_ai.signing.trust.people import TrustChangeError, root_owners
from mobile_ai.signing.trust.words import short

_BETWEEN: Final = "---\n"  # of YAML documents


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Signatures that a next version needs of the root keys of one version.

    Attributes:
        version: The version whose root keys these are.
        have: Owners whose valid signature is there.
        waiting: Owners of the other active root keys.
        lacking: Number of signatures still needed.
    """

    version: int
    have: tuple[str, ...]
    waiting: tuple[str, ...]
    lacking: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """Result of a change or of a signature.

    Attributes:
        word: `already so`, `staged` or `signed`.
        version: Number of the version.
        path: The file written; the chain's if nothing was.
        demands: What each root threshold has and lacks.
        dropped: Signatures of an earlier staged content, which do not count for this one.
    """

    word: str
    version: int
    path: Path
    demands: tuple[Demand, ...] = ()
    dropped: int = 0


def demands(history: TrustHistory, wanted: Trust, envelope: Envelope) -> tuple[Demand, ...]:
    """Return what the root thresholds of the version before and of the next one have and lack."""
    return tuple(_demand(trust, envelope) for trust in _signing(history, wanted))


def advance(history: TrustHistory, content: Trust, signers: Sequence[Signer]) -> Advance:
    """Write a content as the next version: to the chain if enough root keys sign, else staged.

    Args:
        history: The trust as it is.
        content: The content of the next version; its number is set here.
        signers: Root keys at hand.

    Raises:
        TrustChangeError: If a role could not sign any more, a key is not of role root, or a file
            cannot be written; nothing is written then.
    """
    current, staged = history.current, history.staged
    wanted = replace(content, version=history.next_number, expired=False)
    if current is not None and _same(current, wanted) and staged is None:
        return Advance(word="already so", version=current.version, path=history.path)
    check_thresholds(wanted)
    if current is not None and current.expired and wanted.expires == current.expires:
        raise TrustChangeError(
            f"trust {current.label}",
            got=f"one that {current.ended}",
            expected="a next version that is valid for longer",
            next_step=f"mobile-ai trust renew --environment {history.environment}, then this again",
        )
    payload = canonical_bytes(statement_of(TRUST, trust_predicate(wanted)).to_dict())
    # Read as everybody will read it, before anybody signs it.
    trust_version(Envelope(payload, PAYLOAD_TYPE, {}), name=str(history.path))
    kept = staged.envelope.signatures if staged and staged.envelope.payload == payload else {}
    dropped = len(staged.envelope.signatures) - len(kept) if staged else 0
    if current is not None and _same(current, wanted):
        # The change takes back what was staged.
        _remove(staged.path if staged else None, to=history.path)
        return Advance(word="already so", version=current.version, path=history.path)
    if staged and {item.public_key.keyid for item in signers} - set(kept):
        raise TrustChangeError(
            str(staged.path),
            got="a staged version, which may have changes of other people",
            expected="that you see all of them before you sign",
            next_step="run this without --sign-with, then mobile-ai trust sign --environment "
            f"{history.environment} --key KEY",
        )
    envelope = Envelope(payload, PAYLOAD_TYPE, dict(kept))
    return _sign(history, wanted, envelope, signers, dropped=dropped)


def sign_staged(history: TrustHistory, signers: Sequence[Signer]) -> Advance:
    """Add signatures to the staged version, and append it to the chain once there are enough.

    Raises:
        TrustChangeError: As ``staged_to_sign`` and ``advance``.
    """
    staged = staged_to_sign(history)
    if staged is None:
        for path in history.stale:
            _remove(path, to=history.path)
        return Advance(word="already so", version=len(history.versions), path=history.path)
    check_thresholds(staged.trust)
    return _sign(history, staged.trust, staged.envelope, signers)


def _sign(
    history: TrustHistory,
    wanted: Trust,
    envelope: Envelope,
    signers: Sequence[Signer],
    *,
    dropped: int = 0,
) -> Advance:
    duties = _signing(history, wanted)
    allowed = {keyid for trust in duties for keyid in trust.active_keys("root")}
    for signer in signers:
        if signer.public_key.keyid not in allowed:
            roots = (root_owners(trust, trust.active_keys("root")) for trust in duties)
            owners = sorted({name for names in roots for name in names})
            raise TrustChangeError(
                f"key {short(signer.public_key.keyid)}",
                got="no active root key",
                expected=f"one of {', '.join(owners)}",
                next_step="sign with a key of role root (`mobile-ai trust show`); nothing was "
                "written",
            )
    valid = {keyid for trust in duties for keyid in trust.signed_by(envelope, "root")}
    wrong = [keyid for keyid in envelope.signatures if keyid not in valid]
    for keyid in wrong:
        del envelope.signatures[keyid]
    before = set(envelope.signatures)
    for signer in signers:
        if signer.public_key.keyid not in envelope.signatures:
            envelope.sign(signer)
    asked = demands(history, wanted, envelope)
    done = Advance(
        word="signed",
        version=wanted.version,
        path=history.path,
        demands=asked,
        dropped=dropped + len(wrong),
    )
    staged = staged_path(history.path, wanted.version)
    record = dump_record(envelope)
    if any(item.lacking for item in asked):
        same = history.staged is not None and history.staged.envelope.payload == envelope.payload
        if same and not wrong and before == set(envelope.signatures):
            return replace(done, word="already so", path=staged)
        _write(staged, record)
        return replace(done, word="staged", path=staged)
    text = f"{history.text}{_BETWEEN}{record}" if history.text else record
    # Whatever is written here verifies as every reader will verify it.
    read_chain(text, environment=history.environment)
    _write(history.path, text)
    _remove(staged, to=history.path)
    return done


def _signing(history: TrustHistory, wanted: Trust) -> tuple[Trust, ...]:
    return (history.current, wanted) if history.current else (wanted,)


def _demand(trust: Trust, envelope: Envelope) -> Demand:
    have = trust.signed_by(envelope, "root")
    return Demand(
        version=trust.version,
        have=tuple(root_owners(trust, have)),
        waiting=tuple(root_owners(trust, trust.active_keys("root") - have)),
        lacking=max(0, trust.roles["root"].threshold - len(have)),
    )


def _same(one: Trust, other: Trust) -> bool:
    return trust_predicate(replace(one, version=0)) == trust_predicate(replace(other, version=0))


def _write(path: Path, text: str) -> None:
    write_files({path: text}, replace=True)


def _remove(path: Path | None, *, to: Path) -> None:
    if path is None or not path.exists():
        return
    remove_written(path, to=to)
    folder: Iterator[Path] = path.parent.iterdir()
    if next(folder, None) is None:
        with contextlib.suppress(OSError):  # an empty folder is in nobody's way
            path.parent.rmdir()
