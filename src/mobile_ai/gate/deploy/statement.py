"""Signed statement of a gate's verdict, for an `up` in another job; pure, without I/O.

It is a seal (`gate.deploy.seal`) in an in-toto Statement v1 under DSSE, predicate type
`urn:mobile-ai:gate:v1`, signed by the trust's role `pipeline`. Only a passing verdict is signed;
the reader compares its seal with the current inputs (`gate.deploy.seal.require_same`).
"""

from dataclasses import asdict
from datetime import UTC
from typing import Final

from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.predicates import GATE, GatePredicate, content_of
from mobile_ai.contracts.statements import (
    dump_envelope,
    load_envelope,
    sign_statement,
    statement_of,
)
from mobile_ai.contracts.trust import RENEW, Trust
from mobile_ai.gate.deploy.seal import Seal
from mobile_ai.gate.errors import GateError

ROLE: Final = "pipeline"
"""Role that signs statements of the gate."""
_PASS: Final = "pass"  # noqa: S105  a verdict


def require_signer(signer: Signer, trust: Trust) -> None:
    """Check that a key may sign gate statements, before a long run.

    Raises:
        GateError: The trust has no such role, or the key is not active in it.
    """
    _require_role(trust)
    if trust.expired:
        raise GateError(
            f"trust {trust.label}: got one that {trust.ended}; expected one that may sign new "
            f"statements. Next: {RENEW}."
        )
    keyid = signer.public_key.keyid
    known = trust.keys.get(keyid)
    if keyid not in trust.roles[ROLE].keyids or known is None or known.state != "active":
        raise GateError(
            f"key {keyid[:12]}: got a key that trust {trust.label} does not list as active for "
            f"role {ROLE}; expected one of {', '.join(_shown(trust))}. Next: sign with that key, "
            "or have root sign a new version of the trust."
        )


def signed_statement(seal: Seal, signer: Signer, trust: Trust) -> str:
    """Return the statement that the gate passed the sealed inputs, as DSSE JSON.

    Raises:
        GateError: The signature alone does not reach the role's threshold.
    """
    predicate = {**asdict(seal), "at": _written(seal), "verdict": _PASS}
    envelope = sign_statement(statement_of(GATE, predicate), [signer])
    try:
        trust.verify(envelope, role=ROLE, name="gate statement")
    except GovernanceError as error:
        raise GateError(str(error)) from error
    return dump_envelope(envelope)


def read_statement(text: str, trust: Trust, *, name: str) -> Seal:
    """Return the verified seal of a statement.

    Raises:
        GateError: It is not signed by the role, or does not contain a passing verdict.
    """
    _require_role(trust)
    try:
        envelope = load_envelope(text, name=name)
        statement = trust.verify(envelope, role=ROLE, name=name)
        told = content_of(GatePredicate, statement, name=name)
    except GovernanceError as error:
        raise GateError(str(error)) from error
    values = told.model_dump(exclude={"verdict"})
    return Seal(**{**values, "at": told.at.astimezone(UTC)})


def _require_role(trust: Trust) -> None:
    if ROLE not in trust.roles:
        raise GateError(
            f"trust {trust.label}: got no role {ROLE}; expected one whose key signs gate "
            "statements. Next: have root sign a version of the trust that has it, or let `up` run "
            "the gate itself, without a statement."
        )


def _shown(trust: Trust) -> list[str]:
    return [keyid[:12] for keyid in sorted(trust.roles[ROLE].keyids)]


def _written(seal: Seal) -> str:
    return seal.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
