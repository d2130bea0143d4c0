"""From the engine's protobuf messages to plain values, unknowns and secrets.

The sentinels are Pulumi's own: sdk/go/common/resource/plugin/rpc.go and
sdk/go/common/resource/properties.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pulumi.runtime.proto import analyzer_pb2

from governance.reading import UNKNOWN, Secret
from governance.resource import PROVIDERS, Provider, Resource, provider_props

__all__ = ["decode_resource", "decode_stack", "decode_struct"]

_UNKNOWNS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # text
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # a marker, no secret
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWN_LENGTH: Final = 36

# Returns the first of equal texts. A stack repeats the same keys and tags in every resource;
# one copy of each keeps a large stack near the processor, and its cost in proportion.
_Share = Callable[[str, str], str]


def decode_resource(request: analyzer_pb2.AnalyzeRequest) -> Resource:
    """Return the resource in a request, with its inputs."""
    return _resource(request, parent=request.options.parent or None, share=_sharing())


def decode_stack(request: analyzer_pb2.AnalyzeStackRequest) -> list[Resource]:
    """Return the resources in a request, with their outputs."""
    share = _sharing()
    return [_resource(item, parent=item.parent or None, share=share) for item in request.resources]


def decode_struct(struct: Any) -> dict[str, Any]:
    """Return a protobuf ``Struct`` as plain values, unknowns and secrets."""
    return _fields(struct, _sharing())


def _sharing() -> _Share:
    texts: dict[str, str] = {}
    return texts.setdefault


def _resource(message: Any, *, parent: str | None, share: _Share) -> Resource:
    props = _fields(message.properties, share)
    provider = None
    if message.HasField("provider"):
        own = message.provider
        provider = Provider(
            type=own.type, name=own.name, props=provider_props(_fields(own.properties, share))
        )
    return Resource(
        type=message.type,
        name=message.name,
        urn=message.urn,
        props=provider_props(props) if message.type.startswith(PROVIDERS) else props,
        provider=provider,
        parent=parent,
        dependencies=_dependencies(message),
        protect=message.options.protect,
    )


def _dependencies(message: Any) -> Mapping[str, tuple[str, ...]]:
    if isinstance(message, analyzer_pb2.AnalyzeRequest):
        return {}
    return {key: tuple(value.urns) for key, value in message.propertyDependencies.items()}


def _fields(struct: Any, share: _Share) -> dict[str, Any]:
    return {share(key, key): _value(value, share) for key, value in struct.fields.items()}


def _value(value: Any, share: _Share) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        unknown = len(text) == _UNKNOWN_LENGTH and text in _UNKNOWNS
        return UNKNOWN if unknown else share(text, text)
    if kind == "struct_value":
        result = _fields(value.struct_value, share)
        return _special(result) if _SIGNATURE in result else result
    if kind == "list_value":
        return [_value(item, share) for item in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        return value.number_value
    return None


def _special(value: dict[str, Any]) -> Any:
    signature = value[_SIGNATURE]
    if signature == _SECRET:
        return Secret(value.get("value"))
    if signature == _OUTPUT:
        inner = value.get("value", UNKNOWN)
        return Secret(inner) if value.get("secret") else inner
    return value  # an asset, an archive or a reference: rules read its fields
