"""Keys of a role in a trust: which one signs, and whether it may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.signer import Key, Signer

from mobile_ai.contracts.trust import RENEW, Trust
from mobile_ai.signing.errors import SigningError
from mobile_ai.signing.keys import load_signer


def check_key(key: Key, *, role: str, trust: Trust, withdraws: bool = False) -> None:
    """Refuse a key that the trust does not list for a role, before anything is signed.

    Args:
        key: The public key.
        role: The role to sign for.
        trust: The trust.
        withdraws: Whether what is signed only takes something away, which an expired trust lets.

    Raises:
        SigningError: If it is not an active key of the role, or the trust has expired.
    """
    if trust.expired and not withdraws:
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
            next_step=f"sign with a key of role {role} (`mobile-ai trust show`); nothing was "
            f"written",
        )


def signer_from_uri(uri: str, *, role: str, trust: Trust | None = None) -> Signer:
    """Return the signer that a URI names (see ``mobile_ai.signing.keys``).

    Args:
        uri: ``file2:PATH`` (PEM, PKCS #8), ``awskms:KEY``, ``sigstore:`` or another scheme
            of securesystemslib. Schemes that do not expose their public key require ``trust``.
        role: The role to sign for.
        trust: Trust from which the public key of the role is taken.

    Raises:
        SigningError: If the scheme is unknown or the key cannot be loaded.
    """
    return load_signer(uri, public=lambda: _only_key(uri, role, trust))


def valid_signatures(
    signatures: Mapping[str, Any], envelope: Envelope, role: str, trust: Trust
) -> dict[str, Any]:
    """Return the signatures of active keys of a role that verify."""
    probe = Envelope(envelope.payload, envelope.payload_type, dict(signatures))
    found = {}
    for keyid in trust.roles[role].keyids & set(signatures):
        item = trust.keys[keyid]
        try:
            item.key.verify_signature(signatures[keyid], probe.pae())
        except Exception:  # noqa: BLE001, S112  whatever does not verify is no signature
            continue
        if item.state == "active":
            found[keyid] = signatures[keyid]
    return found


def _only_key(uri: str, role: str, trust: Trust | None) -> Key:
    keys = _active_keys(role, trust)
    if len(keys) != 1:
        raise SigningError(
            f"signer {uri}",
            got=f"{len(keys)} active key{'s' * (len(keys) != 1)} of role {role} in the trust file",
            expected="exactly one, since this scheme does not expose its public key",
            next_step="add the key to the trust file first, or use file2: or awskms:",
        )
    return keys[0]


def _active_keys(role: str, trust: Trust | None) -> list[Key]:
    if trust is None or role not in trust.roles:
        return []
    items = [trust.keys[keyid] for keyid in sorted(trust.roles[role].keyids)]
    return [item.key for item in items if item.state == "active"]
