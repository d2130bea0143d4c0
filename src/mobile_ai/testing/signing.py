"""Generated keys for every role, and a trust file with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from securesystemslib.signer._crypto_signer import CryptoSigner

from mobile_ai.contracts.predicates import TRUST as TRUST_TYPE
from mobile_ai.contracts.statements import (
    Subject,
    dump_envelope,
    dump_record,
    sign_statement,
    statement_of,
)
from mobile_ai.contracts.trust import Role, Trust, TrustedKey, trust_predicate

ROLES: Final = (
    "root",
    "builder",
    "evaluator",
    "ethics-reviewer",
    "finops-approver",
    "security",
    "operations",
    "pipeline",
    "image-builder",
)
"""Roles with a signing key of their own."""


@dataclass(frozen=True, slots=True)
class Signers:
    """One private key per role, in memory only."""

    by_role: Mapping[str, CryptoSigner]

    @classmethod
    def fresh(cls) -> Signers:
        """Return new ECDSA P-256 keys."""
        return cls({role: CryptoSigner.generate_ecdsa() for role in ROLES})

    @classmethod
    @cache
    def shared(cls) -> Signers:
        """Return keys shared by the whole process, since key generation is slow."""
        return cls.fresh()


def make_trust(signers: Signers, *, environment: str, states: Mapping[str, str] = {}) -> Trust:
    """Return version 1 of a trust with one key per role; ``states`` by role."""
    keys = {role: signer.public_key for role, signer in signers.by_role.items()}
    return Trust(
        environment=environment,
        version=1,
        expires=datetime(2036, 1, 1, tzinfo=UTC),
        keys={
            key.keyid: TrustedKey(
                key=key, owner=f"{role}@example.com", state=states.get(role, "active")
            )
            for role, key in keys.items()
        },
        roles={
            role: Role(keyids=frozenset({key.keyid}), threshold=1) for role, key in keys.items()
        },
        revoked={},
    )


def make_trust_text(
    signers: Signers, *, environment: str = "dev", states: Mapping[str, str] = {}
) -> str:
    """Return a signed trust file (see ``make_trust``)."""
    trust = make_trust(signers, environment=environment, states=states)
    statement = statement_of(TRUST_TYPE, trust_predicate(trust))
    return dump_record(sign_statement(statement, [signers.by_role["root"]]))


def make_record(
    kind: str,
    predicate: Mapping[str, Any],
    *,
    signer: CryptoSigner,
    subjects: tuple[Subject, ...] = (),
) -> str:
    """Return a signed record as it is stored in Git."""
    return dump_record(sign_statement(statement_of(kind, predicate, subjects=subjects), [signer]))


def make_evidence(
    kind: str, predicate: Mapping[str, Any], *, signer: CryptoSigner, subjects: tuple[Subject, ...]
) -> str:
    """Return a signed evidence file as it is stored in Git."""
    return dump_envelope(sign_statement(statement_of(kind, predicate, subjects=subjects), [signer]))
