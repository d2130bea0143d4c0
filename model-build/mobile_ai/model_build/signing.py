"""Creates signers, in memory or from a URI, and exports model-signing bundles.

Private keys are held by ``Signer`` objects only; this module writes none to disk.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlparse

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer._aws_signer import AWSSigner
from securesystemslib.signer._crypto_signer import CryptoSigner
from securesystemslib.signer._key import Key
from securesystemslib.signer._signature import Signature
from securesystemslib.signer._signer import SIGNER_FOR_URI_SCHEME, Signer
from securesystemslib.signer._sigstore_signer import SigstoreSigner

from mobile_ai.contracts.statements import PAYLOAD_TYPE, Statement, dump_envelope, sign_statement
from mobile_ai.contracts.trust import RENEW, Trust
from mobile_ai.model_build.errors import ModelBuildError, need

__all__ = [
    "MAX_EVIDENCE_BYTES",
    "SigningError",
    "bundle_envelope",
    "check_key",
    "evidence_text",
    "fresh_signer",
    "sign_artifacts",
    "signer_from_uri",
]

# Evidence is part of the plan: the engine and every policy read each file.
MAX_EVIDENCE_BYTES: Final = 60_000
_BUNDLE_MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"


class SigningError(ModelBuildError):
    """A statement cannot be signed, or a signer cannot be created."""


def fresh_signer() -> CryptoSigner:
    """Return a new ECDSA P-256 signer whose private key exists in this process only."""
    return CryptoSigner.generate_ecdsa()


def signer_from_uri(uri: str, *, role: str, trust: Trust | None = None) -> Signer:
    """Return the signer that a URI names.

    Args:
        uri: ``file2:PATH`` (PEM, PKCS #8), ``awskms:KEY``, ``sigstore:`` or another scheme
            of securesystemslib. Schemes that do not expose their public key require ``trust``.
        role: The role to sign for.
        trust: Trust from which the public key of the role is taken.

    Raises:
        SigningError: If the scheme is unknown or the key cannot be loaded.
    """
    SIGNER_FOR_URI_SCHEME.setdefault(SigstoreSigner.SCHEME, SigstoreSigner)
    if urlparse(uri).scheme not in SIGNER_FOR_URI_SCHEME:
        raise SigningError(
            f"signer {uri}",
            got=f"scheme {urlparse(uri).scheme!r}",
            expected=f"one of {sorted(SIGNER_FOR_URI_SCHEME)}",
            next_step="name a key such as file2:/path/to/key.pem or awskms:alias/builder",
        )
    try:
        return Signer.from_priv_key_uri(uri, _public_key(uri, role, trust))
    except SigningError:
        raise
    except Exception as error:  # each scheme raises its own library's errors
        raise SigningError(
            f"signer {uri}",
            got=f"{type(error).__name__}: {error}",
            expected=f"a key that can sign as {role}",
            next_step="check the path, the password and the permissions of the key",
        ) from error


def evidence_text(statement: Statement, signers: Sequence[Signer], *, name: str) -> str:
    """Return a signed statement as the text of an evidence file.

    Raises:
        SigningError: If it would be larger than ``MAX_EVIDENCE_BYTES``.
    """
    text = dump_envelope(sign_statement(statement, signers))
    if len(text) > MAX_EVIDENCE_BYTES:
        raise SigningError(
            name,
            got=f"{len(text)} bytes",
            expected=f"at most {MAX_EVIDENCE_BYTES}, because evidence travels in the plan",
            next_step="measure fewer groups, features or corruptions in the recipe",
        )
    return text


def sign_artifacts(folder: Path, signer: Signer) -> str:
    """Return the OpenSSF Model Signing bundle (Sigstore bundle 0.3) of every file of a folder.

    The ``model_signing`` command verifies it with the signer's public key. The library hashes and
    describes the files, and the signer signs, so that keys in memory or in a KMS can be used.
    https://github.com/sigstore/model-transparency
    """
    need("model_signing")
    from model_signing._signing.signing import Payload  # noqa: PLC0415
    from model_signing.hashing import Config  # noqa: PLC0415

    statement = Payload(Config().hash(folder)).statement.pb
    content = need("google.protobuf.json_format").MessageToDict(statement)
    payload = json.dumps(content, sort_keys=True).encode()
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    signature = envelope.sign(signer)
    return _bundle(payload, signature, signer.public_key)


def bundle_envelope(bundle: Mapping[str, object], keyid: str) -> Envelope:
    """Return the envelope in a model-signing bundle, with its signature under ``keyid``.

    The bundle has no key id, so that the caller passes that of the expected signer.

    Raises:
        SigningError: If the bundle is malformed.
    """
    try:
        body = bundle["dsseEnvelope"]
        payload = base64.b64decode(body["payload"], validate=True)  # type: ignore[index]
        raw = base64.b64decode(body["signatures"][0]["sig"], validate=True)  # type: ignore[index]
        kind = str(body["payloadType"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise SigningError(
            "model-signing bundle",
            got=f"{type(error).__name__}: {error}",
            expected="a Sigstore bundle with a DSSE envelope",
            next_step="build the version again",
        ) from error
    return Envelope(payload, kind, {keyid: Signature(keyid, raw.hex())})


def _bundle(payload: bytes, signature: Signature, key: Key) -> str:
    raw = bytes.fromhex(signature.signature)
    hint = hashlib.sha256(key.keyval["public"].encode()).hexdigest()
    value = {
        "mediaType": _BUNDLE_MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": hint}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(raw).decode(), "keyid": ""}],
        },
    }
    return json.dumps(value, indent=1) + "\n"


def _public_key(uri: str, role: str, trust: Trust | None) -> Key:
    parts = urlparse(uri)
    if parts.scheme == CryptoSigner.SCHEME:
        private = load_pem_private_key(Path(parts.path).read_bytes(), None)
        return CryptoSigner(private).public_key
    if parts.scheme == AWSSigner.SCHEME:
        return AWSSigner.import_(parts.path, "ecdsa-sha2-nistp256")[1]
    keys = _active_keys(role, trust)
    if len(keys) != 1:
        raise SigningError(
            f"signer {uri}",
            got=f"{len(keys)} active keys of role {role} in the trust file",
            expected="exactly one, since this scheme does not expose its public key",
            next_step="add the key to the trust file first, or use file2: or awskms:",
        )
    return keys[0]


def check_key(key: Key, *, role: str, trust: Trust) -> None:
    """Refuse a key that the trust does not list for a role, before anything is signed.

    Raises:
        SigningError: If it is not an active key of the role, or the trust has expired.
    """
    if trust.expired:
        raise SigningError(
            f"signer of role {role}",
            got=f"trust {trust.label}, which {trust.ended}",
            expected="a trust that is valid: nothing new that is signed under it counts",
            next_step=f"{RENEW}; nothing was written",
        )
    known = {item.keyid for item in _active_keys(role, trust)}
    if key.keyid not in known:
        raise SigningError(
            f"signer of role {role}",
            got=f"key {key.keyid[:12]}",
            expected=f"an active key of role {role} in trust {trust.label}: "
            f"{sorted(keyid[:12] for keyid in known) or 'it has none'}",
            next_step=f"sign with a key of role {role}; nothing was written",
        )


def _active_keys(role: str, trust: Trust | None) -> list[Key]:
    if trust is None or role not in trust.roles:
        return []
    items = [trust.keys[keyid] for keyid in sorted(trust.roles[role].keyids)]
    return [item.key for item in items if item.state == "active"]
