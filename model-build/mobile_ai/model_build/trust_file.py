"""Creates version 1 of an environment's trust file, with keys stored in a folder.

The keys of the sample trust were discarded after its ceremony. Production use starts here, with new
root keys, a key for every role and, optionally, the keys trusted before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.predicates import TRUST
from mobile_ai.contracts.statements import dump_record, sign_statement, statement_of
from mobile_ai.contracts.trust import Role, Trust, TrustedKey, trust_predicate
from mobile_ai.model_build.ceremony import ROLES, ROOT_KEYS
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.signing.keys import FILE_SCHEME, create_pair, load_signer

__all__ = ["begin_trust", "create_role_keys"]

_ROOTS: Final = tuple(f"root-{number}" for number in range(1, ROOT_KEYS + 1))


def create_role_keys(folder: Path) -> dict[str, Signer]:
    """Write a P-256 key pair for every role and return their signers.

    Raises:
        ModelBuildError: If the folder already contains a key; keys are never overwritten.
    """
    there = sorted(folder.glob("*.pem"))
    if there:
        raise ModelBuildError(
            str(there[0]),
            got="a key",
            expected="a folder without any",
            next_step="name another folder; keys are never written over",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    signers = {}
    for name in (*_ROOTS, *ROLES):
        path = folder / f"{name}.pem"
        create_pair(path)
        signers[name] = load_signer(f"{FILE_SCHEME}{path}")
    return signers


def begin_trust(
    environment: str, signers: Mapping[str, Signer], *, expires: datetime, kept: Trust | None
) -> str:
    """Return version 1 of an environment's trust, signed by its new root keys.

    Args:
        environment: Name of the environment.
        signers: The signers returned by ``create_role_keys``.
        expires: End of validity.
        kept: A trust whose role keys (not its root keys) stay valid, so that evidence signed with
            them does too. The threshold of every role is 1 either way.
    """
    roots = [signers[name] for name in _ROOTS]
    keys = {signers[name].public_key.keyid: _key(signers[name], name) for name in signers}
    roles = {"root": _role(roots, threshold=len(roots))}
    for role in ROLES:
        before = kept.roles.get(role) if kept else None
        old = before.keyids if before else frozenset()
        roles[role] = Role(keyids=_role([signers[role]], threshold=1).keyids | old, threshold=1)
        keys |= {keyid: kept.keys[keyid] for keyid in old} if kept else {}
    trust = Trust(
        environment=environment,
        version=1,
        expires=expires,
        keys=keys,
        roles=roles,
        revoked=kept.revoked if kept else {},
    )
    return dump_record(sign_statement(statement_of(TRUST, trust_predicate(trust)), roots))


def _key(signer: Signer, name: str) -> TrustedKey:
    owner = name.rpartition("-")[0] if name in _ROOTS else name
    return TrustedKey(key=signer.public_key, owner=f"{owner}@example.com", state="active")


def _role(signers: list[Signer], *, threshold: int) -> Role:
    return Role(
        keyids=frozenset(signer.public_key.keyid for signer in signers), threshold=threshold
    )
