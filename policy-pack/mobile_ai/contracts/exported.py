"""Resources in the engine's JSON form: exported states, and the steps of events.

A state is what `pulumi stack export` writes (apitype.DeploymentV3), a step what a
`resourcePreEvent` carries (apitype.StepEventStateMetadata). Both give the `Resource` that an engine
gives to a pack, with two differences: internal properties (`__internal`, `__defaults`) are kept,
which the engine leaves out of requests, and a step has no dependencies, which events do not carry.
Secrets without a plaintext stay hidden: rules see that there is a secret, not which, as in
`pulumi policy analyze --file` without the keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mobile_ai.contracts.engine_values import decode_json
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.resource import (
    PROVIDERS,
    ProviderReference,
    Resource,
    name_of,
    provider_props,
    stack_of,
)

Side = Literal["inputs", "outputs"]
"""Properties of a resource: as declared, or as the provider answered."""
_STAMPS = frozenset({"sequence", "timestamp"})  # of every event, beside its payload


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedState:
    """A deployed state, without what only waits for its deletion.

    Attributes:
        inputs: Every resource with its inputs, each after its parents and dependencies.
        outputs: The same with what the providers answered.
    """

    inputs: tuple[Resource, ...]
    outputs: tuple[Resource, ...]

    @property
    def stacks(self) -> frozenset[str]:
        """The stacks that its resources are of."""
        return frozenset(stack_of(item.urn) for item in self.inputs)


def read_export(export: Any, *, name: str) -> ExportedState:
    """Return the state in an export.

    Args:
        export: The JSON value.
        name: Its name in messages.

    Raises:
        DocumentError: If it is no exported state.
    """
    try:
        # An empty state has no list at all.
        every = export["deployment"].get("resources") or ()
        rows = [row for row in every if not row.get("delete")]
        return ExportedState(
            inputs=tuple(resources_of(rows, "inputs")), outputs=tuple(resources_of(rows, "outputs"))
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DocumentError(
            name,
            got=f"{type(error).__name__}: {error}",
            expected="a state as `pulumi stack export` writes it",
            next_step="export it again with `pulumi stack export`",
        ) from error


def read_event(line: str) -> tuple[str, Any]:
    """Return kind and payload of a line of the engine's event stream.

    Raises:
        ValueError: If the line is no event.
    """
    try:
        value = json.loads(line)
        kind = next(key for key in value if key not in _STAMPS)
        return kind, value[kind]
    except (TypeError, KeyError, StopIteration, RecursionError) as error:
        raise ValueError(line) from error


def resources_of(rows: Iterable[Mapping[str, Any]], side: Side) -> list[Resource]:
    """Return the resources of a state's rows, or of the steps of events.

    Args:
        rows: The JSON values; a provider is found among them.
        side: The properties to take.

    Raises:
        KeyError, TypeError, AttributeError, ValueError: If a row is no resource.
    """
    rows = list(rows)
    providers = {row["urn"]: _provider(row) for row in rows if row["type"].startswith(PROVIDERS)}
    return [
        Resource(
            type=row["type"],
            name=name_of(row["urn"]),
            urn=row["urn"],
            props=_props(row, side),
            # A reference is the provider's URN and its id: `<urn>::<id>`.
            provider=providers.get(str(row.get("provider") or "").rpartition("::")[0]),
            parent=row.get("parent") or None,
            dependencies=_dependencies(row),
            protect=bool(row.get("protect")),
        )
        for row in rows
    ]


def _dependencies(row: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found = row.get("propertyDependencies") or {}
    # Requests leave out a property without any; states list it.
    return {key: tuple(urns) for key, urns in found.items() if urns}


def _provider(row: Mapping[str, Any]) -> ProviderReference:
    return ProviderReference(
        type=row["type"], name=name_of(row["urn"]), props=_props(row, "inputs")
    )


def _props(row: Mapping[str, Any], side: Side) -> dict[str, Any]:
    props = {key: decode_json(value) for key, value in (row.get(side) or {}).items()}
    return provider_props(props) if row["type"].startswith(PROVIDERS) else props
