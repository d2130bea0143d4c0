"""What was released: a pure reader of the signed metadata in ``releases/<stack>/metadata``.

The metadata is that of The Update Framework (1.0.34). Signatures are verified against the chain of
roots, expiry is not looked at: what was released stays released. Publishing and updating devices
is the business of other rooms, which use a TUF library; here is only what a plan needs to know.
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

from .canonical import parse_sha256, sha256_text
from .documents import read_json
from .errors import DocumentError, GovernanceError
from .errors import VerificationError as NotSigned

__all__ = [
    "Named",
    "SignedRelease",
    "check_target",
    "proven_manifests",
    "read_release",
    "served_name",
]

_broken = NotSigned.advising("restore releases/ from the protected branch")

_malformed = DocumentError.advising("release it again with this project's tools")

_NAME: Final = re.compile(r"([1-9][0-9]{0,9})\.([a-z0-9][a-z0-9-]{0,63})\.json")
_LARGEST: Final = 5_000_000  # bytes, what TUF clients accept of a targets role
# File systems end a name at 255 bytes, and serving may put a digest and a dot before it.
_SEGMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,189}")
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,127}")
_MOST_BYTES: Final = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A target that a role has signed for."""

    role: str
    path: str
    sha256: str
    length: int
    custom: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRelease:
    """The newest release of a stack.

    Attributes:
        roles: File names of the roles that the newest snapshot puts together.
        snapshot: File name of the snapshot.
        roots: File names of every root, oldest first.
        targets: What the roles name.
    """

    roles: tuple[str, ...]
    snapshot: str
    roots: tuple[str, ...]
    targets: tuple[Named, ...]

    @property
    def manifests(self) -> frozenset[str]:
        """Digests of the manifests whose artifacts role ``models`` has signed for."""
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
        GovernanceError: If a root is missing, or a file is not signed by who should have.
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
    named: list[Named] = []
    # A role that is delegated to no more stays listed in the snapshot and counts for nothing.
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
    """Return the manifests that a release proves to be released; none if it proves nothing.

    Args:
        files: Metadata files as for ``read_release``.
        root: SHA-256 of the first root that is trusted; empty: none is.
    """
    if not root or sha256_text(files.get("1.root.json", "")) != root:
        return frozenset()
    try:
        release = read_release(files)
    except GovernanceError:
        return frozenset()
    return release.manifests if release else frozenset()


def served_name(path: str, sha256: str) -> str:
    """Return where a target is served, below ``targets/``.

    TUF puts the digest before the file's name (section 6.2.1); a name that has it already is
    left alone.
    """
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name if name.startswith(f'{sha256}.') else f'{sha256}.{name}'}"


def check_target(path: str, *, hashes: Mapping[str, Any], length: Any, custom: Any) -> str:
    """Return a target's SHA-256, after everything in it that becomes a name of a file was checked.

    Signed is not well-formed: whoever has one key of a role may write what he likes there. So every
    reader of signed targets calls this before it touches a file.

    Args:
        path: Target path.
        hashes: Digests by algorithm.
        length: Bytes.
        custom: What the signer says about it, or ``None``.

    Raises:
        DocumentError: If the path leaves its folder, or the digest, the length or a name in
            ``custom`` is not one.
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
    """Which keys must sign for which roles."""

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
        # Signed by the keys of the root before it and by its own (TUF 1.0.34, section 5.3.4).
        own = _Duties.of_root(_read(files, "root", version)["signed"])
        for duties in (own, _Duties.of_root(trusted)) if trusted else (own,):
            root = _signed(files, "root", version, duties)
        trusted = root
    return trusted


def _signed(
    files: Mapping[str, str], role: str, version: int, duties: _Duties
) -> Mapping[str, Any]:
    """Return the signed part of a role's metadata, after its signatures."""
    name = f"{version}.{role}.json"
    try:
        value = _read(files, role, version)
        duty = duties.roles[role]
        message = (encode_canonical(value["signed"]) or "").encode()
        good = {
            item["keyid"]
            for item in value["signatures"]
            if item["keyid"] in duty["keyids"] and _verifies(duties, item, message)
        }
        threshold = max(1, int(duty["threshold"]))
    except GovernanceError:
        raise
    except Exception as error:  # foreign bytes: any shape, any error
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


def _named(role: str, signed: Mapping[str, Any]) -> list[Named]:
    try:
        return [
            Named(
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
            role, got=repr(error), expected="targets with sha256", next_step="publish again"
        ) from error
