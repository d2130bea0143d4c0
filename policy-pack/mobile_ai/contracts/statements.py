"""Signed statements: in-toto Statement v1 in a DSSE envelope.

Two serializations with the same meaning:

* evidence, written by machines: a DSSE envelope as JSON with a base64 payload;
* a record, written and reviewed by people: YAML with ``predicateType``, ``subject``,
  ``predicate`` and ``signatures`` in plain text. The signed payload is the RFC 8785 form of the
  statement, so that formatting and comments may change and content may not.

Signatures are verified in ``trust``, not here.
https://in-toto.io/Statement/v1, https://github.com/secure-systems-lab/dsse
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from securesystemslib.dsse import Envelope
from securesystemslib.signer._signature import Signature
from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.canonical import canonical_bytes, parse_sha256, sha256_bytes
from mobile_ai.contracts.documents import dump_yaml, read_json, read_yaml
from mobile_ai.contracts.errors import DocumentError

_malformed = DocumentError.advising(
    "sign it again with the `mobile-ai` command that made it; nobody writes such files by hand",
    expected="a signed in-toto Statement v1",
)

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
"""DSSE payload type of in-toto statements."""
_STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """A subject of a statement: a name and its SHA-256."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Statement:
    """An in-toto statement.

    Attributes:
        predicate_type: One of those of ``mobile_ai.contracts.predicates``.
        subjects: The subjects, at least one.
        predicate: The content, as JSON values.
    """

    predicate_type: str
    subjects: tuple[Subject, ...]
    predicate: Mapping[str, Any]

    @property
    def digests(self) -> frozenset[str]:
        """The SHA-256 digests of all subjects."""
        return frozenset(subject.sha256 for subject in self.subjects)

    def to_dict(self) -> dict[str, Any]:
        """Return the in-toto Statement v1 as JSON values."""
        return {
            "_type": _STATEMENT_TYPE,
            "subject": [
                {"name": subject.name, "digest": {"sha256": subject.sha256}}
                for subject in self.subjects
            ],
            "predicateType": self.predicate_type,
            "predicate": dict(self.predicate),
        }

    @classmethod
    def from_payload(cls, payload: bytes, *, name: str) -> Statement:
        """Read a statement from an envelope's payload.

        Raises:
            DocumentError: If it is not an in-toto Statement v1 with SHA-256 subjects.
        """
        try:
            value = read_json(payload.decode("utf-8"), name=name)
        except UnicodeDecodeError as error:
            raise _malformed(name, "a payload that is not UTF-8") from error
        try:
            return cls._from_dict(value)
        except (KeyError, TypeError, ValueError) as error:
            raise _malformed(name, f"{type(error).__name__}: {error}") from error

    @classmethod
    def _from_dict(cls, value: Any) -> Statement:
        if value["_type"] != _STATEMENT_TYPE:
            raise ValueError(f"_type {value['_type']!r}")
        subjects = tuple(_subject(item) for item in value["subject"])
        if not subjects:
            raise ValueError("no subject")
        if not isinstance(value["predicate"], dict) or not isinstance(value["predicateType"], str):
            raise TypeError("predicate or predicateType of another type")
        return cls(value["predicateType"], subjects, value["predicate"])


def statement_of(
    predicate_type: str, predicate: Mapping[str, Any], *, subjects: Sequence[Subject] = ()
) -> Statement:
    """Return a statement; by default its subject is its own canonical predicate."""
    own = Subject("predicate", sha256_bytes(canonical_bytes(dict(predicate))))
    return Statement(predicate_type, tuple(subjects) or (own,), predicate)


def sign_statement(statement: Statement, signers: Sequence[Signer]) -> Envelope:
    """Return the DSSE envelope of a statement with one signature per signer.

    Raises:
        ValueError: If no signer is given.
    """
    if not signers:
        raise ValueError("a statement needs at least one signer")
    envelope = Envelope(canonical_bytes(statement.to_dict()), PAYLOAD_TYPE, {})
    for signer in signers:
        envelope.sign(signer)
    return envelope


def load_envelope(text: str, *, name: str) -> Envelope:
    """Read a DSSE envelope from JSON.

    Raises:
        DocumentError: If it is not a DSSE envelope.
    """
    value = read_json(text, name=name)
    try:
        return Envelope.from_dict(value)
    except Exception as error:  # securesystemslib documents none, and its own have no public base
        raise _malformed(name, f"{type(error).__name__}: {error}") from error


def dump_envelope(envelope: Envelope) -> str:
    """Return a DSSE envelope as JSON text."""
    return json.dumps(envelope.to_dict(), indent=1, sort_keys=True) + "\n"


def load_record(text: str, *, name: str) -> Envelope:
    """Return the envelope that a record (YAML) represents.

    Raises:
        DocumentError: If it is not a record.
    """
    return record_envelope(read_yaml(text, name=name), name=name)


def record_envelope(value: Any, *, name: str) -> Envelope:
    """Return the envelope that a parsed record represents (see ``load_record``)."""
    if not isinstance(value, dict) or set(value) != {
        "predicateType",
        "subject",
        "predicate",
        "signatures",
    }:
        raise _malformed(name, f"keys {sorted(value) if isinstance(value, dict) else value!r}")
    statement = {"_type": _STATEMENT_TYPE, **value}
    signatures = statement.pop("signatures")
    try:
        parsed = [Signature(item["keyid"], item["sig"]) for item in signatures]
        for signature in parsed:
            bytes.fromhex(signature.signature)
    except (KeyError, TypeError, ValueError) as error:
        raise _malformed(name, f"signatures: {type(error).__name__}: {error}") from error
    by_key = {signature.keyid: signature for signature in parsed}
    return Envelope(canonical_bytes(statement), PAYLOAD_TYPE, by_key)


def dump_record(envelope: Envelope) -> str:
    """Return an envelope as a record (YAML)."""
    statement = json.loads(envelope.payload)
    return dump_yaml(
        {
            "predicateType": statement["predicateType"],
            "subject": statement["subject"],
            "predicate": statement["predicate"],
            "signatures": [
                {"keyid": signature.keyid, "sig": signature.signature}
                for signature in envelope.signatures.values()
            ],
        }
    )


def _subject(value: Any) -> Subject:
    name = value["name"]
    if not isinstance(name, str):
        raise TypeError(f"subject {value!r}")
    return Subject(name, parse_sha256(value["digest"]["sha256"], name=f"subject {name}"))
