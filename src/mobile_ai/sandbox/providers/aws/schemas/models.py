"""Checks properties against botocore's models of the API operations that take them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

from mobile_ai.sandbox.providers.aws.api.arguments import member_for, pair_of
from mobile_ai.sandbox.providers.aws.api.calls import operations_of, takes
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind
from mobile_ai.sandbox.providers.aws.schemas.patterns import compiled
from mobile_ai.sandbox.providers.aws.schemas.place import NamedPlace, TemplatePlace
from mobile_ai.sandbox.providers.values import Special, Unknown, Value, plain

_FIELD: Final = re.compile(r"\{([A-Za-z][A-Za-z0-9]*)\}")
_INDEX: Final = re.compile(r"\[\d+\]")
# Maximum nesting of structures searched for a property.
_DEPTH: Final = 4
_READS: Final = ("describe_", "get_", "head_", "list_")
# Boto3 name of an operation to botocore's model of its input; None where it takes nothing.
Inputs: TypeAlias = Callable[[str, str], Any]
Names: TypeAlias = Mapping[str, NamedPlace]


@dataclass(frozen=True, slots=True)
class Breach:
    """A value that the API's model does not allow.

    Attributes:
        path: Property.
        expected: Constraint of the model.
        shape: The model's name for it.
    """

    path: str
    expected: str
    shape: str


def shapes_of(name: str, kind: Kind, names: Names, inputs: Inputs) -> list[Any]:
    """Return the shapes in which a property is sent: by the table, else by name.

    Args:
        name: The property.
        kind: API operations of its type.
        names: Places in CloudFormation, whose members mostly have the API's names.
        inputs: Returns the model of an operation's input.
    """
    found: list[Any] = []
    for step in (kind.create, *kind.then, *kind.changes, kind.update):
        if isinstance(step, Call):
            shape = inputs(step.service or kind.service, step.operation)
            found += _given(name, step, shape) or _filled(name, step, shape)
    return found or _by_name((name, *_members_of(names.get(name))), kind, inputs)


def breaches(
    value: Value, shape: Any, path: str, covered: set[str], names: Names
) -> Iterator[Breach]:
    """Yield violations of a value's model; unknown values pass.

    Args:
        value: The property's value.
        shape: Botocore's model.
        path: Property path of the value.
        covered: Receives the path of every plain value with a model.
        names: Places in CloudFormation by property path without indexes.
    """
    value = plain(value)
    if isinstance(value, Unknown | Special) or value is None:
        return
    match shape.type_name:
        case "structure":
            yield from _structure(value, shape, path, covered, names)
        case "list":
            yield from _list(value, shape, path, covered, names)
        case "map" if isinstance(value, dict):
            yield from _bounds(len(value), shape, path, "entries")
            for key, item in value.items():
                yield from _scalar(key, shape.key, f"{path}.{key}")
                yield from breaches(item, shape.value, f"{path}.{key}", covered, names)
        case "map":
            return
        case _ if not isinstance(value, dict | list):
            covered.add(path)
            yield from _scalar(value, shape, path)


def _given(name: str, call: Call, shape: Any) -> list[Any]:
    """Return the shapes of the arguments that the table derives from a property."""
    if shape is None:
        return []
    return [
        found
        for member, given in call.give.items()
        if member in shape.members
        for found in _inside(name, given, shape.members[member])
    ]


def _inside(name: str, given: Any, shape: Any) -> Iterator[Any]:
    if isinstance(given, str):
        field = _FIELD.fullmatch(given)
        if field and field[1] == name:
            yield shape
    elif isinstance(given, dict) and shape.type_name == "structure":
        for member, inner in given.items():
            if member in shape.members:
                yield from _inside(name, inner, shape.members[member])
    elif isinstance(given, list) and shape.type_name == "list":
        for inner in given:
            yield from _inside(name, inner, shape.member)


def _filled(name: str, call: Call, shape: Any) -> list[Any]:
    if shape is None or not call.fill or not takes(call, name):
        return []
    member = member_for(name, shape)
    return [shape.members[member]] if member and member not in call.give else []


def _by_name(names: Iterable[str], kind: Kind, inputs: Inputs) -> list[Any]:
    """Return members with one of these names in the operations' inputs, outermost first."""
    structures = [
        shape
        for service, operation in operations_of(kind)
        if not operation.startswith(_READS) and (shape := inputs(service, operation)) is not None
    ]
    for _ in range(_DEPTH):
        for name in names:
            found = [shape.members[at] for shape in structures if (at := member_for(name, shape))]
            if found:
                # Members with one name but different shapes are ambiguous.
                return found if len({shape.name for shape in found}) == 1 else []
        structures = [inner for shape in structures for inner in _structures_in(shape)]
    return []


def _structures_in(shape: Any) -> Iterator[Any]:
    """Yield structures that are members, or items of members, of a structure."""
    for inner in shape.members.values():
        item = inner.member if inner.type_name == "list" else inner
        if item.type_name == "structure":
            yield item


