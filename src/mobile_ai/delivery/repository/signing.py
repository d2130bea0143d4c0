"""Signatures of a role, from one machine or collected over several.

A role may need more keys than one person holds. Its metadata then waits in ``staged/`` of the
stack's folder, in Git, with the signatures so far. Every signer recomputes it from the stack file
on their own machine, and adds a signature only if the content is equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
from securesystemslib.signer import Key, Signature, Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Role

from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.roles import lifetime

STAGED: Final = "staged"
"""Folder of metadata that waits for signatures, below a stack's."""


class Elsewhere(Signer):
    """A signer whose private key is on another machine."""

    def __init__(self, key: Key) -> None:
        """Keep the public key."""
        self._key = key

    @property
    def public_key(self) -> Key:
        """The public key."""
        return self._key

    @classmethod
    def from_priv_key_uri(cls, *_: Any, **__: Any) -> Signer:
        """Refuse: there is no private key to load."""
        raise NotImplementedError

    def sign(self, payload: bytes) -> Signature:
        """Refuse: ``collect`` skips these signers."""
        raise NotImplementedError


def staged_path(folder: Path, role: str, version: int) -> Path:
    """Return the path of a role's staged metadata."""
    return folder / STAGED / f"{version}.{role}.json"


def sign_role(role: str, body: Any, duty: Role, signers: Sequence[Signer]) -> Metadata[Any]:
    """Return the body signed by every available key of the role.

    Raises:
        ReleaseError: If those are fewer than the role's threshold.
    """
    metadata = collect(body, duty, signers)
    if lacking := missing(role, metadata, duty):
        raise lacking
    return metadata


def collect(
    body: Any,
    duty: Role,
    signers: Sequence[Signer],
    *,
    staged: Path | None = None,
    keys: Mapping[str, Key] = MappingProxyType({}),
) -> Metadata[Any]:
    """Return the body with its staged signatures and those of the available keys.

    Args:
        body: The content to sign.
        duty: The role's keys and threshold.
        signers: Available keys; one counts once, however often it is given.
        staged: Path of the staged metadata.
        keys: Public keys by id, to verify the staged signatures.
    """
    metadata = _staged(staged, body) if staged else None
    if metadata is None:
        metadata = Metadata(body)
    else:
        _keep_valid(metadata, duty, keys)
    for signer in signers:
        keyid = signer.public_key.keyid
        wanted = keyid in duty.keyids and keyid not in metadata.signatures
        if wanted and not isinstance(signer, Elsewhere):
            metadata.sign(signer, append=True)
    return metadata


def require_role(role: str, duty: Role, signers: Sequence[Signer]) -> None:
    """Refuse available keys of which none is the role's, before anything is written.

    Raises:
        ReleaseError: If keys are listed for the role and it has none of them.
    """
    own = [item for item in signers if not isinstance(item, Elsewhere)]
    if own and not any(item.public_key.keyid in duty.keyids for item in own):
        raise ReleaseError(
            f"role {role}",
            got=f"keys {[item.public_key.keyid[:12] for item in own]}",
            expected=f"one of {[keyid[:12] for keyid in duty.keyids]}",
            next_step="list a key of this role; `mobile-ai release publish --rekey` sets the "
            "keys of the list. Nothing was written",
        )


def missing(role: str, metadata: Metadata[Any], duty: Role) -> ReleaseError | None:
    """Return the error of a role with too few signatures, else ``None``."""
    if len(metadata.signatures) >= duty.threshold:
        return None
    return ReleaseError(
        f"role {role}",
        got=f"{len(metadata.signatures)} of its keys",
        expected=f"{duty.threshold} of {[keyid[:12] for keyid in duty.keyids]}",
        next_step="run mobile-ai release sign where the other keys are, and merge what it stages",
    )


def _staged(path: Path, body: Any) -> Metadata[Any] | None:
    """Return staged metadata if its content equals the body and its expiry is close.

    Anything else is not what this machine would sign, and signing starts anew.
    """
    try:
        metadata: Metadata[Any] = Metadata.from_bytes(path.read_bytes())
        # From the file name: the type of a delegated role is "targets" too.
        role = path.name.split(".")[1]
    except (OSError, RepositoryError):
        return None
    age = body.expires - metadata.signed.expires
    fresh = abs(age) < lifetime(role) / 3
    return metadata if fresh and _content(metadata.signed) == _content(body) else None


def _content(signed: Any) -> dict[str, Any]:
    value: dict[str, Any] = signed.to_dict()
    del value["expires"]
    return value


def _keep_valid(metadata: Metadata[Any], duty: Role, keys: Mapping[str, Key]) -> None:
    for keyid, signature in list(metadata.signatures.items()):
        if keyid not in duty.keyids or not _verifies(keys[keyid], signature, metadata.signed_bytes):
            del metadata.signatures[keyid]


def _verifies(key: Key, signature: Signature, message: bytes) -> bool:
    try:
        key.verify_signature(signature, message)
    except (UnverifiedSignatureError, VerificationError):
        return False
    return True
