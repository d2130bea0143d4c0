"""Resources in the engine's requests to an analyzer (`pulumirpc.Analyzer`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.runtime.proto import analyzer_pb2

from mobile_ai.contracts.engine_values import Interner, decode_struct, sharing
from mobile_ai.contracts.resource import PROVIDERS, ProviderReference, Resource, provider_props


def decode_resource(request: analyzer_pb2.AnalyzeRequest) -> Resource:
    """Return the resource in a request, with its inputs; such a request has no dependencies."""
    parent = request.options.parent or None
    return _resource(request, parent=parent, dependencies={}, share=sharing())


def decode_stack(request: analyzer_pb2.AnalyzeStackRequest) -> list[Resource]:
    """Return the resources in a request, with their outputs."""
    share = sharing()
    return [
        _resource(
            item,
            parent=item.parent or None,
            dependencies={key: tuple(of.urns) for key, of in item.propertyDependencies.items()},
            share=share,
        )
        for item in request.resources
    ]


def _resource(
    message: Any,
    *,
    parent: str | None,
    dependencies: Mapping[str, tuple[str, ...]],
    share: Interner,
) -> Resource:
    props = decode_struct(message.properties, share)
    return Resource(
        type=message.type,
        name=message.name,
        urn=message.urn,
        props=provider_props(props) if message.type.startswith(PROVIDERS) else props,
        provider=_provider(message.provider, share) if message.HasField("provider") else None,
        parent=parent,
        dependencies=dependencies,
        protect=message.options.protect,
    )


def _provider(message: analyzer_pb2.AnalyzerProviderResource, share: Interner) -> ProviderReference:
    props = provider_props(decode_struct(message.properties, share))
    return ProviderReference(type=message.type, name=message.name, props=props)
