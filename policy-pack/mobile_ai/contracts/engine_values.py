"""Values as the Pulumi engine writes them, decoded to plain values, unknowns and secrets.

The engine has two forms. JSON is that of exported states and events (`SerializePropertyValue` in
pkg/resource/stack/deployment.go of pulumi/pulumi): a secret is a `ciphertext`, or a `plaintext`
under `--show-secrets`. A protobuf `Struct` is that of requests (`MarshalPropertyValue` in
sdk/go/common/resource/plugin/rpc.go): a secret is its `value`. Both mark what JSON cannot express
with the sentinels below, from sdk/go/common/resource/sig/sig.go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from mobile_ai.contracts.reading import UNKNOWN, Secret

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"  # the key that makes a mapping special
"""Key of a mapping that the engine gives a special meaning; its value is one of the markers."""
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # a marker, no secret
"""Marker of a secret value."""
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
"""Marker of an output value."""
REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
"""Marker of a reference to a resource."""
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
"""Marker of an asset."""
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
"""Marker of an archive."""
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Text that stands for an unknown string."""
UNKNOWNS: Final = frozenset(
    {
        UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
"""Texts that stand for unknown values, of every type."""
_UNKNOWN_LENGTH: Final = len(UNKNOWN_TEXT)
_REDACTED: Final = "[secret]"  # what the engine puts where it has no key to decrypt

# Returns the first of equal texts. A stack repeats the same keys and tags in every resource;
# one copy of each keeps a large stack near the processor, and its cost in proportion.
Interner = Callable[[str, str], str]
"""Returns the first of equal texts, so that a large stack holds one copy of each."""


def decode_json(value: Any) -> Any:
    """Return a value in its JSON form, decoded at every depth.

    >>> decode_json({"url": [UNKNOWN_TEXT], "key": {SIGNATURE: SECRET, "ciphertext": "v1:..."}})
    {'url': [unknown], 'key': [secret]}

    Raises:
        ValueError: If the plaintext of a secret is no JSON.
    """
    if isinstance(value, str):
        return UNKNOWN if _is_unknown(value) else value
    if isinstance(value, dict):
        return _special({key: decode_json(item) for key, item in value.items()})
    if isinstance(value, list):
        return [decode_json(item) for item in value]
    return value


def decode_struct(struct: Any, share: Interner | None = None) -> dict[str, Any]:
    """Return a protobuf ``Struct`` decoded at every depth.

    Args:
        struct: The message.
        share: Keeps one copy of equal texts over several messages (see `sharing`).
    """
    return _fields(struct, share or sharing())


def sharing() -> Interner:
    """Return a function that keeps one copy of equal texts."""
    texts: dict[str, str] = {}
    return texts.setdefault


def shown_value(value: Any) -> Any:
    """Return a decoded value as people may see it, as JSON.

    >>> shown({"url": UNKNOWN, "keys": [Secret("k")]})
    {'url': '[unknown]', 'keys': ['[secret]']}
    """
    if value is UNKNOWN:
        return "[unknown]"
    if isinstance(value, Secret):
        return _REDACTED
    if isinstance(value, Mapping):
        return {key: shown_value(item) for key, item in value.items()}
    return [shown_value(item) for item in value] if isinstance(value, list) else value


def _fields(struct: Any, share: Interner) -> dict[str, Any]:
    return {share(key, key): _value(value, share) for key, value in struct.fields.items()}


def _value(value: Any, share: Interner) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if _is_unknown(text) else share(text, text)
    if kind == "struct_value":
        return _special(_fields(value.struct_value, share))
    if kind == "list_value":
        return [_value(item, share) for item in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    return value.number_value if kind == "number_value" else None


def _is_unknown(text: str) -> bool:
    return len(text) == _UNKNOWN_LENGTH and text in UNKNOWNS


def _special(fields: dict[str, Any]) -> Any:
    if SIGNATURE not in fields:
        return fields
    signature = fields[SIGNATURE]
    if signature == SECRET:
        return _secret(fields)
    if signature == OUTPUT:
        inner = fields.get("value", UNKNOWN)
        return Secret(inner) if fields.get("secret") else inner
    if signature == REFERENCE:
        return _referred(fields)
    return fields  # an asset or an archive: rules read its fields


def _secret(fields: Mapping[str, Any]) -> Secret:
    if "plaintext" in fields:
        return Secret(decode_json(json.loads(fields["plaintext"])))
    return Secret(_REDACTED if "ciphertext" in fields else fields.get("value"))


def _referred(fields: Mapping[str, Any]) -> Any:
    # Requests carry a reference as its id, that of a component as its URN, since the engine does
    # not set KeepResources for analyzers. An empty id is one that is not known yet.
    identity = fields.get("id")
    return fields.get("urn") if identity is None else identity or UNKNOWN
