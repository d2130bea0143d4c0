"""Reads the signed release metadata in ``releases/<stack>/metadata``, without file access.

The metadata follows The Update Framework (TUF) specification 1.0.34. Signatures are verified
against the chain of roots; expiry is ignored, because a released version stays released. Publishing
releases and updating devices happen in other packages with a TUF library; this module extracts what
rules need.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
from securesystemslib.formats import encode_canonical
from securesystemslib.signer._key import Key
from securesystemslib.signer._signature import Signature

from mobile_ai.contracts.canonical import parse_sha256, sha256_text
from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError, GovernanceError
from mobile_ai.contracts.errors import VerificationError as NotSigned

_broken = NotSigned.advising("restore releases/ from the protected branch")

_malformed = DocumentError.advising("release it again with `mobile-ai release publish`")

_NAME: Final = re.compile(r"([1-9][0-9]{0,9})\.([a-z0-9][a-z0-9-]{0,63})\.json")
# Bytes: the limit for targets metadata in python-tuf's client (`UpdaterConfig.targets_max_length`).
_LARGEST: Final = 5_000_000
# A file name has at most 255 bytes (NAME_MAX), and a consistent snapshot puts a 64-digit digest and
# a dot before it.
_SEGMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,189}")
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,127}")
_MOST_BYTES: Final = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedTarget:
    """A target file listed in the signed metadata of a role."""

    role: str
    path: str
    sha256: str
    length: int
    custom: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRelease:
    """The newest release of a stack.

    Attributes:
        roles: File names of the targets metadata that the newest snapshot lists.
        snapshot: File name of the snapshot.
        roots: File names of every root, oldest first.
        targets: The target files of all roles.
    """

    roles: tuple[str, ...]
    snapshot: str
    roots: tuple[str, ...]
    targets: tuple[ReleasedTarget, ...]

    @property
    def versions(self) -> dict[str, int]:
        """Version of the metadata of each role."""
        found = {}
        for name in (self.snapshot, self.roots[-1], *self.roles):
            version, role, _ = name.split(".")
            found[role] = int(version)
        return found

    @property
    def manifests(self) -> frozenset[str]:
        """Digests of the manifests whose artifacts are targets of the role ``models``."""
        return frozenset(
            str(item.custom["manifestSha256"])
            for item in self.targets
            if item.role == "models" and item.custom.get("kind") == "artifact"
        )


def read_release(files: Mapping[str, str]) -> SignedRelease | None:
    """Return the newest release among metadata files, or ``None`` before the first.

    Args:
        files: The text of every ``<version>.<role>.json``, by name.

    Raises:
        GovernanceError: If a root is missing, or a file is not signed by a threshold of its role.
    """
    versions = _versions(files)
    root = _root(files, sorted(versions.get("root", ())))
    if "snapshot" not in versions:
        return None
    snapshot = _signed(files, "snapshot", max(versions["snapshot"]), _Duties.of_root(root))
    listed = {
        name.removesuffix(".json"): int(item["version"]) for name, item in snapshot["meta"].items()
    }
    top = _signed(files, "targets", listed.get("targets", 0), _Duties.of_root(root))
    duties = _Duties.of_targets(top)
    named: list[ReleasedTarget] = []
    # The snapshot keeps listing a role after its delegation was removed; it is ignored.
    current = ["targets", *(role for role in sorted(duties.roles) if role in listed)]
    for role in current[1:]:
        named += _named(role, _signed(files, role, listed[role], duties))
    return SignedRelease(
        roles=tuple(f"{listed[role]}.{role}.json" for role in current),
        snapshot=f"{snapshot['version']}.snapshot.json",
        roots=tuple(f"{version}.root.json" for version in sorted(versions["root"])),
        targets=tuple(named),
    )


def proven_manifests(files: Mapping[str, str], *, root: str) -> frozenset[str]:
    """Return the digests of the manifests that valid release metadata list; else an empty set.

    Args:
        files: Metadata files as for ``read_release``.
        root: SHA-256 of the trusted first root; empty if none is trusted.
    """
    if not root or sha256_text(files.get("1.root.json", "")) != root:
        return frozenset()
    try:
        release = read_release(files)
    except GovernanceError:
        return frozenset()
    return release.manifests if release else frozenset()


def served_name(path: str, sha256: str) -> str:
    """Return the path of a target below ``targets/`` as it is served.

    Consistent snapshots put the digest before the file name (TUF 1.0.34, section 6.2.1); a name
    that has the prefix already is kept.
    """
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name if name.startswith(f'{sha256}.') else f'{sha256}.{name}'}"


def check_target(path: str, *, hashes: Mapping[str, Any], length: Any, custom: Any) -> str:
    """Return a target's SHA-256 after validating every field that becomes part of a file name.

    A valid signature does not make a value well-formed: the holder of a role's key can sign any
    text. Every reader of signed targets calls this before it opens a file.

    Args:
        path: Target path.
        hashes: Digests by algorithm.
        length: Size in bytes.
        custom: The signer's additional data, or ``None``.

    Raises:
        DocumentError: If the path leaves its folder, or the digest, the length or a name in
            ``custom`` is malformed.
    """
    if not all(map(_SEGMENT.fullmatch, path.split("/"))):
        raise _malformed(path, repr(path)[:80], "a path of plain names")
    if type(length) is not int or not 0 <= length <= _MOST_BYTES:
        raise _malformed(path, f"length {length!r:.40}", "a number of bytes")
    sha256 = parse_sha256(hashes.get("sha256"), name=f"{path} sha256")
    facts = custom or {}
    if not isinstance(facts, Mapping):
        raise _malformed(path, f"custom {facts!r:.40}", "a mapping")
    for key in ("manifestSha256", "from", "to"):
        if facts.get(key) is not None:
            parse_sha256(facts[key], name=f"{path} {key}")
    for key in ("model", "version"):
        value = facts.get(key)
        if value is not None and not (isinstance(value, str) and _WORD.fullmatch(value)):
            raise _malformed(path, f"{key} {value!r:.80}", "a plain name")
    return sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class _Duties:
    """Keys, and the key ids and threshold of each role."""

    keys: Mapping[str, Any]
    roles: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of_root(cls, root: Mapping[str, Any]) -> _Duties:
        return cls(keys=root["keys"], roles=root["roles"])

    @classmethod
    def of_targets(cls, targets: Mapping[str, Any]) -> _Duties:
        delegations = targets.get("delegations") or {"keys": {}, "roles": []}
        roles = {str(item["name"]): item for item in delegations["roles"]}
        return cls(keys=delegations["keys"], roles=roles)


def _versions(files: Iterable[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name in files:
        match = _NAME.fullmatch(name)
        if match is None:
            raise _broken(name, "another name", "<version>.<role>.json")
        found.setdefault(match[2], []).append(int(match[1]))
    return found


def _root(files: Mapping[str, str], versions: list[int]) -> Mapping[str, Any]:
    if not versions or versions != list(range(1, len(versions) + 1)):
        raise _broken("root", f"versions {versions}", "every version from 1")
    trusted: Mapping[str, Any] = {}
    for version in versions:
        # A new root must be signed by a threshold of the previous root's keys and of its own
        # (TUF 1.0.34, section 5.3.4).
        own = _Duties.of_root(_read(files, "root", version)["signed"])
        for duties in (own, _Duties.of_root(trusted)) if trusted else (own,):
            root = _signed(files, "root", version, duties)
        trusted = root
    return trusted


def _signed(
    files: Mapping[str, str], role: str, version: int, duties: _Duties
) -> Mapping[str, Any]:
    """Return the signed part of a role's metadata after verifying its threshold."""
    name = f"{version}.{role}.json"
    try:
        value = _read(files, role, version)
        duty = duties.roles[role]
        # TUF metadata is signed in OLPC canonical JSON, not in the RFC 8785 form of `canonical`.
        message = (encode_canonical(value["signed"]) or "").encode()
        good = {
            item["keyid"]
            for item in value["signatures"]
            if item["keyid"] in duty["keyids"] and _verifies(duties, item, message)
        }
        threshold = max(1, int(duty["threshold"]))
    except GovernanceError:
        raise
    except Exception as error:  # untrusted bytes can raise anything in the libraries
        raise _broken(name, f"{type(error).__name__}: {error}", "TUF metadata") from error
    if len(good) < threshold:
        raise _broken(name, f"{len(good)} valid signatures", f"{threshold} of its role's keys")
    signed: Mapping[str, Any] = value["signed"]
    return signed


