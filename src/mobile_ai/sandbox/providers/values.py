"""Property values of the engine: decode, encode, unknowns and secrets.

The engine carries properties in protobuf ``Struct`` messages and marks values that JSON cannot
express with sentinel strings and signature keys (``sdk/go/common/resource/properties.go`` and
``plugin/rpc.go`` of pulumi/pulumi).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from google.protobuf import struct_pb2

_UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS: Final = frozenset(
    {
        _UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_HIDDEN: Final = "1b47061264138c4ac30d75fd1eb44270"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_KINDS: Final = {
    "c44067f5952c0a294b673a41bacd8c17": "asset",
    "0def7320c3a5731c473e5ecbe6d01bc7": "archive",
    "5cf8f73096256a8f31e491e813e4eb8e": "resource",
}


class Unknown(Enum):
    """Singleton that represents a value known only after the operation."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        """Return a short text for failure messages of tests."""
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class SecretValue:
    """A value that the engine must encrypt in the state and hide in its output."""

    value: Value


@dataclass(frozen=True, slots=True)
class Special:
    """An asset, an archive or a resource reference, passed through unchanged."""

    kind: str
    fields: Mapping[str, Value]


Value: TypeAlias = (
    "bool | float | str | Unknown | SecretValue | Special | list[Value] | dict[str, Value] | None"
)
Properties: TypeAlias = dict[str, Value]


def decode(message: struct_pb2.Struct) -> Properties:
    """Return a protobuf struct as properties, without null members of objects."""
    return {
        key: value
        for key, item in message.fields.items()
        if (value := _decode_value(item)) is not None
    }


def encode(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """Return properties as the protobuf struct that the engine reads."""
    message = struct_pb2.Struct()
    for key, value in properties.items():
        _encode_into(message.fields[key], value)
    return message


def plain(value: Value) -> Value:
    """Return the value without its secret wrapper (one level; nested ones remain)."""
    while isinstance(value, SecretValue):
        value = value.value
    return value


def contains_unknown(value: Value) -> bool:
    """Return whether the value contains an unknown."""
    match plain(value):
        case Unknown():
            return True
        case list() as items:
            return any(contains_unknown(item) for item in items)
        case dict() as items:
            return any(contains_unknown(item) for item in items.values())
        case _:
            return False


def contains_secret(value: Value) -> bool:
    """Return whether the value is or contains a secret."""
    match value:
        case SecretValue():
            return True
        case list() as items:
            return any(contains_secret(item) for item in items)
        case dict() as items:
            return any(contains_secret(item) for item in items.values())
        case _:
            return False


def _decode_value(item: struct_pb2.Value) -> Value:
    kind = item.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if item.string_value in _UNKNOWNS else item.string_value
    if kind == "struct_value":
        fields = item.struct_value.fields
        return _decode_signed(fields) if _SIGNATURE in fields else decode(item.struct_value)
    if kind == "list_value":
        return [_decode_value(entry) for entry in item.list_value.values]
    if kind == "number_value":
        return item.number_value
    return item.bool_value if kind == "bool_value" else None


def _decode_signed(fields: Mapping[str, struct_pb2.Value]) -> Value:
    signature = fields[_SIGNATURE].string_value
    if signature == _HIDDEN:
        return SecretValue(_decode_value(fields["value"]))
    if signature == _OUTPUT:
        value = _decode_value(fields["value"]) if "value" in fields else UNKNOWN
        hidden = "secret" in fields and fields["secret"].bool_value
        return SecretValue(value) if hidden else value
    rest = {key: _decode_value(item) for key, item in fields.items()}
    return Special(_KINDS.get(signature, signature), rest)


def _encode_into(target: struct_pb2.Value, value: Value) -> None:
    match value:
        case None:
            target.null_value = struct_pb2.NULL_VALUE
        case bool():
            target.bool_value = value
        case str():
            target.string_value = value
        case int() | float():
            target.number_value = value
        case Unknown():
            target.string_value = _UNKNOWN_STRING
        case _:
            _encode_nested(target, value)


def _encode_nested(
    target: struct_pb2.Value, value: list[Value] | dict[str, Value] | SecretValue | Special
) -> None:
    match value:
        case list():
            target.list_value.SetInParent()
            for entry in value:
                _encode_into(target.list_value.values.add(), entry)
        case SecretValue():
            _encode_object(target, {_SIGNATURE: _HIDDEN, "value": value.value})
        case Special():
            _encode_object(target, value.fields)
        case dict():
            _encode_object(target, value)


def _encode_object(target: struct_pb2.Value, value: Mapping[str, Value]) -> None:
    target.struct_value.SetInParent()
    for key, item in value.items():
        _encode_into(target.struct_value.fields[key], item)