def _members_of(place: Any) -> tuple[str, ...]:
    """Return the last member of a place of the table."""
    path = place.path if isinstance(place, TemplatePlace) else place
    if not path or path == "." or (isinstance(place, TemplatePlace) and place.beside):
        return ()
    return (path.rsplit(".", 1)[-1].removeprefix("/"),)


def _inner(dotted: str, shape: Any, names: Names) -> Any:
    """Return the shape of a structure's member, by the table or by name; None if not found."""
    place = names.get(dotted)
    path = place.path if isinstance(place, TemplatePlace) else place
    if path == ".":
        return shape
    key = dotted.rsplit(".", 1)[-1]
    way = path.removeprefix("/").split(".") if path else [key]
    found = shape
    for member in way:
        found = _stripped(found)
        at = member_for(member, found) if found.type_name == "structure" else None
        if at is None:
            break
        found = found.members[at]
    else:
        return found
    near = [item for name in (key, *_members_of(place)) for item in _nearby(name, shape)]
    return near[0] if near and len({item.name for item in near}) == 1 else None


def _nearby(name: str, shape: Any) -> Iterator[Any]:
    """Yield members with a name in a structure, or in its direct substructures."""
    for structure in (shape, *_structures_in(shape)):
        if at := member_for(name, structure):
            yield structure.members[at]
            return


def _stripped(shape: Any) -> Any:
    return shape.member if shape.type_name == "list" else shape


def _structure(
    value: Value, shape: Any, path: str, covered: set[str], names: Names
) -> Iterator[Breach]:
    if isinstance(value, list) and "Items" in shape.members:
        yield from breaches(value, shape.members["Items"], path, covered, names)
    elif isinstance(value, list) and len(value) == 1:
        yield from breaches(value[0], shape, f"{path}[0]", covered, names)
    elif isinstance(value, dict):
        for key, item in value.items():
            here = f"{path}.{key}"
            inner = _inner(_INDEX.sub("", here), shape, names)
            if inner is not None:
                yield from breaches(item, inner, here, covered, names)


def _list(value: Value, shape: Any, path: str, covered: set[str], names: Names) -> Iterator[Breach]:
    inner = shape.member
    if isinstance(value, dict):
        pair = pair_of(inner.members) if inner.type_name == "structure" else None
        if pair is None:
            yield from breaches(value, inner, path, covered, names)
            return
        for key, item in value.items():
            yield from _scalar(key, inner.members[pair[0]], f"{path}.{key}")
            yield from breaches(item, inner.members[pair[1]], f"{path}.{key}", covered, names)
    elif isinstance(value, list):
        yield from _bounds(len(value), shape, path, "items")
        for index, item in enumerate(value):
            yield from breaches(item, inner, f"{path}[{index}]", covered, names)
    else:
        yield from breaches(value, inner, path, covered, names)


def _scalar(value: Any, shape: Any, path: str) -> Iterator[Breach]:
    kind = shape.type_name
    if kind in {"integer", "long", "float", "double"}:
        number = _number(value)
        if number is not None:
            yield from _bounds(number, shape, path, "")
    elif kind == "string" and not isinstance(value, bool):
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        yield from _text(text, shape, path)


def _text(text: str, shape: Any, path: str) -> Iterator[Breach]:
    if shape.enum and text not in shape.enum:
        yield Breach(path, f"one of {', '.join(shape.enum)}", shape.name)
        return
    yield from _bounds(len(text), shape, path, "characters")
    pattern = shape.metadata.get("pattern")
    matcher = compiled(pattern) if pattern else None
    if matcher is not None and not matcher(text):
        yield Breach(path, f"a text of the form `{pattern}`", shape.name)


def _bounds(size: float, shape: Any, path: str, unit: str) -> Iterator[Breach]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield Breach(path, f"at least {least} {unit}".rstrip(), shape.name)
    if most is not None and size > most:
        yield Breach(path, f"at most {most} {unit}".rstrip(), shape.name)


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


@cache
def service_model(service: str) -> Any:
    """Return botocore's model of a service, by boto3's name."""
    import botocore.loaders  # noqa: PLC0415
    import botocore.model  # noqa: PLC0415

    document = botocore.loaders.Loader().load_service_model(service, "service-2")
    return botocore.model.ServiceModel(document, service)


@cache
def _operations(service: str) -> Mapping[str, str]:
    """Return boto3's name of each operation to the API's."""
    from botocore import xform_name  # noqa: PLC0415

    return {xform_name(name): name for name in service_model(service).operation_names}


@cache
def operation_input(service: str, operation: str) -> Any:
    """Return botocore's model of an operation's input; None if empty or unknown."""
    name = _operations(service).get(operation)
    return service_model(service).operation_model(name).input_shape if name else None