def _verifies(duties: _Duties, signature: Mapping[str, Any], message: bytes) -> bool:
    keyid = str(signature["keyid"])
    try:
        key = Key.from_dict(keyid, dict(duties.keys[keyid]))
        key.verify_signature(Signature(keyid, str(signature["sig"])), message)
    except (UnverifiedSignatureError, VerificationError, KeyError, ValueError):
        return False
    return True


def _read(files: Mapping[str, str], role: str, version: int) -> Any:
    name = f"{version}.{role}.json"
    if name not in files:
        raise _broken(name, "no such file", "the version that the snapshot names")
    value = read_json(files[name], name=name, max_bytes=_LARGEST)
    kind = role if role in {"root", "snapshot"} else "targets"
    signed = value.get("signed") if isinstance(value, dict) else None
    if not isinstance(signed, dict) or (signed.get("_type"), signed.get("version")) != (
        kind,
        version,
    ):
        raise _broken(name, "another type or version", f"{kind}, version {version}")
    return value


def _named(role: str, signed: Mapping[str, Any]) -> list[ReleasedTarget]:
    try:
        return [
            ReleasedTarget(
                role=role,
                path=str(path),
                sha256=check_target(
                    str(path),
                    hashes=item["hashes"],
                    length=item["length"],
                    custom=item.get("custom"),
                ),
                length=item["length"],
                custom=item.get("custom") or {},
            )
            for path, item in sorted(signed["targets"].items())
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DocumentError(
            role,
            got=repr(error),
            expected="targets with sha256",
            next_step="run `mobile-ai release publish` again",
        ) from error
