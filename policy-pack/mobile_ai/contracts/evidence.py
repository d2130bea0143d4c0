"""Verifies the evidence chain of a model version.

The chain, checked on plain values without file access:

1. the SHA-256 of the manifest's text equals the pin in the stack file;
2. the manifest is not revoked;
3. the manifest lists every evidence file by SHA-256;
4. provenance, evaluation and assessment are each signed by their own role, and the subjects of
   each include the canonical manifest *and* every artifact, so that neither can be swapped;
5. other evidence files (the bill of materials) are subjects of the provenance.

Expiry is left to rules, because whether expired evidence blocks depends on what is already
released.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mobile_ai.contracts.canonical import manifest_digest, sha256_text
from mobile_ai.contracts.errors import EvidenceError, VerificationError
from mobile_ai.contracts.manifest import ModelManifest, read_manifest
from mobile_ai.contracts.statements import Statement, load_envelope
from mobile_ai.contracts.trust import Trust, parse_time

_broken = EvidenceError.advising("pin a version whose evidence verifies (`mobile-ai model verify`)")

SIGNED_KINDS: Final[Mapping[str, str]] = {
    "provenance": "builder",
    "evaluation": "evaluator",
    "assessment": "ethics-reviewer",
}
"""Required evidence, and the role that must have signed each kind."""
# Evidence files that are exports for other tools and not evaluated by any rule.
_EXPORTS: Final = frozenset({"signature"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedModel:
    """A model version whose evidence chain verified.

    Attributes:
        sha256: Digest of the manifest's text, as pinned.
        manifest: The typed manifest.
        statements: The verified statement of each kind in ``SIGNED_KINDS``.
        digest: Canonical digest of the manifest, which statements and scope records name.
    """

    sha256: str
    digest: str
    manifest: ModelManifest
    statements: Mapping[str, Statement]

    @property
    def digests(self) -> frozenset[str]:
        """SHA-256 digests of the manifest, of every artifact and of their files."""
        artifacts = self.manifest.artifacts
        files = (file.sha256 for item in artifacts for file in item.files)
        return frozenset({self.sha256, *(item.digest for item in artifacts), *files})

    def expiry(self, kind: str) -> datetime:
        """Return when the evidence of a kind expires.

        Raises:
            DocumentError: If its predicate gives no ``expires``.
        """
        return parse_time(self.statements[kind].predicate.get("expires"), name=f"{kind} expires")


def verify_model(
    manifest_text: str,
    evidence: Mapping[str, str],
    *,
    pin: str,
    trust: Trust,
    released: bool = False,
) -> VerifiedModel:
    """Verify the evidence chain of a model version.

    Args:
        manifest_text: The manifest file, exactly as in Git.
        evidence: The text of each evidence file by kind, exactly as in Git.
        pin: The SHA-256 that the stack file gives for the manifest.
        trust: The verified trust of the environment.
        released: Whether this version was released before (see ``Trust.verify``).

    Raises:
        GovernanceError: For the first check that fails, as one of its subclasses.
    """
    actual = sha256_text(manifest_text)
    if actual != pin:
        raise _broken("manifest", f"sha256 {actual}", f"the pinned {pin}")
    manifest, values = read_manifest(manifest_text, name="manifest")
    name = f"{manifest.metadata.name} {manifest.metadata.version}"
    signed = manifest_digest(values)
    for digest in (actual, signed):
        if digest in trust.revoked:
            raise _broken(name, f"revoked: {trust.revoked[digest]}", "a version not revoked")
    _check_listed(manifest, evidence, name)
    subjects = {signed} | {item.digest for item in manifest.artifacts}
    statements = {
        kind: _verify_kind(kind, evidence[kind], trust=trust, subjects=subjects, released=released)
        for kind in SIGNED_KINDS
    }
    _check_unsigned(manifest, statements["provenance"], name)
    return VerifiedModel(sha256=actual, digest=signed, manifest=manifest, statements=statements)


def _check_listed(manifest: ModelManifest, evidence: Mapping[str, str], name: str) -> None:
    listed: dict[str, str] = {item.kind: item.sha256 for item in manifest.statements}
    for kind in SIGNED_KINDS:
        if kind not in listed or kind not in evidence:
            raise _broken(f"{name}: {kind}", "none", "a signed statement listed in the manifest")
    for kind, text in evidence.items():
        if sha256_text(text) != listed.get(kind):
            raise _broken(
                f"{name}: {kind}", f"sha256 {sha256_text(text)}", f"{listed.get(kind)} as listed"
            )


def _verify_kind(
    kind: str, text: str, *, trust: Trust, subjects: set[str], released: bool
) -> Statement:
    envelope = load_envelope(text, name=kind)
    statement = trust.verify(envelope, role=SIGNED_KINDS[kind], name=kind, released=released)
    missing = subjects - statement.digests
    if missing:
        raise VerificationError(
            kind,
            got=f"no subject with sha256 {min(missing)}",
            expected="the canonical manifest and every artifact among its subjects",
            next_step="build it again (`mobile-ai model build`): manifest or artifact changed "
            "after signing",
        )
    return statement


def _check_unsigned(manifest: ModelManifest, provenance: Statement, name: str) -> None:
    for item in manifest.statements:
        if item.kind in SIGNED_KINDS or item.kind in _EXPORTS:
            continue
        if item.sha256 not in provenance.digests:
            raise _broken(f"{name}: {item.kind}", "not a subject of the provenance", "one of them")
