"""An example of every predicate type, signed by keys of fixed seeds."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner

from mobile_ai.contracts.predicates import ROLES, PredicateType, type_named
from mobile_ai.contracts.statements import Subject, dump_record, sign_statement, statement_of
from mobile_ai.contracts.trust import Role, Trust, TrustedKey, trust_predicate

__all__ = ["EXAMPLES", "NOW", "draft", "example_trust", "record", "role_of", "signer"]

NOW: Final = datetime(2026, 11, 30, tzinfo=UTC)
_SHA: Final = {letter: letter * 64 for letter in "abcdef"}
_TERM: Final = {"issued": "2026-11-30T00:00:00Z", "expires": "2026-12-05T00:00:00Z"}
_ISSUED: Final = {"issued": "2026-11-30T00:00:00Z"}
_WHY: Final = {"reason": "planned", "ticket": "OPS-7"}


@cache
def signer(role: str, number: int = 1) -> CryptoSigner:
    """Return a role's key, the same in every run."""
    seed = hashlib.sha256(f"{role}-{number}".encode()).digest()
    return CryptoSigner(Ed25519PrivateKey.from_private_bytes(seed))


def example_trust(environment: str = "dev", *, thresholds: dict[str, int] | None = None) -> Trust:
    """Return a trust with as many keys a role as it needs."""
    wanted = {role: (thresholds or {}).get(role, 1) for role in sorted(ROLES)}
    keys = {
        role: [signer(role, number).public_key for number in range(1, count + 1)]
        for role, count in wanted.items()
    }
    return Trust(
        environment=environment,
        version=1,
        expires=datetime(2036, 1, 1, tzinfo=UTC),
        keys={
            key.keyid: TrustedKey(key=key, owner=f"{role}@example.com", state="active")
            for role, items in keys.items()
            for key in items
        },
        roles={
            role: Role(keyids=frozenset(key.keyid for key in items), threshold=len(items))
            for role, items in keys.items()
        },
        revoked={},
    )


EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "trust": trust_predicate(example_trust()),
    "provenance": {
        "buildDefinition": {"buildType": "urn:mobile-ai:model-build:v1", "externalParameters": {}},
        "runDetails": {"builder": {"id": "urn:mobile-ai:builder:ci"}},
    },
    "evaluation": {
        "results": [{"sha256": _SHA["a"], "variant": "int8", "quality": {"value": 0.97, "n": 9}}],
        "gates": [],
        **_TERM,
    },
    "assessment": {
        "model": "digits",
        "version": "1.1.0",
        "decision": "approved",
        "riskClass": "minimal",
        "humanOversight": "oversight@example.com",
        "scope": {
            "apps": ["field-assistant"],
            "dataTypes": ["camera-image"],
            "regions": ["eu-central-1"],
            "privacyTiers": ["Internal"],
        },
        "questionnaire": {"purpose": "Reads digits of a meter."},
        **_TERM,
    },
    "assessment-scope": {
        "model": "digits",
        "version": "1.1.0",
        "riskClass": "minimal",
        "humanOversight": "owner@example.com",
        "scope": {
            "apps": ["second-app"],
            "dataTypes": ["document-image"],
            "regions": ["eu-central-1"],
            "privacyTiers": ["Internal"],
        },
        "questionnaire": {"purpose": "Reads numbers on parcels."},
        **_TERM,
    },
    "waiver": {
        "rule": "parity-kept",
        "stack": "dev",
        "urn": "urn:pulumi:dev::mobile-ai::kubernetes:apps/v1:Deployment::digits",
        **_WHY,
        **_TERM,
    },
    "exception": {"stack": "dev", "budget": "stack", "monthlyUsd": "250.00", **_WHY, **_TERM},
    "revocation": {"reason": "trained on data that was withdrawn", "ticket": "SEC-1", **_ISSUED},
    "usage": {
        "stack": "dev",
        "app": "field-assistant",
        "basis": "measurement",
        "period": "2026-10",
        "monthlyActiveDevices": 500,
        "updatesPerMonth": 8,
        "requestsPerSecond": 1.5,
        **_TERM,
    },
    "gate": {
        "stack": "dev",
        "cloud": "aws",
        "commit": "c" * 40,
        "source": _SHA["a"],
        "state": _SHA["b"],
        "pack": _SHA["d"],
        "at": "2026-11-30T00:00:00Z",
        "verdict": "pass",
    },
    "halt": {
        "stack": "dev",
        "app": "field-assistant",
        "model": "digits",
        "reason": "wrong answers",
        **_ISSUED,
    },
    "freeze": {"stack": "dev", **_WHY, **_TERM},
    "approval": {
        "stack": "dev",
        "incident": "0123456789abcdef",
        "step": "rollback",
        "deployment": "field-assistant-digits",
        "digest": _SHA["a"],
        **_TERM,
    },
    "lift": {"kind": "Lift", "lifted": [_SHA["a"]]},
    "image": {
        "repository": "111122223333.dkr.ecr.eu-central-1.amazonaws.com/mobile-ai/edge",
        "index": _SHA["a"],
        "platforms": {"linux/arm64": _SHA["b"]},
        "commit": "c" * 40,
        "provenance": {"buildDefinition": {}},
        **_ISSUED,
    },
    "deployed": {
        "stack": "dev",
        "sequence": 2,
        "before": _SHA["a"],
        "at": "2026-11-30T00:00:00Z",
        "commit": "c" * 40,
        "gate": _SHA["b"],
        "state": _SHA["d"],
        "releases": {"models": 3},
        "released": [_SHA["e"]],
        "deployments": {
            "field-assistant-digits": {
                "spec": {
                    "aiModel": {"id": "digits", "version": "1.1.0", "sha256": _SHA["e"]},
                    "rollout": {"salt": "s1", "stage": "canary"},
                },
                "manifest": _SHA["e"],
                "salt": "s1",
                "stage": "canary",
                "rings": {"canary": "2026-11-29T00:00:00Z"},
            }
        },
        "costs": {"stack": "41.20"},
    },
    "rates": {
        "base": "USD",
        "rates": {"EUR": "1.0812"},
        "source": "https://www.ecb.europa.eu/stats/eurofxref/",
        "date": "2026-11-27",
        **_TERM,
    },
    "device-report": {
        "device": "Pixel 8",
        "emulator": False,
        "os": "Android 15",
        "runtime": "LiteRT 2.3",
        "app": "field-assistant",
        "appVersion": "4.1.0",
        "model": "digits",
        "version": "1.1.0",
        "artifact": _SHA["a"],
        "selfTest": "pass",
        "figures": [{"metric": "latency-p95", "unit": "ms", "value": 3.5, "n": 100}],
        **_ISSUED,
    },
    "finding": {
        "incident": "0123456789abcdef",
        "stack": "dev",
        "app": "field-assistant",
        "model": "digits",
        "manifest": _SHA["a"],
        "ring": "canary",
        "check": "input-drift",
        "severity": "high",
        "source": "device",
        "status": "open",
        "episodes": [
            {"number": 1, "opened": "2026-11-29T00:00:00Z", "last": "2026-11-30T00:00:00Z"}
        ],
        "summary": "The camera images are darker.",
        "evidence": {"distance": 0.4},
        "actions": ["freeze"],
        **_ISSUED,
    },
}
"""A predicate of every type that the table validates, by short name."""


def _row(name: str) -> PredicateType:
    row = type_named(name)
    assert row is not None
    return row


def role_of(name: str) -> str:
    """Return the role that signs an example."""
    row = _row(name)
    return next(
        role
        for role in row.roles
        if all(EXAMPLES[name][key] in allowed for key, allowed in row.says.get(role, {}).items())
    )


def _about(name: str) -> tuple[str, ...]:
    named = {"image": ("a", "b"), "device-report": ("a",)}.get(name, ("f",))
    return tuple(_SHA[item] for item in named) if _row(name).about else ()


def record(name: str) -> str:
    """Return an example as a signed record."""
    about = tuple(Subject("the thing", digest) for digest in _about(name))
    statement = statement_of(_row(name).uri, EXAMPLES[name], subjects=about)
    return dump_record(sign_statement(statement, [signer(role_of(name))]))


def draft(name: str, scope: str = "dev") -> dict[str, Any]:
    """Return an example as the value of a draft."""
    row = _row(name)
    value: dict[str, Any] = {
        "role": role_of(name),
        "path": f"{row.folder}/x.yaml".format(stack=scope, environment=scope),
        "predicateType": row.uri,
        "predicate": EXAMPLES[name],
    }
    if row.about:
        value["subject"] = [{"name": f"thing-{item[0]}", "sha256": item} for item in _about(name)]
    return value
