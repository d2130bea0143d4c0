"""Creates signers in memory; signs evidence and exports model-signing bundles.

Private keys are held by ``Signer`` objects only; this module writes none to disk.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, Key, Signature, Signer

from mobile_ai.contracts.statements import PAYLOAD_TYPE, Statement, dump_envelope, sign_statement
from mobile_ai.model_build.errors import need
from mobile_ai.signing.errors import SigningError

# Evidence is part of the plan: the engine and every policy read each file.
MAX_EVIDENCE_BYTES: Final = 60_000
"""Largest evidence file, bytes: evidence travels in the plan."""
_BUNDLE_MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"


def fresh_signer() -> CryptoSigner:
    """Return a new ECDSA P-256 signer whose private key exists in this process only."""
    return CryptoSigner.generate_ecdsa()


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
            next_step="build the version again: `mobile-ai model build`",
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
